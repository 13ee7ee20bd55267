"""Counting pairs: none is lost, none comes twice, each at its distance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equibacksolve import atoms, imaging
from equibacksolve.atoms._clusters import clusters_for
from equibacksolve.atoms._histogram import pair_counts
from equibacksolve.atoms._pair_sums import scene_of

SPACING, BINS = 0.25, 38
DISTANCES = SPACING * np.arange(1, BINS + 1)


def counts(positions, box):
    """Pairs in each bin; in three dimensions a pair at r counts r_b / r."""
    positions = jnp.asarray(positions)
    clusters = clusters_for(positions, box, SPACING * (BINS + 3))
    kinds = jnp.zeros(len(positions), int)
    return pair_counts(scene_of(positions, kinds, box, clusters), SPACING, BINS, 1)[0]


COUNTS_OF_TWO = jax.jit(lambda distance: counts(jnp.array([[2.0, 2.0], [2.0 + distance, 2.0]]), atoms.Box([20.0] * 2)))


@given(st.floats(0.5, 8.5))
def test_one_pair_is_one_pair_at_its_distance(distance):
    pairs = COUNTS_OF_TWO(distance)
    # The shares of the cubic spline add up to one, and their mean is the place.
    assert float(pairs.sum()) == pytest.approx(1, rel=1e-12)
    assert float((pairs * DISTANCES).sum()) == pytest.approx(distance, rel=1e-12)
    assert np.count_nonzero(pairs > 1e-12) <= 4


def test_a_pair_meets_across_an_edge_that_repeats_only():
    positions = [[0.5, 1.0], [19.0, 1.0]]
    pairs = counts(positions, atoms.Box([20.0, 20.0]))
    assert float((pairs * DISTANCES).sum()) == pytest.approx(1.5, rel=1e-12)
    assert float(counts(positions, atoms.Box([20.0, 20.0], [False, True])).max()) == 0.0


@pytest.mark.parametrize("number", [1, 2, 7, 8, 9, 16, 24, 40])
def test_every_pair_counts_once(number):
    """Clusters hold eight atoms: some are full, some are not, and their number is even and odd."""
    positions = jax.random.uniform(jax.random.key(number), (number, 2), minval=5.0, maxval=10.0)
    r = np.linalg.norm(np.asarray(positions)[:, None] - np.asarray(positions), axis=-1)[np.triu_indices(number, 1)]
    pairs = counts(positions, atoms.Box([20.0, 20.0]))
    # Those nearer than a bin have some of their share at zero and below.
    assert (r > 0.5).sum() - 1e-9 <= float(pairs.sum()) <= len(r) + 1e-9
    assert float((pairs * DISTANCES).sum()) == pytest.approx(r.sum(), abs=0.5 * (r <= 0.5).sum() + 1e-9)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    "edges", [[20.0, 20.0, 20.0], [40.0, 10.0, 20.0], [[20.0, 0, 0], [9.0, 18.0, 0], [-5.0, 7.0, 19]]]
)
def test_near_clusters_are_all_that_count(edges, periodic):
    """A thousand atoms at random, more in one half of the box; by hand, over all images that are near enough."""
    box = atoms.Box(edges, periodic)
    fractions = jax.random.uniform(jax.random.key(5), (1000, 3)) ** jnp.array([1.7, 1.0, 1.0])
    positions = fractions @ box.vectors
    reach, bins = 4.5, 15
    clusters = clusters_for(positions, box, reach)
    assert clusters.shape
    found = pair_counts(scene_of(positions, jnp.zeros(1000, int), box, clusters), SPACING, bins, 1)[0]
    first, second = np.triu_indices(1000, 1)
    apart = np.asarray(fractions)[second] - np.asarray(fractions)[first]
    r = np.linalg.norm((apart - (np.round(apart) if periodic else 0)) @ np.asarray(box.vectors), axis=1)
    place = r[r < reach] / SPACING
    expected = np.zeros(40)
    for shift in range(-1, 3):
        x = np.abs(place - np.floor(place) - shift)
        share = np.where(x < 1, 2 / 3 - x**2 + x**3 / 2, np.maximum(2 - x, 0) ** 3 / 6)
        np.add.at(expected, np.floor(place).astype(int) + shift + 1, share / (place * SPACING))
    expected = expected[2 : bins + 2] * SPACING * np.arange(1, bins + 1)
    # The bin at -1 is taken off that at 1 (see pair_counts): none is so near here, but for a few.
    np.testing.assert_allclose(found[1:], expected[1:], rtol=0, atol=1e-9)


def test_a_triangular_lattice_has_six_neighbours():
    structure = atoms.Structure(imaging.triangular_lattice(120, 20.0), atoms.Box([20.0, 20.0]))
    assert atoms.statistics(structure, within=2.6).mean_coordination == 6
    pairs = counts(structure.positions, structure.box)
    assert float(pairs[(DISTANCES > 1.2) & (DISTANCES < 2.8)].sum()) == pytest.approx(120 * 6 / 2, rel=1e-9)
