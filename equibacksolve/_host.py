"""What runs on the host inside compiled code: one thread of linear algebra at a time."""

import functools
from contextlib import AbstractContextManager

import threadpoolctl


def one_thread() -> AbstractContextManager:
    """A context in which NumPy and SciPy start no threads of their own.

    From matrices of 24 rows on, OpenBLAS starts some. They spin against those of XLA for the same cores: on two cores,
    sparse factors of 32 x 32 sites took ten times as long.
    """
    return _controller().limit(limits=1, user_api="blas")


@functools.cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
