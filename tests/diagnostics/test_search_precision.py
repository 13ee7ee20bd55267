"""The prior of the search, as a matrix: the closed form of a leaf in one dimension, and where there is none."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
from jaxtyping import Array
from toys import Line, LineOfSites, coefficients

import equibacksolve as ebs
from equibacksolve.diagnostics import search_precision


def test_cosines_are_held_by_their_wavenumbers():
    sites = np.random.default_rng(0).normal(size=6)
    matrix = search_precision(LineOfSites(jnp.asarray(sites), jnp.eye(6)), where=coefficients)
    basis = scipy.fft.dct(np.eye(6), axis=0, norm="ortho")  # rows are cosines
    held = (1 + (np.pi * np.arange(6) / 6) ** 2)[:, None] * basis
    height_squared = np.mean((held @ (sites - sites.mean())) ** 2)
    np.testing.assert_allclose(matrix, held.T @ held / height_squared, rtol=1e-10, atol=1e-9)


class Two(ebs.AbstractSimulator):
    """Two maps in different units."""

    high: Array
    low: Array

    def predict(self):
        return jnp.concatenate([self.high.ravel(), self.low.ravel()])


def test_each_map_has_a_height_of_its_own():
    high, low = np.random.default_rng(1).normal(size=(2, 3, 2))
    one_by_one = [
        search_precision(Two(jnp.asarray(a), jnp.ones(1)), where=lambda s: s.high) for a in (high, 1e-9 * low)
    ]
    both = search_precision(Two(jnp.asarray(high), jnp.asarray(1e-9 * low)), where=lambda s: (s.high, s.low))
    np.testing.assert_allclose(both, scipy.linalg.block_diag(*one_by_one), rtol=1e-10)


@pytest.mark.parametrize("sites", [np.array(2.0), np.ones((3, 1)), np.arange(3.0)], ids=["number", "flat", "vector"])
def test_there_may_be_none(sites):
    assert search_precision(Line(jnp.asarray(sites), jnp.eye(3)), where=coefficients) == 0.0
