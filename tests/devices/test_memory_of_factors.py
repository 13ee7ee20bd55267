"""SciPy frees a sparse factor in the thread that made it alone: whoever asks, the memory of old factors comes back."""

import pathlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sparse

from equibacksolve.scattering._factors import solve

SIDE, MATRICES = 30, 240
STATM = pathlib.Path("/proc/self/statm")


def megabytes():
    return int(STATM.read_text().split()[1]) * 4096 / 2**20


@pytest.mark.skipif(not STATM.exists(), reason="the system does not tell how much memory a process has")
def test_old_factors_are_freed_whatever_thread_asks():
    line = sparse.diags([np.ones(SIDE - 1)] * 2, [-1, 1])
    square = sparse.kron(line, sparse.eye(SIDE)) + sparse.kron(sparse.eye(SIDE), line)
    random = np.random.default_rng(0)
    right = random.normal(size=(SIDE**2, 2)) + 0j

    def solved(number):
        onsite = np.random.default_rng(number).uniform(-1, 1, SIDE**2) + 0.3j
        matrix = (square + sparse.diags(onsite)).tocsc()
        return np.abs(matrix @ solve(matrix, right, "N") - right).max()

    with ThreadPoolExecutor(3) as callers:
        list(callers.map(solved, range(60)))
        before = megabytes()
        assert max(callers.map(solved, range(60, 60 + MATRICES))) < 1e-10
        # A factor is 0.6 MB: 140 MB if all stayed.
        assert megabytes() - before < 40


def test_an_adjoint_and_a_singular_matrix():
    random = np.random.default_rng(1)
    matrix = sparse.csc_matrix(random.normal(size=(5, 5)) + 1j * random.normal(size=(5, 5)))
    right = random.normal(size=(5, 3)) + 0j
    right[:, 1] = 0
    np.testing.assert_allclose(matrix.conj().T @ solve(matrix, right, "H"), right, atol=1e-12)
    assert np.all(np.isnan(solve(sparse.csc_matrix(np.ones((5, 5)) + 0j), right, "N")))
