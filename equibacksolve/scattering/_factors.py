"""Factors of sparse matrices, each made, used and freed by one thread.

SciPy frees the memory of a SuperLU factor in the thread that made it alone. In any other thread the memory stays, and
nobody is told: the module looks each piece up in a table of its thread. JAX calls back from threads of its own choice.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Complex
from scipy.sparse.linalg import SuperLU, splu

from equibacksolve._host import one_thread, usable_cores

MOST = 8
"""Factors that a thread remembers, so that a derivative finds those of its states."""

COLUMNS_AT_ONCE = 16
"""Columns that SuperLU solves for together: more of them leave the cache."""

Columns = Complex[np.ndarray, "orbitals columns"]


class _Thread:
    """A thread, and the latest factors that it has made, by the numbers of their matrices."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="factors")
        self.found: dict[bytes, SuperLU] = {}

    def solved(self, key: bytes, matrix: sparse.csc_matrix, right: Columns, kind: str) -> Columns:
        """To be called in the thread."""
        with one_thread():
            factor = self.found.pop(key, None) or splu(matrix, permc_spec="COLAMD")
            self.found[key] = factor
            while len(self.found) > MOST:
                del self.found[next(iter(self.found))]
            pieces = [right[:, start : start + COLUMNS_AT_ONCE] for start in range(0, right.shape[1], COLUMNS_AT_ONCE)]
            solved = [factor.solve(np.asfortranarray(piece), trans=kind) for piece in pieces]
        return np.concatenate(solved, axis=1) if solved else np.zeros_like(right)


_THREADS: list[_Thread] = []


def _threads() -> list[_Thread]:
    if not _THREADS:
        _THREADS.extend(_Thread() for _ in range(min(8, usable_cores())))
    return _THREADS


# A child process has none of its parent's threads.
os.register_at_fork(after_in_child=_THREADS.clear)


def solve(matrix: sparse.csc_matrix, right: Columns, kind: str) -> Columns:
    """A^-1 B (`kind` "N") or A^-† B ("H"); NaN where A is exactly singular. B's columns of zeros are not solved for."""
    key = matrix.data.tobytes()
    threads = _threads()
    mine = threads[hash(key) % len(threads)]
    found = np.zeros_like(right)
    # Closed channels are columns of zeros.
    some = np.flatnonzero(np.any(right != 0, axis=0))
    try:
        found[:, some] = mine.thread.submit(mine.solved, key, matrix, right[:, some], kind).result()
    except RuntimeError:  # exactly singular
        found[:] = np.nan
    return found
