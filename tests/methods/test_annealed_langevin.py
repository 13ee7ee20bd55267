"""Annealed Langevin dynamics: its time step and temperature follow from curvatures, and warmth from the temperature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from toys import Line, LineOfSites, coefficients

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.methods import AnnealedLangevin
from equibacksolve.methods._annealed_langevin import _curvatures

RANDOM = np.random.default_rng(0)
DESIGN = RANDOM.normal(size=(40, 12))


def posed(design, kind=Line, **more):
    start = kind(jnp.zeros(design.shape[1]), jnp.asarray(design))
    return make_problem(start, ebs.Observations(design @ np.ones(design.shape[1]), **more), coefficients)


@pytest.mark.parametrize("sigma", [None, 0.2])
def test_curvatures_are_those_of_the_cost(sigma):
    problem, hidden = posed(DESIGN, sigma=sigma)
    largest, mean, cost = _curvatures(problem, hidden, jax.random.key(0))
    eigenvalues = np.linalg.eigvalsh(2 * DESIGN.T @ DESIGN / 40) / (1 if sigma is None else sigma**2)
    # The power iteration is stopped early; eight probes of twelve unknowns miss the trace by their scatter.
    assert 0.8 * eigenvalues[-1] < float(largest) <= eigenvalues[-1] * (1 + 1e-12)
    assert float(mean) == pytest.approx(eigenvalues.mean(), rel=0.3)
    assert float(cost) == pytest.approx(float(problem.cost(hidden)), rel=1e-12)


def test_unknowns_wander_as_far_as_they_are_told():
    """With one curvature c for all, x and v are autoregressions: a discrete Lyapunov equation has their covariance."""
    unknowns, friction, far = 400, 0.1, 0.05
    problem, hidden = posed(np.eye(unknowns) * 3.0)
    method = AnnealedLangevin(far, far, steps=10**6, friction=friction, together=1500)
    problem = problem.staged(None)
    state = method.step(problem, method.init(problem, hidden, jax.random.key(1)))
    step, curvature, kept = float(state.inner.time_step), float(state.inner.curvature), 1 - friction
    assert curvature == pytest.approx(2 * 9 / unknowns, rel=1e-10)
    assert step == pytest.approx(curvature**-0.5, rel=1e-10)
    # v' = k (v - dt c x) + n, x' = x + dt v'.
    velocity = np.array([-kept * step * curvature, kept])
    forward = np.stack([[1, 0] + step * velocity, velocity])
    noise = np.sqrt((1 - kept**2) * far**2 * curvature) * np.array([step, 1.0])
    expected = scipy.linalg.solve_discrete_lyapunov(forward, np.outer(noise, noise))[0, 0] ** 0.5
    assert expected == pytest.approx(far, rel=0.3)  # told and true distance agree but for the finite step
    away = np.asarray(state.inner.hidden.coefficients) - 1
    # 400 independent samples: their standard deviation is known to 1 / sqrt(800) = 3.5 %; three of that.
    assert away.std() == pytest.approx(expected, rel=0.105)


def test_the_best_guess_counts_and_the_key_decides():
    start = Line(jnp.zeros(12), jnp.asarray(DESIGN))
    observed = ebs.Observations(DESIGN @ np.ones(12) + 0.1 * RANDOM.normal(size=40))
    solve = lambda key: ebs.backsolve(
        start,
        observed,
        AnnealedLangevin(0.1, 0.01, steps=3000),
        where=coefficients,
        key=key,
        progress=False,
        polish=False,
    )
    found, again, other = solve(0), solve(0), solve(1)
    assert np.all(np.diff(found.history.cost) <= 0)
    np.testing.assert_array_equal(found.simulator.coefficients, again.simulator.coefficients)
    assert not np.array_equal(found.simulator.coefficients, other.simulator.coefficients)
    least = np.linalg.lstsq(DESIGN, np.asarray(observed.values), rcond=None)[1][0] / 40
    # The last 200 steps, which have no noise, damp the softest unknowns to a hundredth of what they wandered before.
    assert float(found.cost) == pytest.approx(least, rel=1e-2)


def test_bounds_and_priors_hold():
    start = LineOfSites(jnp.full(12, 0.5), jnp.asarray(DESIGN))
    observed = ebs.Observations(DESIGN @ np.linspace(-1, 2, 12), sigma=0.1)
    method = AnnealedLangevin(0.1, 0.001, steps=2000)
    settings = {"where": coefficients, "progress": False, "polish": False, "prior": ebs.KnownMean(0.0, 1e-3)}
    found = ebs.backsolve(start, observed, method, bounds=(0.0, 1.0), **settings)
    assert np.all((found.simulator.coefficients >= 0) & (found.simulator.coefficients <= 1))
    free = ebs.backsolve(start, observed, method, **settings)
    problem, hidden = make_problem(start, observed, coefficients, priors=(settings["prior"],))
    assert float(method.init(problem, hidden, jax.random.key(0)).penalty) == float(problem.penalty(hidden)) > 1
    # A mean known to 1e-3 beside data that would have 0.5.
    assert abs(float(jnp.mean(free.simulator.coefficients))) < 0.3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"hot": 0.0}, "hot is 0 and cold 0.1; give distances above 0"),
        ({"cold": 2.0}, "hot is 1 and cold 2; give distances"),
        ({"friction": 0.0}, "friction is 0; give a part"),
        ({"steps": 0}, "steps is 0; give at least 1"),
        ({"together": 0}, "together is 0; give at least 1"),
    ],
)
def test_what_cannot_be_a_dynamics_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        AnnealedLangevin(**{"hot": 1.0, "cold": 0.1, **wrong})
