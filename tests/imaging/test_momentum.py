"""The momentum-space image (eq. 17): closed forms, what it cannot see, and a gradient that is finite everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equibacksolve import imaging

BOX, PIXELS, WIDTH = 8.0, 48, 0.6
ATOMS = jax.random.uniform(jax.random.key(0), (6, 2), minval=0.0, maxval=BOX)


@jax.jit
def periodic_image(positions):
    return imaging.momentum_image(imaging.real_space_image(positions, WIDTH, BOX, PIXELS, periodic=True), BOX)


def test_one_atom_gives_the_transform_of_the_gaussian():
    """|fft2 r| = 2 pi w^2 (M / L)^2 exp(-k^2 w^2 / 2), at momenta 2 pi n / L."""
    k = imaging.momenta(BOX, PIXELS)
    np.testing.assert_allclose(k[:3], 2 * np.pi / BOX * np.arange(3), rtol=1e-15)
    squared = k[:, None] ** 2 + k[None, :] ** 2
    modulus = 2 * np.pi * WIDTH**2 * (PIXELS / BOX) ** 2 * jnp.exp(-squared * WIDTH**2 / 2)
    expected = BOX * jnp.log1p(modulus / (PIXELS / 2) ** 2)
    # The grid folds back what lies beyond its edge, exp(-(pi M w / L)^2 / 2) = exp(-64), and rounds 48^2 terms.
    np.testing.assert_allclose(periodic_image(ATOMS[:1]), expected, rtol=0, atol=1e-13)


def test_zero_momentum_counts_the_atoms():
    total = (jnp.exp(periodic_image(ATOMS)[0, 0] / BOX) - 1) * (PIXELS / 2) ** 2
    assert float(total / (2 * np.pi * WIDTH**2 * (PIXELS / BOX) ** 2)) == pytest.approx(6, rel=1e-12)


def test_it_is_the_formula_of_the_paper():
    image = jax.random.uniform(jax.random.key(1), (20, 20))
    expected = BOX * jnp.log(jnp.abs(jnp.fft.fft2(image)) / 10**2 + 1)
    np.testing.assert_allclose(imaging.momentum_image(image, BOX), expected, rtol=0, atol=1e-13)


@given(shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)))
def test_translation_leaves_no_trace(shift):
    # Aliasing at exp(-64) and rounding are all that the position on the grid can change.
    np.testing.assert_allclose(periodic_image(ATOMS + jnp.array(shift)), periodic_image(ATOMS), rtol=0, atol=1e-12)


def test_inversion_leaves_no_trace():
    np.testing.assert_allclose(periodic_image(BOX - ATOMS), periodic_image(ATOMS), rtol=0, atol=1e-12)


def test_a_mirror_or_another_structure_does():
    mirrored = ATOMS.at[:, 0].set(BOX - ATOMS[:, 0])
    assert float(jnp.max(jnp.abs(periodic_image(mirrored) - periodic_image(ATOMS)))) > 0.1


def test_the_gradient_is_finite_where_the_strength_vanishes():
    """Two atoms half a box apart cancel exactly on every odd momentum; an empty image cancels everywhere."""
    image = jnp.zeros((8, 8)).at[0, 0].set(1.0).at[4, 0].set(1.0)
    assert float(jnp.min(jnp.abs(jnp.fft.fft2(image)))) == 0.0
    for at in (image, jnp.zeros((8, 8))):
        gradient = jax.grad(lambda r: jnp.sum(imaging.momentum_image(r, BOX)))(at)
        assert bool(jnp.all(jnp.isfinite(gradient)))
    hessian = jax.hessian(lambda r: jnp.sum(imaging.momentum_image(r, BOX)))(image)
    assert bool(jnp.all(jnp.isfinite(hessian)))
