"""Independent computations at the same time, each in a thread: XLA leaves the lock of Python while it computes."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import jax
import jax.numpy as jnp

Result = TypeVar("Result")


def in_threads(calls: Sequence[Callable[[], Result]], at_once: bool = True) -> list[Result]:
    """The results of all calls, in their order; one after the other, in this thread, unless they go on `at_once`.

    Then the first goes on in this thread, and each of the others in one of its own. They take turns, too, where a mesh
    of devices is set: other threads do not know of it, and the processes of a mesh must all compute the same things in
    the same order.
    """
    if not at_once or len(calls) < 2 or not jax.sharding.get_mesh().empty:
        return [call() for call in calls]
    caller, (mine, *others) = _settings(), calls
    with ThreadPoolExecutor(len(others)) as threads:
        theirs = [threads.submit(_as_under, caller, call) for call in others]
        return [mine(), *(result.result() for result in theirs)]


def _as_under(settings, call):
    """What the caller set for its thread alone ("with jax.enable_x64():") holds for its helpers.

    It is set where it differs from what the helper has, and nowhere else: for settings of another origin, JAX compiles
    anew what the caller's thread has compiled already.
    """
    (x64, device), (x64_here, device_here) = settings, _settings()
    with contextlib.ExitStack() as here:
        if x64 != x64_here:
            here.enter_context(jax.enable_x64(x64))
        if device != device_here:
            here.enter_context(jax.default_device(device))
        return call()


def _settings():
    """Precision and device of a new number in this thread."""
    number = jnp.zeros(())
    return number.dtype == jnp.float64, number.device
