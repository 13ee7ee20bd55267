"""Levenberg-Marquardt against SciPy's least squares, and its rates of convergence."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest
import scipy.optimize
from jaxtyping import Array
from toys import DECAYS, EXPLAINED_WELL, LOCAL, NEAR_DECAYS, READINGS, TIME, DoubleWell, numbers, place, rate

import equibacksolve as ebs
from equibacksolve.inverse import make_problem

NOISE = 0.05 * np.random.default_rng(1).normal(size=TIME.size)
NOISY = eqx.tree_at(lambda o: o.values, READINGS, READINGS.values + NOISE)


@pytest.mark.parametrize(
    "method", [ebs.LevenbergMarquardt(decrease=1e-13), optimistix.LevenbergMarquardt(rtol=1e-12, atol=1e-12)]
)
def test_noisy_data_have_the_minimum_that_scipy_finds(method):
    def differences(rates):
        return np.exp(-np.outer(TIME, rates)) @ [1.0, 0.5] - np.asarray(NOISY.values)

    independent = scipy.optimize.least_squares(differences, [0.7, 1.6], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found = ebs.backsolve(NEAR_DECAYS, NOISY, method, where=rate, progress=False)
    # SciPy's Jacobian is a finite difference, good to 1e-8; the residuals at the minimum multiply its error.
    np.testing.assert_allclose(np.sort(found.simulator.rate), np.sort(independent.x), atol=1e-6)
    assert float(found.cost) == pytest.approx(np.mean(independent.fun**2), rel=1e-9)


def errors(damping) -> np.ndarray:
    states = []
    near = eqx.tree_at(rate, DECAYS, DECAYS.rate + jnp.array([0.05, -0.1]))
    method = ebs.LevenbergMarquardt(**({} if damping is None else {"step_length": ebs.methods.Damping(damping)}))
    ebs.backsolve(near, READINGS, method, where=rate, progress=False, callback=states.append)
    return np.array([np.linalg.norm(numbers(state.hidden) - DECAYS.rate) for state in states])


def test_without_damping_the_error_is_squared_at_every_step():
    e = errors(1e-14)
    e = e[e > 1e-7]  # below, rounding shows in the square
    assert len(e) >= 3
    # The ratio is half the curvature over the slope of the data, of order one for rates of order one.
    assert np.all(e[1:] <= 2 * e[:-1] ** 2)


def test_with_damping_each_step_gains_more_than_the_last():
    e = errors(0.1)
    e = e[e > 1e-12]
    gains = e[1:] / e[:-1]
    assert len(gains) >= 4
    # The damping falls by 4 a step, and the error of a step is the damping's once it is small.
    assert np.all(gains[2:] < gains[1:-1] / 2)


def test_the_objective_never_rises():
    found = ebs.backsolve(NEAR_DECAYS, NOISY, ebs.LevenbergMarquardt(), where=rate, progress=False)
    assert np.all(np.diff(found.history.cost) <= 0)


def test_it_ends_where_the_minimum_is_a_ten_millionth_of_a_standard_error_away():
    """The root of N g^T H^-1 g / noise, by the derivatives written by hand; the noise is what remains."""
    problem, hidden = make_problem(NEAR_DECAYS, NOISY, rate)
    method, away = ebs.LevenbergMarquardt(), []
    state = method.init(problem, hidden, jax.random.key(0))
    while not bool(state.done):
        state = method.step(problem, state)
        curves = np.exp(-np.outer(TIME, state.inner.point.rate)) * [1.0, 0.5]
        r = curves.sum(axis=1) - np.asarray(NOISY.values)
        jacobian = -np.asarray(TIME)[:, None] * curves
        slope = r @ jacobian
        away.append(np.sqrt(slope @ np.linalg.solve(jacobian.T @ jacobian, slope) / np.mean(r**2)))
    assert away[-1] < 1.06e-7 < min(away[:-1])  # the root of 50 roundings


def test_a_local_minimum_is_where_the_closed_form_has_it():
    found = ebs.backsolve(
        DoubleWell(jnp.array(-1.3)), EXPLAINED_WELL, ebs.LevenbergMarquardt(decrease=1e-14), where=place, progress=False
    )
    assert not found.converged
    # Where residuals remain, the gain per step is linear; it ends when the cost changes by rounding, 1e-16 = (1e-8)^2.
    assert float(found.simulator.place) == pytest.approx(LOCAL, abs=1e-7)


def test_it_works_in_single_precision():
    single = lambda tree: jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)
    found = ebs.backsolve(
        single(NEAR_DECAYS), single(READINGS), ebs.LevenbergMarquardt(), where=rate, tolerance=1e-9, progress=False
    )
    assert found.converged
    assert found.simulator.rate.dtype == jnp.float32


class Slopes(ebs.AbstractSimulator):
    """Residuals (x, y / 10), of two sites of a map."""

    place: Array = eqx.field(metadata={"smooth": True})

    def predict(self, weight):
        return weight * self.place


def path(method) -> np.ndarray:
    """The points that a search passes, from (1, 1)."""
    states, observed = [], ebs.Observations(jnp.zeros(2), weight=jnp.array([1.0, 0.1]))
    settings = {"where": place, "tolerance": 0.0, "progress": False, "callback": states.append}
    ebs.backsolve(Slopes(jnp.ones(2)), observed, method, **settings)
    return np.array([np.asarray(state.inner.point.place) for state in states])


def test_little_ease_fits_first_what_the_data_know_best():
    """Along dx/dt = -x, dy/dt = -y / 100 the exact path is y = x^(1/100).

    Implicit Euler steps that grow by a fifth each follow it to 6 % here; Gauss-Newton steps go straight to the end.
    """
    descent = ebs.LevenbergMarquardt(110, patience=20, decrease=0.12, step_length=ebs.methods.Damping(0.03, 1.2, 1e4))
    x, y = np.abs(path(descent)).T
    on_the_way = x > 1e-3
    np.testing.assert_allclose(y[on_the_way], x[on_the_way] ** 0.01, rtol=0.06)
    assert np.sum(on_the_way) > 10
    assert y[-1] < 0.1  # and the path goes on to the end of the slow part
    x, y = np.abs(path(ebs.LevenbergMarquardt())).T
    assert np.all(y[(x < 0.1)] < 0.3)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_a_heavy_ball_in_a_parabola_swings_as_calculated(momentum):
    """x' = x - a x + m (x - x_before) with a = c / (c + D): a sum of powers of the roots of r^2 - (1 - a + m) r + m.

    With a damping that stays as it is. D = 9 makes the steep slope swing, and the flat one creep.
    """
    curvature, damped = np.array([1.0, 0.01]), 9.0
    damping = damped / (4 * 1e4 * curvature.mean())  # the first look is made with four times the damping
    method = ebs.LevenbergMarquardt(60, 64, 0.0, ebs.methods.Damping(damping, 1.0, 1e4), momentum, 64)
    fraction = curvature / (curvature + damped)
    steps = np.arange(60)[:, None]
    plus, minus = (
        (1 - fraction + momentum + sign * np.sqrt((1 - fraction + momentum) ** 2 - 4 * momentum + 0j)) / 2
        for sign in (1, -1)
    )
    share = (1 - fraction - minus) / (plus - minus)
    expected = share * plus**steps + (1 - share) * minus**steps
    if momentum == 0.9:
        assert np.min(expected[:, 0].real) < -0.5  # it does swing
    # Rounding: sixty steps, each good to a few units in the last place.
    np.testing.assert_allclose(path(method)[:60], expected.real, rtol=0, atol=1e-12)


def test_the_first_step_of_a_heavy_ball_is_damped_by_a_few_per_cent_of_the_mean_curvature():
    """Alike for both unknowns: (H + D) dx = -H x. D = 4 x 0.03 mean(H), decreased once by the look at the start."""
    curvature = np.array([1.0, 0.01])
    damped = 4 * 0.03 * curvature.mean() / 1.1
    np.testing.assert_allclose(path(ebs.methods.heavy_ball())[1], damped / (curvature + damped), rtol=1e-12)


def test_the_first_step_of_a_stage_is_damped_by_a_tenth_of_each_curvature():
    """(H + 0.1 diag H) dx = -H x leaves 0.1 / 1.1 of every unknown."""
    np.testing.assert_allclose(path(ebs.methods.stage_of_search())[1], 0.1 / 1.1, rtol=1e-12)


class Ripples(ebs.AbstractSimulator):
    """Data (p, 0.3 (1 - cos 6 p)) for each coordinate: a parabola with a valley at about every multiple of 1.

    Its slope is p + 0.54 (1 - cos 6 p) sin 6 p, and the valleys are where that rises through 0.
    """

    place: Array

    def predict(self):
        return jnp.concatenate([self.place, 0.3 * (1 - jnp.cos(6 * self.place))])


VALLEY = scipy.optimize.brentq(lambda p: p + 0.54 * (1 - np.cos(6 * p)) * np.sin(6 * p), 0.67, 0.8)
"""The one next to the truth, which is 0."""


@pytest.mark.parametrize("start", [[3.0, -2.3], [1.5, 2.6], [-2.0, -3.0]])
def test_a_heavy_ball_rolls_over_the_ripples_that_end_a_descent(start):
    states = []

    def search(method):
        states.clear()
        settings = {"where": place, "tolerance": 1e-12, "progress": False, "callback": states.append}
        return ebs.backsolve(Ripples(jnp.array(start)), ebs.Observations(jnp.zeros(4)), method, **settings)

    # Both begin with steps that are small beside a ripple: a long first one would be luck.
    ball = ebs.methods.heavy_ball()
    ball = dataclasses.replace(ball, step_length=dataclasses.replace(ball.step_length, first=jnp.array(0.03)))
    descent = ebs.LevenbergMarquardt(ball.steps, ball.patience, ball.decrease, ball.step_length)
    np.testing.assert_allclose(np.abs(search(descent).simulator.place), VALLEY, atol=1e-3)
    search(ball)
    best, here = (
        np.array(costs) for costs in ([s.cost for s in states], [s.inner.objectives.taken[-1] for s in states])
    )
    assert np.any(np.diff(here) > 0)  # it went uphill on the way,
    assert np.all(np.diff(best) <= 0)  # and kept the best guess
    assert best[-1] == np.min(here)
    polished = search(ebs.methods.finished(ball, last=ebs.LevenbergMarquardt()))
    assert polished.converged
    np.testing.assert_allclose(polished.simulator.place, 0.0, atol=1e-5)


@pytest.mark.parametrize("nonmonotone", [0, 65])
def test_a_step_uphill_from_what_is_not_remembered_is_refused(nonmonotone):
    with pytest.raises(ValueError, match=f"nonmonotone is {nonmonotone}; give 1 to 64 steps"):
        ebs.LevenbergMarquardt(nonmonotone=nonmonotone)


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_momentum_that_would_never_come_to_rest_is_refused(momentum):
    with pytest.raises(ValueError, match=f"momentum is {momentum:g}; give a part of a step"):
        ebs.LevenbergMarquardt(momentum=momentum)


@pytest.mark.parametrize("patience", [0, 65])
def test_a_patience_that_cannot_be_kept_is_refused(patience):
    with pytest.raises(ValueError, match=f"patience is {patience}; give 1 to 64 steps"):
        ebs.LevenbergMarquardt(patience=patience)
