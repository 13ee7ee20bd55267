"""A few discs: what a change does to them, and antidots found from a conductance map and from plain sums."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from toys import Squares, values

import equibacksolve as ebs
from equibacksolve.inverse._leaves import LeafKind
from equibacksolve.specialists._disc_moves import (
    Discs,
    Limits,
    _merge,
    _split,
    _within,
    changed,
    covered,
    no_discs,
    space_of,
)

ROWS, COLUMNS = np.indices((7, 8))
DISC = np.hypot(ROWS - 2.6, COLUMNS - 3.2) < 1.9
LIMITS = Limits(jnp.array([0.7, 2.5]), jnp.array(0.5))


def squares(height):
    numbers = jnp.arange(120.0)
    truth = Squares(jnp.asarray(height * DISC))
    return ebs.Observations(truth.predict(number=numbers), number=numbers)


def discs_at(*placed, most=6):
    """Discs of (center, radius, leaf)."""
    centers, radii, leaves = zip(*placed)
    empty = most - len(placed)
    return Discs(
        jnp.pad(jnp.asarray(centers, float), ((0, empty), (0, 0))),
        jnp.pad(jnp.asarray(radii, float), (0, empty)),
        jnp.pad(jnp.asarray(leaves), (0, empty)).astype(jnp.int32),
        jnp.arange(most) < len(placed),
        jnp.ones(()),
        jnp.zeros(()),
    )


def many_changes(space, discs, seed, count):
    """Independent changes of the same discs."""
    one = jax.jit(jax.vmap(lambda key: changed(space, LIMITS, discs, key)))
    return one(jax.random.split(jax.random.key(seed), count))


SMOOTH, LOOSE = LeafKind(None, True), LeafKind(None, False)


def test_a_disc_covers_what_is_within_its_radius_in_its_own_leaf():
    like = (jnp.zeros((7, 8)), jnp.zeros(5))
    space = space_of(like, (SMOOTH, SMOOTH))
    here = np.asarray(covered(space, discs_at(((2.6, 3.2), 1.9, 0), ((1.0, 0.0), 1.2, 1))))
    np.testing.assert_array_equal(here[:56].reshape(7, 8), DISC)
    np.testing.assert_array_equal(here[56:], [True, True, True, False, False])
    assert not np.any(covered(space, no_discs(space, 4)))


def test_changes_keep_their_promises():
    """Of two thousand random changes, those that are possible stay in the leaves, and all kinds of them occur."""
    like = (jnp.zeros((7, 8)), jnp.zeros(5), jnp.zeros((3, 3)))
    space = space_of(like, (SMOOTH, SMOOTH, LOOSE))
    start = discs_at(((2.6, 3.2), 1.9, 0), ((3.0, 0.0), 1.2, 1))
    after, more, possible = many_changes(space, start, 0, 2000)
    good = np.asarray(possible)
    np.testing.assert_array_equal(np.sum(after.present, axis=1) - 2, more)
    assert set(np.asarray(more)) == {-1, 0, 1}
    present, leaf = np.asarray(after.present)[good], np.asarray(after.leaf)[good]
    center, radius = np.asarray(after.center)[good], np.asarray(after.radius)[good]
    reach = np.asarray(space.extent)[leaf]
    assert np.all((center >= -0.5)[present] & (center <= reach - 0.5)[present])
    assert np.all((radius[present] >= 0.7) & (radius[present] <= 2.5))
    assert np.all(np.abs(np.asarray(after.ground)[good]) <= 0.5)
    # A leaf whose neighbours are none in space gets no discs, and a row no second axis.
    assert set(leaf[present]) == {0, 1}
    assert np.all(center[present & (leaf == 1)][:, 1] == 0)


def test_two_discs_merge_into_one_between_them():
    space = space_of((jnp.zeros((7, 8)),), (SMOOTH,))
    apart = discs_at(((1.0, 2.0), 1.0, 0), ((5.0, 4.0), 2.0, 0), ((6.0, 6.0), 0.8, 0))
    for one, other, radius in ((0, 1, 2.2), (1, 0, 2.2), (2, 0, 1.1)):
        after = _merge(space, LIMITS.radii, apart, one, other, 3, jax.random.key(0))
        np.testing.assert_allclose(after.center[one], (apart.center[one] + apart.center[other]) / 2)
        assert float(after.radius[one]) == pytest.approx(radius)
        assert after.present.tolist() == [number < 3 and number != other for number in range(6)]
    large = discs_at(((1.0, 2.0), 2.4, 0), ((5.0, 4.0), 2.0, 0))
    assert float(_merge(space, LIMITS.radii, large, 0, 1, 3, jax.random.key(0)).radius[0]) == 2.5


def test_a_disc_splits_into_two_smaller_ones_on_either_side():
    space = space_of((jnp.zeros((7, 8)),), (SMOOTH,))
    whole = discs_at(((3.0, 4.0), 2.0, 0), ((6.0, 6.0), 0.8, 0))
    for key in jax.random.split(jax.random.key(0), 4):
        after = _split(space, LIMITS.radii, whole, 0, 1, 2, key)
        np.testing.assert_allclose((after.center[0] + after.center[2]) / 2, whole.center[0], rtol=1e-12)
        assert np.linalg.norm(after.center[0] - after.center[2]) > 0
        assert np.all((after.radius[jnp.array([0, 2])] >= 1.2) & (after.radius[jnp.array([0, 2])] <= 2.0))
        assert after.present.tolist() == [True] * 3 + [False] * 3
    small = _split(space, LIMITS.radii, whole, 1, 0, 2, jax.random.key(0))
    assert np.all(small.radius[1:3] >= 0.7)


def test_only_discs_that_are_there_need_be_within_their_leaf():
    space = space_of((jnp.zeros((7, 8)),), (SMOOTH,))
    outside = discs_at(((1.0, 2.0), 1.0, 0), ((9.0, 4.0), 2.0, 0))
    assert not _within(space, LIMITS, outside)
    assert _within(space, LIMITS, outside._replace(present=outside.present.at[1].set(False)))


def test_births_are_spread_over_all_entries():
    space = space_of((jnp.zeros((7, 8)), jnp.zeros(5)), (SMOOTH, SMOOTH))
    born, more, possible = many_changes(space, no_discs(space, 3), 2, 2000)
    assert np.all(more == 1)
    assert np.all(possible)
    in_rows = np.asarray(born.leaf)[:, 0] == 0
    # Three standard deviations of the share of 56 of 61 entries.
    assert abs(np.mean(in_rows) - 56 / 61) < 3 * np.sqrt(56 * 5 / 61**2 / 2000)
    for axis, entries in enumerate((7, 8)):
        found, _ = np.histogram(np.asarray(born.center)[in_rows, 0, axis], entries, (-0.5, entries - 0.5))
        # Chi-squared is below 24.3 in 99.9 % of cases with 7 degrees of freedom.
        assert np.sum((found - found.mean()) ** 2) / found.mean() < 24.3


def test_there_is_no_more_room_than_there_is():
    space = space_of(jnp.zeros((7, 8)), (SMOOTH,))
    full = discs_at(*[((float(k), float(k)), 1.0, 0) for k in range(3)], most=3)
    _, more, possible = many_changes(space, full, 1, 300)
    assert not np.any(possible & (more > 0))


@pytest.mark.parametrize("height", [2.0, 1.3, 3.0])
def test_a_disc_is_found_also_with_a_level_far_off(height):
    """The level told is 2; the true one 1.3 to 3. From a flat start."""
    start, data = Squares(jnp.full(DISC.shape, 0.01)), squares(height)
    walk = ebs.specialists.walk_and_descent(ebs.specialists.FewDiscs((0.0, 2.0), moves=3000))
    search = ebs.methods.Restarts(walk, (walk,), starts=4)
    found = ebs.backsolve(start, data, search, where=values, key=jax.random.key(1), progress=False)
    assert found.converged
    # A cost of 1e-6 of the variance is passed on the way to rounding; the sign of all is not in the data.
    np.testing.assert_allclose(np.abs(found.simulator.values), height * DISC, rtol=0, atol=1e-3)


def test_two_domains_are_found_whose_levels_are_not_told():
    """A curved edge between 0.5 and 2.5, from a flat start at their mean: no disc, and both levels wrong."""
    domains = 0.5 + 2.0 * (4 + np.sin(ROWS / 2) > COLUMNS)
    numbers = jnp.arange(120.0)
    data = ebs.Observations(Squares(jnp.asarray(domains)).predict(number=numbers), number=numbers)
    walk = ebs.specialists.FewDiscs(height=(0.8, 1.5), filled=0.5, radii=(1.0, 8.0), moves=6000)
    start, alike = Squares(jnp.full(DISC.shape, 1.5)), []
    for key in range(3):
        found = ebs.backsolve(start, data, walk, where=values, key=key, progress=False, polish=False).simulator.values
        low, high = np.unique(found)
        alike.append(np.mean((found == high) == (domains > 1)))
        assert abs(low - 0.5) < 0.25  # the levels follow the data: from a guess that is off by half of their distance
        assert abs(high - 2.5) < 0.25
    assert max(alike) > 0.95  # of 56 entries; discs need not fit the edge everywhere

    # Data that want the first level thrice its distance to the second away: it moves by twice the part that is filled.
    far = Squares(jnp.full(DISC.shape, 4.0)).predict(number=numbers)
    problem, like = ebs.inverse.make_problem(start, ebs.Observations(far, number=numbers), values)
    begun = walk.begin(problem, like, jax.random.key(0))
    levels, cold = jnp.array([[1.0], [2.0]]) * jnp.ones(DISC.size), jnp.asarray(5000, jnp.int32)
    moved = begun._replace(levels=levels, discs=begun.discs._replace(ground=jnp.asarray(0.9)), moves=cold)
    for _ in range(8):
        moved = walk.moved(problem, like, moved)
    assert 0.9 < float(moved.discs.ground) <= 1.0


def test_the_start_is_between_the_levels_by_the_part_that_is_filled():
    problem, hidden = ebs.inverse.make_problem(Squares(jnp.full(DISC.shape, 0.3)), squares(1.0), values)
    for filled in (0.0, 0.5):
        state = ebs.specialists.FewDiscs(height=2.0, filled=filled).init(problem, hidden, jax.random.key(0))
        low, high = state.inner.levels
        np.testing.assert_allclose(low + filled * (high - low), 0.3, rtol=1e-12)


def device(potential):
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(1.6))


@pytest.mark.usefixtures("compiled_for_a_long_run")
def test_two_antidots_from_a_conductance_map():
    """Two antidots of height 3 among 7 x 6 sites, the height not told; a move costs a part of a simulation."""
    rows, columns = jnp.indices((7, 6))
    inside = (jnp.hypot(rows - 1.8, columns - 1.6) < 1.3) | (jnp.hypot(rows - 4.7, columns - 3.6) < 1.2)
    antidots = 3.0 * inside
    flux, energy = jnp.linspace(0, 0.3, 12), jnp.linspace(-1, 1, 8)
    settings = [axis.ravel() for axis in jnp.meshgrid(flux, energy, indexing="ij")]
    readings = device(antidots).predict(flux=settings[0], energy=settings[1]).reshape(12, 8)
    data = ebs.Observations.on_grid(flux=flux, energy=energy, values=readings)
    where = lambda simulator: simulator.sample.onsite.values
    walk = ebs.specialists.walk_and_descent(ebs.specialists.FewDiscs(height=3.0, moves=6000))
    start = device(jnp.zeros((7, 6)))
    found = ebs.backsolve(start, data, ebs.methods.Restarts(walk, (walk,), starts=6), where=where, progress=False)
    assert found.converged
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    nearest = ebs.inverse.closest_image(found.simulator, mirrors, device(antidots), where)
    # Quadratic convergence passes 1e-6 of the variance on the way to rounding.
    np.testing.assert_allclose(where(nearest), antidots, rtol=0, atol=1e-3)


def test_bounds_are_kept_and_simulations_counted():
    seen = []
    found = ebs.backsolve(
        Squares(jnp.full(DISC.shape, 0.5)),
        squares(1.0),
        ebs.specialists.FewDiscs((0.0, 1.5), moves=400),
        where=values,
        bounds=(0.0, 1.0),
        progress=False,
        callback=lambda state: seen.append((np.asarray(state.hidden.values), int(state.evaluations))) and None,
    )
    assert min(np.min(landscape) for landscape, _ in seen) >= 0
    assert max(np.max(landscape) for landscape, _ in seen) <= 1
    # Parts of 40 of 120 data: 51 simulations of a third in each step, one look at the start and one every fourth step.
    counts = [count for _, count in seen]
    assert counts[:5] == [18, 35, 52, 70, 87]
    assert found.history.evaluations[-1] == counts[-1]


class Decay(ebs.AbstractSimulator):
    """Rates whose neighbours have nothing to do with each other."""

    rates: Float[Array, " rates"] = eqx.field(metadata={"smooth": False})

    def observe(self, time):
        return jnp.sum(jnp.exp(-self.rates * time))


def test_a_move_is_a_simulation_where_data_cannot_be_divided():
    """And fifty moves have a look at where they begin."""

    class Whole(ebs.AbstractSimulator):
        values: Float[Array, "length width"]

        def predict(self):
            return self.values

    problem, like = ebs.inverse.make_problem(Whole(jnp.zeros((10, 10))), ebs.Observations(jnp.ones((10, 10))), values)
    assert ebs.specialists.FewDiscs().simulations(problem, like, 50) == 51
    divided, like = ebs.inverse.make_problem(Squares(jnp.zeros(DISC.shape)), squares(1.0), values)
    # A part of 120 readings has 40 of them at least.
    assert ebs.specialists.FewDiscs().simulations(divided, like, 50) == 17


def test_entries_without_neighbours_are_no_place_for_discs():
    time = jnp.linspace(0, 1, 50)
    start = Decay(jnp.array([1.0, 2.0]))
    data = ebs.Observations(Decay(jnp.array([1.5, 3.0])).predict(time=time), time=time)
    with pytest.raises(ValueError, match="needs a hidden leaf whose neighbours are neighbours in space"):
        ebs.backsolve(start, data, ebs.specialists.FewDiscs(), where=lambda simulator: simulator.rates)
    # The default leaves discs out there.
    assert ebs.backsolve(start, data, where=lambda simulator: simulator.rates, progress=False).converged


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"levels": (1.0, 1.0)}, r"levels are both 1.0; give two values"),
        ({"moves": 0}, r"moves is 0; give at least 1"),
        ({"most": 0}, r"most is 0; give at least 1"),
        ({"share": 0}, r"share is 0; give at least 1"),
        ({"radii": (2.0, 1.0)}, r"radii are 2 and 1; give two, in order"),
        ({"radii": (0.0, 1.0)}, r"radii are 0 and 1; give two, in order"),
    ],
)
def test_what_cannot_be_is_told(wrong, told):
    with pytest.raises(ValueError, match=told):
        ebs.specialists.FewDiscs(**wrong)
