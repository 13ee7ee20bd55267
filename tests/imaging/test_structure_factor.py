"""The structure factor: lattices, single atoms, and its relation to the momentum image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging

BOX = 12.0


def test_a_square_lattice_has_bragg_peaks_and_nothing_else():
    grid = jnp.arange(6) * 2.0
    positions = jnp.stack(jnp.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    wavevectors = imaging.box_wavevectors(BOX, 7.0)
    order = np.asarray(wavevectors) * 2.0 / (2 * np.pi)
    on_peak = np.all(np.abs(order - np.round(order)) < 1e-9, axis=1)
    assert on_peak.sum() > 4
    # Phases up to 7 * 12 rounded to 1e-14, times 36 atoms squared over 36.
    np.testing.assert_allclose(
        imaging.structure_factor(positions, wavevectors), np.where(on_peak, 36.0, 0.0), atol=1e-11
    )


def test_one_atom_scatters_alike_everywhere():
    values = imaging.structure_factor(jnp.array([[3.0, 1.0]]), imaging.box_wavevectors(BOX, 3.0))
    np.testing.assert_allclose(values, 1.0, rtol=1e-14)


def test_two_atoms_interfere():
    positions = jnp.array([[1.0, 2.0], [2.5, 2.25]])
    wavevectors = jax.random.normal(jax.random.key(0), (20, 2))
    expected = 1 + jnp.cos(wavevectors @ (positions[1] - positions[0]))
    np.testing.assert_allclose(imaging.structure_factor(positions, wavevectors), expected, rtol=0, atol=1e-13)


def test_it_is_the_transform_of_the_image_without_its_gaussian():
    """|fft2 r|^2 = atoms S(k) (2 pi w^2 (M / L)^2)^2 exp(-k^2 w^2): two routes to one number."""
    width, pixels = 0.6, 64
    positions = jax.random.uniform(jax.random.key(1), (9, 2), maxval=BOX)
    k = imaging.momenta(BOX, pixels)[:5]
    wavevectors = jnp.stack(jnp.meshgrid(k, k, indexing="ij"), axis=-1).reshape(-1, 2)
    transform = jnp.fft.fft2(imaging.real_space_image(positions, width, BOX, pixels, periodic=True))[:5, :5].ravel()
    gaussian = 2 * np.pi * (width * pixels / BOX) ** 2 * jnp.exp(-jnp.sum(wavevectors**2, axis=1) * width**2 / 2)
    expected = jnp.abs(transform / gaussian) ** 2 / 9
    # Rounding of 64^2 pixels is divided by the Gaussian, down to exp(-1.6).
    np.testing.assert_allclose(imaging.structure_factor(positions, wavevectors), expected, rtol=0, atol=1e-11)


def test_chunks_change_nothing():
    positions = jax.random.uniform(jax.random.key(2), (5, 2), maxval=BOX)
    wavevectors = imaging.box_wavevectors(BOX, 3.0)
    whole = imaging.structure_factor(positions, wavevectors)
    np.testing.assert_allclose(imaging.structure_factor(positions, wavevectors, chunk=3), whole, rtol=0, atol=1e-13)


def test_wavevectors_fill_half_the_disc():
    wavevectors = np.asarray(imaging.box_wavevectors(BOX, 3.0)) * BOX / (2 * np.pi)
    whole = {(n, m) for n in range(-9, 10) for m in range(-9, 10) if 0 < np.hypot(n, m) * 2 * np.pi / BOX <= 3.0}
    half = {tuple(pair) for pair in np.round(wavevectors).astype(int).tolist()}
    assert half | {(-n, -m) for n, m in half} == whole
    assert len(half) * 2 == len(whole)
    with pytest.raises(ValueError, match=r"cutoff is 0\.1"):
        imaging.box_wavevectors(BOX, 0.1)
