"""The prior of the search, as a matrix: the closed form of a leaf in one dimension, and where there is none."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
from toys import DECAYS, Decays, rate

from equibacksolve.diagnostics import search_precision


def test_cosines_are_held_by_their_wavenumbers():
    rates = np.random.default_rng(0).normal(size=6)
    matrix = search_precision(Decays(DECAYS.height, jnp.asarray(rates)), where=rate)
    basis = scipy.fft.dct(np.eye(6), axis=0, norm="ortho")  # rows are cosines
    held = (1 + (np.pi * np.arange(6) / 6) ** 2)[:, None] * basis
    height_squared = np.mean((held @ (rates - rates.mean())) ** 2)
    np.testing.assert_allclose(matrix, held.T @ held / height_squared, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("rates", [2.0, np.ones(3)], ids=["single number", "flat"])
def test_there_may_be_none(rates):
    assert search_precision(Decays(DECAYS.height, jnp.asarray(rates)), where=rate) == 0.0
