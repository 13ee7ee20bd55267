"""The structural figures of merit, on structures whose figures are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging

BOX = 40.0
LATTICE = imaging.triangular_lattice(460, BOX)


def displaced(seed, by):
    noise = jax.random.normal(jax.random.key(seed), LATTICE.shape)
    return imaging.wrapped(LATTICE + by * noise, BOX)


def test_a_triangular_lattice_is_ordered_and_random_atoms_are_not():
    assert float(imaging.bond_orientation(LATTICE, BOX, periodic=True).min()) > 0.99
    random = jax.random.uniform(jax.random.key(0), (460, 2), maxval=BOX)
    mean = float(imaging.bond_orientation(random, BOX, periodic=True).mean())
    # Six unit vectors in random directions: mean sqrt(pi / 24) = 0.36, a little less as neighbours keep apart.
    assert 0.3 < mean < 0.42


def test_orientation_does_not_see_a_rotation():
    positions = jax.random.uniform(jax.random.key(1), (30, 2), maxval=BOX)
    cosine, sine = np.cos(0.7), np.sin(0.7)
    rotated = positions @ jnp.array([[cosine, sine], [-sine, cosine]])
    here, there = (imaging.bond_orientation(atoms, BOX) for atoms in (positions, rotated))
    np.testing.assert_allclose(here, there, rtol=0, atol=1e-12)


def test_orientation_needs_neighbours():
    with pytest.raises(ValueError, match="positions has 6 atoms"):
        imaging.bond_orientation(LATTICE[:6], BOX)


def test_the_closest_approach_looks_across_the_edge():
    positions = jnp.array([[0.5, 5.0], [39.5, 5.0], [20.0, 20.0]])
    assert imaging.closest_approach(positions, BOX, periodic=True) == pytest.approx(1.0, rel=1e-12)
    assert imaging.closest_approach(positions, BOX) == pytest.approx(np.hypot(19.5, 15), rel=1e-12)
    assert imaging.closest_approach(positions[:1], BOX) == np.inf
    assert imaging.closest_approach(jnp.ones((2, 2)), BOX) == 0.0


@pytest.mark.parametrize("sign", [1, -1])
def test_the_matched_distance_does_not_see_translation_inversion_and_order(sign):
    truth = displaced(3, 0.45)
    noise = 0.05 * jax.random.normal(jax.random.key(4), truth.shape)
    seen = imaging.wrapped(sign * (truth + noise)[::-1] + jnp.array([7.3, -2.1]), BOX)
    expected = float(jnp.sqrt(jnp.mean(jnp.sum((noise - noise.mean(axis=0)) ** 2, axis=1))))
    # Noise of a fortieth of the spacing leaves every atom with its own.
    assert imaging.matched_distance(seen, truth, BOX) == pytest.approx(expected, rel=1e-6)


def test_the_matched_distance_of_strangers_is_large():
    # Two atoms displaced by 0.45 each and left in place are 0.9 apart; the assignment can only do better.
    assert 0.6 < imaging.matched_distance(displaced(5, 0.45), displaced(6, 0.45), BOX) < 0.9


def test_the_matched_distance_wants_structures():
    with pytest.raises(ValueError, match="outside the box"):
        imaging.matched_distance(LATTICE + 39.0, LATTICE, BOX)
