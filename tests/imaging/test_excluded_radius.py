"""The excluded radius: zero for atoms that keep their distance, and the same from both sides of a pair."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging

BOX = 10.0


def test_atoms_that_keep_their_distance_do_not_overlap():
    positions = imaging.triangular_lattice(30, BOX)
    closest = imaging.closest_approach(positions, BOX, periodic=True)
    assert float(jnp.max(imaging.overlaps(positions, 0.999 * closest, BOX, periodic=True))) == 0.0


@pytest.mark.parametrize("atoms", [2, 3, 6, 7])
@pytest.mark.parametrize("periodic", [False, True])
def test_it_is_the_sum_over_the_neighbours(atoms, periodic):
    positions = jax.random.uniform(jax.random.key(atoms), (atoms, 2), maxval=BOX)
    vectors = np.asarray(positions)[:, None] - np.asarray(positions)[None, :]
    if periodic:
        vectors -= BOX * np.round(vectors / BOX)
    distances = np.linalg.norm(vectors, axis=-1) + np.diag(np.full(atoms, np.inf))
    expected = np.maximum(0, 1 - distances / 6.0).sum(axis=1)
    values = imaging.overlaps(positions, 6.0, BOX, periodic=periodic)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-14)


def test_two_atoms_on_one_spot_overlap_fully_and_have_a_finite_gradient():
    positions = jnp.array([[2.0, 2.0], [2.0, 2.0], [7.0, 7.0]])
    np.testing.assert_array_equal(imaging.overlaps(positions, 1.0, BOX), [1.0, 1.0, 0.0])
    gradient = jax.grad(lambda atoms: jnp.sum(imaging.overlaps(atoms, 1.0, BOX) ** 2))(positions)
    np.testing.assert_array_equal(gradient, 0.0)


def test_descent_drives_a_close_pair_apart():
    positions = jnp.array([[2.0, 2.0], [2.3, 2.0]])
    penalty = lambda atoms: jnp.mean(imaging.overlaps(atoms, 1.0, BOX) ** 2)
    moved = positions - 0.1 * jax.grad(penalty)(positions)
    assert imaging.closest_approach(moved, BOX) > 0.3


def test_one_atom_overlaps_with_nothing():
    np.testing.assert_array_equal(imaging.overlaps(jnp.ones((1, 2)), 1.0, BOX), [0.0])
