"""The host: functions of NumPy inside compiled code, its cores, and one thread of linear algebra at a time."""

import functools
import itertools
import math
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import jax
import jax.numpy as jnp
import numpy as np
import threadpoolctl
from jaxtyping import Array, Shaped

Numbers = Shaped[Array, "..."]

PIECE = 64 * 1024
"""Bytes that are handed over at a time. XLA's CPU client copies up to 100 KiB at once, and more in a thread."""


def on_host(function: Callable, shapes: Sequence[jax.ShapeDtypeStruct], *arrays: Numbers) -> tuple[Numbers, ...]:
    """The results of a function of NumPy arrays, in compiled code. They have the `shapes` that are told.

    Under `jax.vmap` all arrays get an axis in front: of the batch, or of length 1 for what the batch shares. Results
    are broadcast to the axes of the batch.

    JAX hands over the arguments of a callback as copies. A large copy is made by a thread of XLA's pool, and the
    callback waits for it. Where the pool has one thread, that thread runs the callback: nothing ever moves. The same
    happens on two cores if two computations call back at a time. So large arrays are handed over in pieces.
    """

    @jax.custom_batching.custom_vmap
    def call(*arrays):
        split, known = [_pieces(array) for array in arrays], [array.shape for array in arrays]

        def joined(*parts):
            parts = iter([np.asarray(part) for part in parts])
            whole = [np.concatenate([next(parts) for _ in of]).reshape(shape) for of, shape in zip(split, known)]
            found = function(*whole)
            return tuple(np.broadcast_to(one, s.shape).astype(s.dtype) for one, s in zip(found, shapes))

        return jax.pure_callback(joined, tuple(shapes), *itertools.chain(*split))

    @call.def_vmap
    def _(size, batched, *arrays):
        spread = [array if is_batched else array[None] for array, is_batched in zip(arrays, batched)]
        more = [jax.ShapeDtypeStruct((size, *shape.shape), shape.dtype) for shape in shapes]
        return on_host(function, more, *spread), (True,) * len(more)

    return call(*arrays)


def _pieces(array: Numbers) -> list[Numbers]:
    flat = jnp.ravel(array)
    size = PIECE // flat.dtype.itemsize
    return [flat[start : start + size] for start in range(0, max(1, math.prod(array.shape)), size)]


def usable_cores() -> int:
    """Cores that this process may use: those of its affinity mask, where the system has one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> AbstractContextManager:
    """A context in which NumPy and SciPy start no threads of their own.

    From matrices of 24 rows on, OpenBLAS starts some. They spin against those of XLA for the same cores: on two cores,
    sparse factors of 32 x 32 sites took ten times as long.
    """
    return _controller().limit(limits=1, user_api="blas")


@functools.cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
