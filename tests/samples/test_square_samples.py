"""The square lattice said twice: the fast sweep beside the levels of any device; maps of sites, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.samples._gauge import LinearGauge, gauge_of

RANDOM = np.random.default_rng(11)
FLUX, ENERGY = np.array([0.0, 0.07, -0.23, 0.4]), np.array([0.3, -0.8, 0.1, 0.6])
SHAPE = (4, 3)


def test_the_sweep_finds_the_same():
    """Of potentials and an exchange field together; for potentials alone, see `test_a_lattice_is_a_square_sample`."""
    potential = ebs.Potential(RANDOM.uniform(-0.8, 0.8, SHAPE)) + ebs.Potential(RANDOM.uniform(-0.2, 0.2, SHAPE))
    exchange = ebs.ExchangeField(RANDOM.uniform(-3, 3, SHAPE), 0.4)
    lattice, lead = ebs.SquareLattice(potential + exchange), ebs.WireLead([1.1, 1.9], 0.9)
    sample = lattice.tight_binding()
    np.testing.assert_allclose(sample.onsite.values, sum(term.values for term in potential.terms), rtol=1e-15)
    expected = ebs.Magnetoconductance(lattice, lead).predict(flux=FLUX, energy=ENERGY)
    ends = np.arange(SHAPE[1] * 2)
    terminals = [ebs.Terminal(lead, ends), ebs.Terminal(lead, sample.size - 1 - ends[::-1])]
    found = ebs.Conductance(ebs.TightBindingDevice(sample, terminals)).predict(flux=FLUX, energy=ENERGY)
    # Two eliminations of 24 orbitals, each right to some 1e-13.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_lattice_is_a_square_sample():
    values = RANDOM.normal(size=SHAPE)
    ours = ebs.samples.square_sample(*SHAPE, values)
    lattice = ebs.SquareLattice(ebs.Potential(values)).tight_binding()
    for flux in (0.0, 0.3):
        assert abs(ours.hamiltonian(flux=flux) - lattice.hamiltonian(flux=flux)).max() == 0
    # H as README.md has it, x = 1..length: from (2, 1) to (2, 2).
    up = ours.hamiltonian(flux=0.3)[4, 3]
    assert up == pytest.approx(np.exp(2j * np.pi * 0.3 * 2))
    np.testing.assert_array_equal(ours.positions[4], (2, 2))


def test_absent_sites_are_rows_that_are_left_out():
    present = np.ones(SHAPE, bool)
    present[2, 0] = present[1, 2] = False
    values, left = RANDOM.uniform(-0.5, 0.5, SHAPE), present.ravel()
    whole = ebs.samples.square_sample(*SHAPE, values).hamiltonian(flux=0.3).toarray()
    found = ebs.samples.square_sample(*SHAPE, values, present=present).hamiltonian(flux=0.3)
    np.testing.assert_array_equal(found.toarray(), whole[left][:, left])


def test_an_absent_site_is_nothing_to_the_gradient():
    present = np.ones(SHAPE, bool)
    present[1, 1] = False
    sample = ebs.samples.square_sample(*SHAPE, present=present)
    gradient = jax.jit(jax.grad(lambda v: jnp.sum(eqx.tree_at(lambda s: s.onsite.values, sample, v).energies())))
    np.testing.assert_array_equal(gradient(jnp.zeros(SHAPE)), present)


def test_hoppings_are_one_leaf_along_every_bond():
    bare = ebs.samples.square_sample(2, 3)
    bonds = bare.entries.row.shape[0] // 2
    assert bonds == 3 + 4
    strengths = RANDOM.uniform(0.5, 1.5, bonds)
    sample = ebs.samples.square_sample(2, 3, hoppings=strengths)
    matrix = sample.hamiltonian(flux=0.2).toarray()
    np.testing.assert_array_equal(sample.terms[0].strength, strengths)
    # First along x, from (1, y) to (2, y); then across, from (1, 1) to (1, 2), and on.
    np.testing.assert_allclose(abs(matrix[[0, 1, 2], [3, 4, 5]]), strengths[:3], rtol=1e-15)
    np.testing.assert_allclose(abs(matrix[[0, 1, 3, 4], [1, 2, 4, 5]]), strengths[3:], rtol=1e-15)
    np.testing.assert_array_equal(ebs.samples.square_sample(2, 3, hoppings=1).terms[0].strength, np.ones(bonds))


def test_onsite_is_whatever_stands_for_energies():
    spline = ebs.samples.square_sample(*SHAPE, lambda positions: ebs.samples.SplinePotential([[1.0, 2.0]], positions))
    np.testing.assert_allclose(spline.energies(), np.tile([1, 1.5, 2], 4), atol=1e-14)
    assert isinstance(ebs.samples.square_sample(*SHAPE, np.arange(12)).onsite, ebs.samples.SiteEnergies)
    same = ebs.samples.SiteEnergies(np.arange(12.0))
    assert ebs.samples.square_sample(*SHAPE, same).onsite is same
    np.testing.assert_array_equal(ebs.samples.square_sample(*SHAPE, 0.3).onsite.values, np.full(SHAPE, 0.3))
    both = ebs.samples.square_sample(*SHAPE, same + ebs.samples.square_sample(*SHAPE, 1.0).onsite)
    np.testing.assert_array_equal(both.energies(), np.arange(12) + 1.0)


def test_sites_may_share_an_entry_of_the_map():
    coarse = ebs.samples.MapOfSites([[1, 2]], [[0, 0], [0, 1], [0, 1]])
    np.testing.assert_array_equal(coarse.energies(), [1, 2, 2])
    assert coarse.sites == 3


def test_a_brick_wall_has_every_neighbour_beside_it():
    """All bonds of honeycomb are steps to a neighbour on the map, for both edges; each site has one place."""
    for edge in ("zigzag", "armchair"):
        sample = ebs.samples.honeycomb_ribbon(3, 4, edge)
        place = np.asarray(sample.onsite.place)
        assert sample.onsite.values.shape == (6, 4)
        assert len({tuple(one) for one in place.tolist()}) == sample.size == 24
        step = place[np.asarray(sample.entries.row)] - place[np.asarray(sample.entries.column)]
        assert set(np.abs(step).sum(axis=1).tolist()) == {1}


def test_a_dot_is_all_that_hangs_together():
    """A ring of hexagons about a site left out; an island that is inside, too, is none of it."""
    inside = lambda x, y: ((x**2 + y**2 < 5.5) & (x**2 + y**2 > 1)) | (x > 20) & (x < 22)
    sample = ebs.samples.honeycomb_dot(inside, start=(0, 2), edge="armchair")
    distance = np.linalg.norm(np.asarray(sample.positions), axis=1)
    assert distance.min() > 1
    assert distance.max() < 5.5**0.5
    place, values = np.asarray(sample.onsite.place), sample.onsite.values
    assert place.min() == 0
    np.testing.assert_array_equal(place.max(axis=0) + 1, values.shape)
    # Ordered by the place along x: neighbours in the list are neighbours in space, more or less.
    assert np.all(np.diff(place[:, 0] * values.shape[1] + place[:, 1]) > 0)


@pytest.mark.parametrize("edge", ["zigzag", "armchair"])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_start_is_near_a_shape_as_far_to_either_side(edge, side):
    """Two zigzag chains away are near, three are not."""
    apart = np.sqrt(3) / 2
    inside = lambda chain: lambda x, y: np.abs((y if edge == "zigzag" else x) - side * chain * apart) < 0.4
    both = lambda chain: lambda x, y: inside(chain)(x, y) & (np.abs(x if edge == "zigzag" else y) < 2)
    assert ebs.samples.honeycomb_dot(both(2), edge=edge).size > 4
    with pytest.raises(ValueError, match="no site near start is inside"):
        ebs.samples.honeycomb_dot(both(3), edge=edge)


def test_a_linear_gauge_is_read_from_the_areas_of_its_hoppings():
    """The integral of A(r) = M r + a along a straight step is A in its middle times the step."""
    origin, to = RANDOM.normal(size=(2, 20, 2))
    matrix, offset = RANDOM.normal(size=(2, 2)), RANDOM.normal(size=2)
    area = [step @ (matrix @ middle + offset) for step, middle in zip(to - origin, (to + origin) / 2)]
    gauge = LinearGauge(matrix, offset)
    np.testing.assert_allclose(gauge.area(to, origin), area, rtol=0, atol=1e-12)
    found, told = gauge_of(to, origin, np.array(area))
    assert told
    assert found.field == pytest.approx(gauge.field, rel=1e-10)
    np.testing.assert_allclose(found.area(to, origin), area, rtol=0, atol=1e-10)


def test_the_entry_that_is_farthest_from_hermitian_is_named():
    """The other differs by a rounding that would pass."""
    entries = ebs.samples.Entries([0, 1, 1, 2], [1, 0, 2, 1], [1.0, 1.0 + 1e-13, 0.5, 0.7])
    with pytest.raises(ValueError, match=r"H\[(1, 2|2, 1)\] at flux 0.0 is not the complex conjugate"):
        ebs.samples.TightBinding(np.zeros(3), entries, np.arange(3.0))


WRONG = {
    "present has shape": lambda: ebs.samples.square_sample(3, 2, present=np.ones((2, 3), bool)),
    "has no site": lambda: ebs.samples.square_sample(3, 2, present=np.zeros((3, 2), bool)),
    "onsite is a map of shape": lambda: ebs.samples.square_sample(3, 2, np.ones((2, 3))),
    "onsite has 5 sites": lambda: ebs.samples.square_sample(3, 2, np.ones(5)),
    "has 7 bonds": lambda: ebs.samples.square_sample(3, 2, hoppings=np.ones(6)),
    "length 0 and width 2 has no site": lambda: ebs.samples.honeycomb_ribbon(0, 2),
    "edge is 'bearded'": lambda: ebs.samples.honeycomb_ribbon(2, 2, "bearded"),
    "edge is 'chiral'": lambda: ebs.samples.honeycomb_dot(lambda x, y: x < 1, edge="chiral"),
    "no site near start is inside": lambda: ebs.samples.honeycomb_dot(lambda x, y: x > 30),
    r"reaches \(1, 2\)": lambda: ebs.samples.MapOfSites(np.zeros((2, 2)), [[1, 2]]),
    "holds -1; count from 0": lambda: ebs.samples.MapOfSites(np.zeros((2, 2)), [[0, -1]]),
    "masked, None or NaN": lambda: ebs.samples.MapOfSites([[np.nan]], [[0, 0]]),
}


@pytest.mark.parametrize("told", WRONG)
def test_what_makes_no_sample_is_refused(told):
    with pytest.raises(ValueError, match=told):
        WRONG[told]()


def test_a_map_of_another_kind_is_refused():
    with pytest.raises(TypeError, match=r"MapOfSites\.values must be"):
        ebs.samples.MapOfSites(np.zeros(3), [[0, 0]])
    with pytest.raises(TypeError, match=r"MapOfSites\.place must be"):
        ebs.samples.MapOfSites(np.zeros((2, 2)), [0, 0])
