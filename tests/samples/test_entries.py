"""Entries between sites that have several orbitals."""

import numpy as np
import pytest

import equibacksolve as ebs


def dense(entries, size, flux=0.0):
    found = np.zeros((size, size), complex)
    np.add.at(found, (np.asarray(entries.row), np.asarray(entries.column)), entries.known_at(flux))
    return found


def test_blocks_are_a_kronecker_product():
    random = np.random.default_rng(0)
    block = random.normal(size=(2, 2)) + 1j * random.normal(size=(2, 2))
    sites = random.normal(size=(4, 4))
    row, column = np.nonzero(sites)
    found = ebs.samples.Entries.of_blocks(row, column, sites[row, column][:, None, None] * block, np.full(16, 0.3))
    np.testing.assert_allclose(dense(found, 8), np.kron(sites, block), rtol=0, atol=1e-15)
    phase = np.exp(2j * np.pi * 0.2 * 0.3)
    np.testing.assert_allclose(dense(found, 8, 0.2), np.kron(sites, block) * phase, rtol=0, atol=1e-14)
    # One block for all.
    same = ebs.samples.Entries.of_blocks([0, 2], [1, 2], block)
    pattern = np.zeros((3, 3))
    pattern[[0, 2], [1, 2]] = 1
    np.testing.assert_allclose(dense(same, 6), np.kron(pattern, block), rtol=0, atol=1e-15)
    assert same.area is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([0, 1], [1, 0], np.ones(2)), "give a matrix for each entry"),
        (([0, 1], [1, 0], np.ones((2, 2, 3))), "give a matrix for each entry"),
        (([0, 1], [1, 0], np.ones((3, 2, 2))), "got 2 rows, 2 columns and blocks"),
        (([0, 1], [1], np.ones((2, 2))), "got 2 rows, 1 columns"),
        (([0, -1], [1, 0], np.ones((2, 2))), "row holds -1; count from 0"),
        (([0, 1], [1, 0], np.ones((2, 2)), [0.0]), "lists of the same length"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        ebs.samples.Entries.of_blocks(*arguments)
