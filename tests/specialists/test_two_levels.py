"""Annealed flips: patterns of two levels are found, and levels that were a little wrong."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from toys import Squares, values

import equibacksolve as ebs
from equibacksolve.inverse._leaves import LeafKind
from equibacksolve.methods._levels import levels_of
from equibacksolve.specialists._flips import Pattern, coarse_will_do, more_unlike_neighbours
from equibacksolve.specialists._two_levels import _move, _released

PATTERN = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], float)


def observed(height, count=60):
    numbers = jnp.arange(count, dtype=float)
    return ebs.Observations(Squares(jnp.asarray(height * PATTERN)).predict(number=numbers), number=numbers)


@pytest.mark.parametrize("levels", [(0.0, 2.0), (0.0, 1.6)])
def test_a_pattern_is_found_also_with_a_level_a_fifth_off(levels):
    """From a start that is flat: Levenberg-Marquardt alone ends elsewhere."""
    start, data = Squares(jnp.full(PATTERN.shape, 0.01)), observed(2.0)
    solve = lambda method: ebs.backsolve(start, data, method, where=values, key=jax.random.key(1), progress=False)
    walk = ebs.specialists.walk_and_descent(ebs.specialists.TwoLevels(levels, flips=400))
    found = solve(ebs.methods.Restarts(walk, (walk,), starts=3))
    assert found.converged
    # A cost of 1e-6 of the variance is passed on the way to rounding; the sign of all is not in the data.
    np.testing.assert_allclose(np.abs(found.simulator.values), 2 * PATTERN, rtol=0, atol=1e-3)


class Entries(ebs.AbstractSimulator):
    """Readings of single entries, or their square roots."""

    values: Float[Array, "length width"]
    power: float = eqx.field(static=True, default=1.0)

    def observe(self, number):
        entry = jnp.sum(jnp.where(jnp.arange(self.values.size).reshape(self.values.shape) == number, self.values, 0.0))
        return entry if self.power == 1 else entry**self.power


def posed(start, truth=PATTERN, **more):
    """The problem of a start that is flat, and the data of a pattern."""
    truth = np.asarray(truth)
    data = ebs.Observations(jnp.asarray(truth.ravel()), number=jnp.arange(float(truth.size)))
    return ebs.inverse.make_problem(Entries(jnp.full(truth.shape, start), **more), data, values)


@pytest.mark.parametrize("start", [0.25, 0.26, 0.75])
def test_levels_that_are_not_told_are_scaled_by_what_the_data_see(start):
    """Linear data: the height that changes them by their deviation is known in closed form.

    J is the identity: the sum of J^2 is N, so that the height is the standard deviation of the data. Their mean is
    0.25: from a start above it, the cost falls to the lower side.
    """
    problem, hidden = posed(start)
    state = ebs.specialists.TwoLevels(height=-2.0).init(problem, hidden, jax.random.key(0))
    np.testing.assert_allclose(state.inner.levels[0], start, rtol=1e-12)
    np.testing.assert_allclose(state.inner.levels[1], start - 2 * PATTERN.std(), rtol=1e-12)
    found = levels_of(None, jnp.asarray(2.0), problem, hidden, downhill=True)[1]
    np.testing.assert_allclose(found, start + (1 if start <= 0.25 else -1) * 2 * PATTERN.std(), rtol=1e-12)


@pytest.mark.parametrize(("start", "upper"), [(-1.0, False), (3.4, False), (3.6, True), (9.0, True)])
def test_each_entry_begins_on_the_nearer_level(start, upper):
    begun = ebs.specialists.TwoLevels((2.0, 5.0)).begin(*posed(start), jax.random.key(0))
    np.testing.assert_array_equal(begun.upper, upper)


def pattern_of(upper, low, high, moves=0):
    levels = jnp.array([low, high])[:, None] * jnp.ones(upper.size)
    return Pattern(jnp.asarray(upper.ravel()), levels, jax.random.key(0), jnp.asarray(moves), jnp.asarray(False))


def test_levels_follow_the_data_by_a_fifth_of_their_difference_at_most():
    """The nearest levels to the data are the means of either part; where there is no slope, they stay."""
    method, upper = ebs.specialists.TwoLevels((0.0, 1.0), flips=10, release=0.6), PATTERN > 0
    problem, like = posed(0.5, np.where(upper, 4.0, 1.05))

    def released(*levels, moves=7, of=(problem, like)):
        found = _released(method, *of, pattern_of(upper, *levels, moves))
        return np.unique(np.asarray(found), axis=1)

    # The guard against what the data do not see shortens a step by 1e-5 of it.
    np.testing.assert_allclose(released(1.0, 3.9), [[1.05], [4.0]], rtol=1e-5)
    np.testing.assert_allclose(released(1.0, 2.0), [[1.05], [2.2]], rtol=1e-5)
    np.testing.assert_array_equal(released(1.0, 2.0, moves=6), [[1.0], [2.0]])
    roots = posed(0.5, np.where(upper, 4.0, 1.05), power=0.5)
    np.testing.assert_array_equal(released(-1.0, 2.0, of=roots), [[-1.0], [2.0]])


def test_a_flip_has_the_probability_that_its_misfit_gives_it():
    """One entry, no neighbours: up with exp(-rise of |r|^2 / 2 s^2), down surely."""
    method = ebs.specialists.TwoLevels((0.0, 1.0), flips=10, hot=0.8, cold=0.8, share=1)
    data = ebs.Observations(jnp.array([0.1, 0.3]), number=jnp.zeros(2), sigma=0.6)
    problem, like = ebs.inverse.make_problem(Entries(jnp.zeros((1, 1))), data, values)
    risen = (0.9**2 + 0.7**2 - 0.1**2 - 0.3**2) / 0.6**2  # in units of sigma, below which the noise level is not taken
    flip = lambda up, key: _move(method, problem, like, pattern_of(np.array([up]), 0.0, 1.0)._replace(key=key), False)
    keys = jax.random.split(jax.random.key(1), 4000)
    for up, probability in ((False, np.exp(-risen / 2)), (True, 1.0)):
        flipped = jax.jit(jax.vmap(lambda key, up=up: flip(up, key).upper[0] != up))(keys)
        # Of 4000 the part is known to 0.007; four times that.
        assert abs(float(jnp.mean(flipped)) - probability) < 0.028
    assert 0.1 < np.exp(-risen / 2) < np.exp(-risen / 3) - 0.05


def test_each_entry_costs_a_simulation_of_a_part_of_the_data():
    """21 landscapes a move, of a seventh of the data each."""
    assert ebs.specialists.TwoLevels((0.0, 1.0), share=7).simulations(*posed(0.5), 10) == 30
    assert ebs.specialists.TwoLevels((0.0, 1.0), share=1).simulations(*posed(0.5), 10) == 210


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("cold", "coarsely"), [(0.1, True), (1e-4, False)])
def test_single_precision_is_chosen_in_any_unit(unit, cold, coarsely):
    """Conductances have five digits in it. The unit is that of sigma."""
    lattice = ebs.SquareLattice(ebs.Potential(jnp.zeros((2, 2))))
    data = ebs.Observations(jnp.array([0.2, 0.7, 0.4]), flux=jnp.zeros(3), energy=jnp.arange(3.0), sigma=0.01 * unit)
    device = ebs.Magnetoconductance(lattice, ebs.WireLead(1.6))
    problem, like = ebs.inverse.make_problem(device, data, lambda s: s.sample.onsite.values)
    assert coarse_will_do(problem, like, jnp.asarray(cold)) == coarsely


@pytest.mark.parametrize("shape", [(4, 5), (6,), (2, 3, 4)])
def test_unlike_neighbours_are_counted_as_by_hand(shape):
    upper = np.random.default_rng(0).random(shape) < 0.5

    def unlike(pattern):
        return sum(np.sum(np.diff(pattern.astype(int), axis=axis) != 0) for axis in range(pattern.ndim))

    smooth, loose = LeafKind(None, True), LeafKind(None, False)
    like = (jnp.zeros(shape), jnp.zeros(shape))
    both = jnp.asarray(np.tile(upper.ravel(), 2))
    found = np.asarray(more_unlike_neighbours(like, both, (smooth, loose)))
    for entry in range(upper.size):
        flipped = upper.copy()
        flipped.flat[entry] ^= True
        assert found[entry] == unlike(flipped) - unlike(upper)
    assert not found[upper.size :].any()


def test_antidots_from_a_conductance_map_by_dyson_s_equation():
    """An antidot of height 3 among 6 x 6 sites; a move costs a simulation, as the count of simulations says."""
    antidot = jnp.zeros((6, 6)).at[1:4, 2:4].set(3.0)
    device = lambda potential: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(1.6))
    flux, energy = jnp.linspace(0, 0.4, 12), jnp.linspace(-1, 1, 10)
    settings = [axis.ravel() for axis in jnp.meshgrid(flux, energy, indexing="ij")]
    readings = device(antidot).predict(flux=settings[0], energy=settings[1]).reshape(12, 10)
    data = ebs.Observations.on_grid(flux=flux, energy=energy, values=readings)
    where = lambda simulator: simulator.sample.onsite.values
    walk = ebs.specialists.walk_and_descent(ebs.specialists.TwoLevels((0.0, 3.0), flips=500))
    found = ebs.backsolve(
        device(jnp.zeros((6, 6))), data, ebs.methods.Restarts(walk, (walk,), starts=4), where=where, progress=False
    )
    assert found.converged
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    nearest = ebs.inverse.closest_image(found.simulator, mirrors, device(antidot), where)
    # Quadratic convergence passes 1e-6 of the variance on the way to rounding.
    np.testing.assert_allclose(where(nearest), antidot, rtol=0, atol=1e-3)
    assert found.history.evaluations[-1] < 4 * 700


def test_bounds_are_kept():
    bounded = lambda start: eqx.tree_at(values, Squares(jnp.zeros(PATTERN.shape)), jnp.full(PATTERN.shape, start))
    seen = []
    ebs.backsolve(
        bounded(0.5),
        observed(1.0),
        ebs.specialists.TwoLevels((0.0, 1.5), flips=60),
        where=values,
        bounds=(0.0, 1.0),
        progress=False,
        callback=lambda state: seen.append(state.hidden.values) and None,
    )
    assert np.min(seen) >= 0
    assert np.max(seen) <= 1


def test_after_the_walk_each_step_is_one_simulation():
    counts = []
    ebs.backsolve(
        eqx.tree_at(values, Squares(jnp.zeros(PATTERN.shape)), jnp.full(PATTERN.shape, 0.5)),
        observed(1.0),
        ebs.specialists.walk_and_descent(ebs.specialists.TwoLevels((0.0, 1.5), flips=60)),
        where=values,
        progress=False,
        polish=False,
        callback=lambda state: counts.append((int(state.stage), int(state.evaluations))) and None,
    )
    polishing = [evaluations for stage, evaluations in counts if stage == 1]
    assert len(polishing) > 3
    assert set(np.diff(polishing)) == {1}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"levels": (1.0, 1.0)}, r"levels are both 1.0; give two values"),
        ({"flips": 0}, r"flips is 0; give at least 1"),
        ({"share": 0}, r"share is 0; give at least 1"),
    ],
)
def test_what_cannot_be_is_told(wrong, told):
    with pytest.raises(ValueError, match=told):
        ebs.specialists.TwoLevels(**wrong)
