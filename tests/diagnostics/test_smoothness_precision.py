"""The smoothness prior as a matrix: the closed form of a leaf in one dimension, and what it leaves alone."""

import jax.numpy as jnp
import numpy as np
import scipy.fft
from toys import DECAYS, Decays

from equibacksolve.diagnostics import smoothness_precision


def test_its_cosines_are_held_by_their_wavenumbers():
    rate = np.random.default_rng(0).normal(size=6)
    matrix = smoothness_precision(Decays(DECAYS.height, jnp.asarray(rate)), where=lambda s: s.rate, length=1.5)
    basis = scipy.fft.dct(np.eye(6), axis=0, norm="ortho")  # rows are cosines
    held = (1 + (1.5 * np.pi * np.arange(6) / 6) ** 2)[:, None] * basis
    height_squared = np.mean((held @ (rate - rate.mean())) ** 2)
    np.testing.assert_allclose(matrix, held.T @ held / height_squared, rtol=1e-10, atol=1e-9)


def test_single_numbers_get_none():
    single = Decays(jnp.asarray(1.0), jnp.asarray(2.0))
    np.testing.assert_array_equal(smoothness_precision(single, where=lambda s: s.rate), np.zeros((1, 1)))
