"""Independent computations at the same time, each in a thread: XLA leaves the lock of Python while it computes."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import jax
import jax.numpy as jnp

Result = TypeVar("Result")


def usable_cores() -> int:
    """Cores that this process may use: those of its affinity mask, where the system has one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(calls: Sequence[Callable[[], Result]], at_once: bool = True) -> list[Result]:
    """The results of all calls, in their order; one after the other, in this thread, unless they go on `at_once`.

    They take turns, too, where a mesh of devices is set: other threads do not know of it, and the processes of a mesh
    must all compute the same things in the same order.
    """
    if not jax.sharding.get_mesh().empty:
        return [call() for call in calls]
    # What the caller set for this thread alone ("with jax.enable_x64():") holds for its helpers. It is said in this
    # thread as well, for JAX compiles anew for settings of another origin.
    number = jnp.zeros(())
    x64, device = number.dtype == jnp.float64, number.device

    def alike(call):
        with jax.enable_x64(x64), jax.default_device(device):
            return call()

    if not at_once or len(calls) < 2:
        return [alike(call) for call in calls]
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(alike, calls))
