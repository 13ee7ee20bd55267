"""Smoothing: a blur that keeps constants, and does not care how the points were written down."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.inverse._residual_transforms import _gaussian_kernel

FLUX, ENERGY = jnp.linspace(0, 0.15, 5), jnp.linspace(-1, 1, 4)
MESH = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=jnp.zeros((5, 4)))
POINTS = ebs.Observations(MESH.values, **MESH.variables)
NO_SETTINGS = ebs.Observations(jnp.zeros(20))


@eqx.filter_jit
def columns(blur, observed):
    return jax.lax.map(lambda e: blur(observed, e), jnp.eye(20)).T


def matrix(observed, width) -> np.ndarray:
    """K, column by column: the blur of each unit vector."""
    return np.asarray(columns(ebs.inverse.Smoothing(jnp.asarray(width)), observed))


@pytest.mark.parametrize("observed", [MESH, POINTS])
@pytest.mark.parametrize("width", [0.05, 0.3])
def test_rows_sum_to_one_and_weigh_by_a_gaussian(observed, width):
    kernel = matrix(observed, width)
    np.testing.assert_allclose(kernel.sum(axis=1), 1, rtol=1e-14)  # rounding of 20 terms
    # Data (i, j) and (k, l) of the mesh are (i - k) / 4 and (j - l) / 3 of the ranges apart.
    i, j = np.divmod(np.arange(20), 4)
    apart = ((i[:, None] - i) / 4) ** 2 + ((j[:, None] - j) / 3) ** 2
    gaussian = np.exp(-apart / (2 * width**2))
    np.testing.assert_allclose(kernel, gaussian / gaussian.sum(axis=1, keepdims=True), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("observed", [MESH, POINTS])
def test_width_zero_changes_nothing(observed):
    np.testing.assert_array_equal(matrix(observed, 0.0), np.eye(20))


def test_the_units_of_the_settings_do_not_matter():
    other = ebs.Observations(MESH.values, flux=1e3 * MESH.variables["flux"] - 7, energy=-MESH.variables["energy"])
    np.testing.assert_allclose(matrix(other, 0.2), matrix(POINTS, 0.2), rtol=1e-10)  # cancellation of 7 against 150


def test_data_without_settings_stay_as_they_are():
    np.testing.assert_array_equal(matrix(NO_SETTINGS, 0.3), np.eye(20))


def test_a_setting_that_does_not_vary_blurs_nothing_more():
    constant = ebs.Observations(MESH.values, **MESH.variables, temperature=jnp.full(20, 4.2))
    np.testing.assert_allclose(matrix(constant, 0.2), matrix(POINTS, 0.2), rtol=1e-14)


def test_transforms_compose_from_left_to_right():
    a, b = ebs.inverse.Smoothing(jnp.asarray(0.1)), ebs.inverse.Smoothing(jnp.asarray(0.4))
    r = jnp.sin(jnp.arange(20.0))
    np.testing.assert_array_equal(ebs.inverse.Composed((a, b))(MESH, r), b(MESH, a(MESH, r)))


def test_a_kernel_of_no_width_is_finite():
    """Where a map of many stages computes both sides of a choice, a NaN on the other side would spoil derivatives."""
    for width in (0.0, 0.3):
        kernel, slope = jax.jvp(lambda w: _gaussian_kernel(FLUX[:, None], w), (width,), (1.0,))
        assert np.isfinite(kernel).all()
        assert np.isfinite(slope).all()
