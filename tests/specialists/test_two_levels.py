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
from equibacksolve.specialists._flips import more_unlike_neighbours

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


def test_levels_that_are_not_told_are_scaled_by_what_the_data_see():
    """Linear data: the height that changes them by their deviation is known in closed form."""

    class Sums(ebs.AbstractSimulator):
        values: Float[Array, "length width"]

        def observe(self, number):
            return jnp.sum(jnp.where(jnp.arange(20).reshape(4, 5) == number, self.values, 0.0))

    data = ebs.Observations(jnp.asarray(PATTERN.ravel()), number=jnp.arange(20.0))
    problem, hidden = ebs.inverse.make_problem(Sums(jnp.full(PATTERN.shape, 0.25)), data, values)
    state = ebs.specialists.TwoLevels(height=-2.0).init(problem, hidden, jax.random.key(0))
    np.testing.assert_allclose(state.inner.levels[0], 0.25, rtol=1e-12)
    # J is the identity: sum of J^2 is N, so that the height is the standard deviation of the data.
    np.testing.assert_allclose(state.inner.levels[1], 0.25 - 2 * PATTERN.std(), rtol=1e-12)


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
