"""The pair distribution: known pairs, the ideal gas, and no pair lost."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equibacksolve import imaging

BOX = 20.0
DISTANCES = jnp.linspace(0.5, 9.5, 37)
SPACING = 0.25


def number_of_pairs(g, atoms):
    """Pairs in each bin, from g(r) by its definition."""
    return g * SPACING * np.pi * np.asarray(DISTANCES) * atoms * (atoms - 1) / BOX**2


@given(st.floats(1.5, 8.5))
def test_one_pair_is_one_pair_at_its_distance(distance):
    positions = jnp.stack([jnp.zeros(2), jnp.array([distance, 0.0])]) + 2.0
    pairs = number_of_pairs(G_OF_TWO(positions), 2)
    # The shares of the cubic spline add up to one, and their mean is the place.
    assert pairs.sum() == pytest.approx(1, rel=1e-12)
    assert (pairs * DISTANCES).sum() == pytest.approx(distance, rel=1e-12)
    assert np.count_nonzero(pairs > 1e-12) <= 4


G_OF_TWO = jax.jit(lambda positions: imaging.pair_distribution(positions, DISTANCES, BOX))


def test_a_pair_meets_across_the_edge_of_a_periodic_box_only():
    positions = jnp.array([[0.5, 1.0], [19.0, 1.0]])
    pairs = number_of_pairs(imaging.pair_distribution(positions, DISTANCES, BOX, periodic=True), 2)
    assert (pairs * DISTANCES).sum() == pytest.approx(1.5, rel=1e-12)
    assert float(jnp.max(imaging.pair_distribution(positions, DISTANCES, BOX))) == 0.0


@pytest.mark.parametrize("atoms", [2, 3, 4, 7, 10])
def test_every_pair_counts_once(atoms):
    positions = jax.random.uniform(jax.random.key(atoms), (atoms, 2), minval=5.0, maxval=10.0)
    i, j = np.triu_indices(atoms, 1)
    expected = jnp.linalg.norm(positions[i] - positions[j], axis=1)
    inside = expected[(expected > 1.0) & (expected < 9.0)]
    pairs = number_of_pairs(imaging.pair_distribution(positions, DISTANCES, BOX), atoms)
    near = expected.shape[0] - inside.shape[0]
    assert inside.shape[0] - 1e-9 <= pairs.sum() <= inside.shape[0] + near + 1e-9


def test_an_ideal_gas_is_one():
    positions = jax.random.uniform(jax.random.key(3), (2000, 2), maxval=BOX)
    g = imaging.pair_distribution(positions, DISTANCES, BOX, periodic=True)
    # The count of n pairs fluctuates by sqrt(n) (a little less: the spline averages); five standard deviations.
    n = 2000**2 / 2 * 2 * np.pi * np.asarray(DISTANCES) * SPACING / BOX**2
    assert np.all(np.abs(g - 1) < 5 / np.sqrt(n))


def test_a_triangular_lattice_has_six_neighbours():
    positions = imaging.triangular_lattice(120, BOX)
    distances = jnp.arange(1, 60) * 0.05
    g = imaging.pair_distribution(positions, distances, BOX, periodic=True)
    pairs = g * 0.05 * np.pi * distances * 120 * 119 / BOX**2
    first_shell = float(pairs[(distances > 1.4) & (distances < 2.6)].sum())
    assert first_shell == pytest.approx(120 * 6 / 2, rel=1e-9)


def test_coincident_atoms_have_a_finite_gradient():
    positions = jnp.array([[3.0, 3.0], [3.0, 3.0], [5.0, 4.0]])
    gradient = jax.grad(lambda atoms: jnp.sum(imaging.pair_distribution(atoms, DISTANCES, BOX) ** 2))(positions)
    assert bool(jnp.all(jnp.isfinite(gradient)))


def test_chunks_of_pairs_change_nothing(monkeypatch):
    positions = jax.random.uniform(jax.random.key(4), (24, 2), maxval=BOX)
    score = lambda atoms: jnp.sum(imaging.pair_distribution(atoms, DISTANCES, BOX, periodic=True) ** 2)
    whole = jax.value_and_grad(score)(positions)
    monkeypatch.setattr("equibacksolve.imaging._pairs.PAIRS_AT_ONCE", 24 * 5)  # 12 shifts: two chunks and a rest
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-11), jax.value_and_grad(score)(positions), whole
    )


@pytest.mark.parametrize("components", [2, 3])
@pytest.mark.parametrize("periodic", [False, True])
def test_near_pairs_are_all_that_count(components, periodic):
    positions = jax.random.uniform(jax.random.key(5), (40, components), maxval=BOX)
    pairs = imaging.near_pairs(positions, 9.5 + 2 * SPACING, BOX, periodic=periodic)
    assert pairs.shape[0] < 40 * 39 / 2
    few = imaging.pair_counts(positions, DISTANCES, BOX, periodic=periodic, pairs=pairs)
    every = imaging.pair_counts(positions, DISTANCES, BOX, periodic=periodic)
    np.testing.assert_allclose(few, every, rtol=0, atol=1e-12)  # sums of some hundred shares


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        ([1.0], "distances has 1 entries"),
        ([0.0, 1.0], "positive"),
        ([2.0, 1.0], "increase"),
        ([1.0, 2.0, 4.0], "equal"),
        ([1.0, float("nan")], "positive"),
        ([5.0, 10.0, 15.0], "half the periodic box"),
    ],
)
def test_unfit_distances_are_refused(distances, message):
    with pytest.raises(ValueError, match=message):
        imaging.check_distances(jnp.array(distances), BOX, True)
