"""A search in a box around two levels: where the box is, and that a pattern is found in it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.methods import heavy_ball as ball

RING = np.pad(np.ones((4, 4)), 1) - np.pad(np.ones((2, 2)), 2)


class Entries(ebs.AbstractSimulator):
    """Every entry is a datum."""

    values: Float[Array, "length width"]

    def observe(self, number):
        return jnp.sum(jnp.where(jnp.arange(36).reshape(6, 6) == number, self.values, 0.0))


def values(simulator):
    return simulator.values


def posed(start, bounds=None):
    data = ebs.Observations(jnp.asarray(RING.ravel()), number=jnp.arange(36.0))
    return ebs.inverse.make_problem(Entries(start), data, values, bounds)


def placed(problem, hidden, **box):
    """The start that a box around the levels makes of `hidden`, and the ends of the box."""
    start, ends = ebs.methods.Box(**box).around(problem, hidden, jax.random.key(0))
    return start.values, [np.asarray(end.values) for end in ends]


def in_a_box(**box):
    """Steps with momentum in the box, and Levenberg-Marquardt without it."""
    return ebs.methods.finished(ebs.methods.Stage(ball(), box=ebs.methods.Box(**box)), last=ebs.LevenbergMarquardt())


@pytest.mark.parametrize("height", [1.5, -1.5])
def test_the_box_is_scaled_by_what_the_data_see(height):
    """J is the identity, so that the height that changes the data by their deviation is that deviation."""
    noise = jax.random.uniform(jax.random.key(0), (6, 6), float, -0.1, 0.1)
    problem, hidden = posed(noise)
    start, box = placed(problem, hidden, height=height)
    one, distance = float(jnp.mean(noise)), height * RING.std()
    ends = sorted([one - 0.3 * distance, one + 1.3 * distance])
    np.testing.assert_allclose(box, np.broadcast_to(np.array(ends)[:, None, None], (2, 6, 6)), rtol=1e-12)
    np.testing.assert_allclose(start, noise + 0.2 * distance, rtol=1e-12)


def test_levels_that_are_told_need_no_simulation_and_the_start_is_brought_to_the_first():
    problem, hidden = posed(jnp.full((6, 6), 7.0))
    start, box = placed(problem, hidden, levels=(0.0, 2.0), margin=0.25)
    np.testing.assert_allclose(box, [np.full((6, 6), -0.5), np.full((6, 6), 2.5)], rtol=1e-12)
    np.testing.assert_allclose(start, 0.4, rtol=1e-12)
    for levels, simulations in ((None, 1), ((0.0, 2.0), 0)):
        stages = ebs.methods.Stages((ebs.methods.Stage(ball(), box=ebs.methods.Box(levels)),))
        assert stages.init(problem, hidden, jax.random.key(0)).evaluations == simulations


def test_heights_and_sides_are_drawn_with_the_key():
    """J is the identity, and the start is even: the other level is the height, in deviations of the data."""
    problem, hidden = posed(jnp.zeros((6, 6)))
    box = ebs.methods.Box(height=(0.8, 1.25), against=0.25)
    starts = [box.around(problem, hidden, jax.random.key(n))[0].values[0, 0] for n in range(60)]
    heights = np.array(starts) / 0.2 / RING.std()
    assert np.all((np.abs(heights) >= 0.8) & (np.abs(heights) <= 1.25))
    assert np.ptp(np.abs(heights)) > 0.4
    assert 5 <= np.sum(heights < 0) <= 25  # 15 are expected, give or take 3.4


@pytest.mark.parametrize(("start", "expected"), [(0.5, (0.4, 0.8)), (0.8, (0.1, 0.8))])
def test_bounds_are_kept_and_are_all_that_holds_where_the_levels_coincide(start, expected):
    problem, hidden = posed(jnp.full((6, 6), start), bounds=(0.1, 0.8))
    levels = None if start == 0.8 else (0.5, 0.8)
    begun, (lower, upper) = placed(problem, hidden, levels=levels, margin=1 / 3)
    np.testing.assert_allclose([lower[0, 0], upper[0, 0]], expected, rtol=1e-12)
    assert np.all((begun >= lower) & (begun <= upper))


def test_no_step_leaves_the_box_and_the_last_stage_does():
    """The truth has a site on 3, far outside of a box around 0 and 1."""
    truth = jnp.asarray(RING).at[0, 0].set(3.0)
    data = ebs.Observations(truth.ravel(), number=jnp.arange(36.0))
    states = []
    method = in_a_box(levels=(0.0, 1.0))
    start = Entries(jnp.zeros((6, 6)))
    found = ebs.backsolve(start, data, method, where=values, progress=False, callback=states.append)
    inside = np.array([state.hidden.values for state in states if state.stage == 0])
    assert inside.min() >= -0.3
    assert inside.max() == 1.3
    assert found.converged
    # Converged means a millionth of the variance, of 36 data: 6e-3 sd of one entry at most.
    np.testing.assert_allclose(found.simulator.values, truth, rtol=0, atol=6e-3 * float(jnp.std(truth)))
    evaluations = [int(state.evaluations) for state in states]
    assert np.all(np.diff(evaluations) >= 1)


def test_two_rings_from_a_conductance_map():
    """A ring of height 1 on 6 x 6 sites, up and down: one of four balls, from starts near zero, finds it."""
    device = lambda potential: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(1.6))
    flux, energy = jnp.linspace(0, 0.4, 12), jnp.linspace(-1, 1, 10)
    settings = [axis.ravel() for axis in jnp.meshgrid(flux, energy, indexing="ij")]
    where = lambda simulator: simulator.sample.onsite.values
    start = device(0.1 * jax.random.uniform(jax.random.key(4), (6, 6), float, -1.0, 1.0))
    for height in (1.0, -1.0):
        truth = device(jnp.asarray(height * RING).at[0, 0].set(height))
        readings = truth.predict(flux=settings[0], energy=settings[1]).reshape(12, 10)
        data = ebs.Observations.on_grid(flux=flux, energy=energy, values=readings)
        search = in_a_box(height=height)
        method = ebs.methods.Restarts(search, (search,), starts=4)
        found = ebs.backsolve(start, data, method, where=where, progress=False)
        assert found.converged
        mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
        nearest = ebs.inverse.closest_image(found.simulator, mirrors, truth, where)
        # Quadratic convergence passes 1e-6 of the variance on the way to rounding.
        np.testing.assert_allclose(where(nearest), where(truth), rtol=0, atol=1e-3)


def test_a_compiled_step_serves_for_every_height():
    leaves = lambda height: jax.tree.structure(ebs.methods.Box(height=height))
    assert leaves(1.0) == leaves(-0.8) == leaves((0.8, 1.25))
    assert eqx.tree_equal(ebs.methods.Box(), ebs.methods.Box(height=1.0))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"levels": (1.0, 1.0)}, r"levels are both 1.0; give two"),
        ({"margin": -0.1}, r"margin is -0.1; give at least 0"),
        ({"height": (2.0, 1.0)}, r"height is \(2, 1\); give one number, or two in order"),
        ({"against": 1.5}, r"against is 1.5; give a part of the starts"),
    ],
)
def test_what_cannot_be_is_told(wrong, told):
    with pytest.raises(ValueError, match=told):
        ebs.methods.Box(**wrong)
