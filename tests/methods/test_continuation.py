"""Continuation: stage after stage, each from the end of the last, and the last without blur and prior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import DECAYS, NEAR_DECAYS, READINGS, LineOfSites, coefficients, rate

import equibacksolve as ebs
from equibacksolve.inverse import KnownMean, make_problem

LM = ebs.LevenbergMarquardt(decrease=1e-10)


def test_stages_follow_each_other():
    schedule = ebs.methods.brisk_schedule()
    states = []
    settings = {"where": rate, "tolerance": 0.0, "progress": False}  # data that count as explained skip stages
    found = ebs.backsolve(
        NEAR_DECAYS, READINGS, ebs.methods.Continuation(LM, LM, schedule), callback=states.append, **settings
    )
    stage = found.history.stage
    assert set(stage) == set(range(schedule.width.shape[0]))
    assert np.all(np.diff(stage) >= 0)
    # A stage begins at the guess with which the last one ended.
    for k in np.flatnonzero(np.diff(stage)):
        np.testing.assert_array_equal(states[k].hidden.rate, states[k + 1].hidden.rate)
    np.testing.assert_allclose(found.simulator.rate, DECAYS.rate, rtol=1e-9)  # the last stage is the plain problem


def test_explained_data_need_no_stage_but_the_last():
    method = ebs.methods.Continuation(LM, LM, ebs.methods.brisk_schedule())
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, progress=False)
    assert set(found.history.stage) == {0, 6}
    assert found.converged


@pytest.mark.parametrize("unit", [1.0, 1e9])
@pytest.mark.parametrize("strength", [0.3, 1e-3])
def test_a_stage_with_a_prior_solves_the_ridge_regression(strength, unit):
    design = np.random.default_rng(0).normal(size=(8, 3)) / unit
    target = np.random.default_rng(1).normal(size=8)
    start = LineOfSites(unit * jnp.array([1.0, 2.0, 3.0]), jnp.asarray(design))
    schedule = ebs.methods.Schedule([0.0], [strength], 0.0)
    found = ebs.backsolve(
        start, ebs.Observations(target), ebs.methods.Continuation(LM, LM, schedule), where=coefficients, progress=False
    )
    last = found.history.snapshots[-1][1].coefficients
    # (A^T A / N + mu) p = A^T y / N + mu c, with c the mean of the start, and mu in units of the trace of A^T A / N.
    mu = strength * np.sum(design**2) / 8
    expected = np.linalg.solve(design.T @ design / 8 + mu * np.eye(3), design.T @ target / 8 + mu * 2.0 * unit)
    # The search ends within 1e-7 of a standard error of the minimum.
    np.testing.assert_allclose(last, expected, atol=1e-6 * unit)


def noisy_line(unit, sigma, **more):
    """A line of sites seen through noise that is known, posed; with its design, target and start beside it."""
    design = np.random.default_rng(0).normal(size=(8, 3)) / unit
    target = np.random.default_rng(1).normal(size=8)
    start = unit * np.array([1.0, 2.0, 4.0])
    simulator = LineOfSites(jnp.asarray(start), jnp.asarray(design))
    problem, hidden = make_problem(simulator, ebs.Observations(target, sigma=sigma), coefficients, **more)
    return problem, hidden, design, target, start


def last_guess(method, problem, hidden):
    state = method.init(problem, hidden, jax.random.key(0))
    while not bool(state.done):
        state = method.step(problem, state)
    return state.hidden.coefficients


@pytest.mark.parametrize("unit", [1.0, 1e9])
@pytest.mark.parametrize("sigma", [0.5, 3.0])
@pytest.mark.parametrize("schedule", [ebs.methods.single_stage(0.0), ebs.methods.Schedule([0.0], [1e-9], 0.0)])
def test_known_noise_calls_for_a_prior_where_the_schedule_has_none_or_a_weaker_one(schedule, sigma, unit):
    """The stage ends at the mode of exp(-(chi-squared + |p - c|^2 / s^2) / 2), s^2 the mean of |p - c|^2 before it."""
    problem, hidden, design, target, start = noisy_line(unit, sigma)
    found = last_guess(ebs.methods.Continuation(LM, LM, schedule), problem, hidden)
    center = np.mean(start)
    precision = 1 / np.mean((start - center) ** 2)
    normal = design.T @ design / sigma**2 + precision * np.eye(3)
    expected = np.linalg.solve(normal, design.T @ target / sigma**2 + precision * center)
    # The search ends within 1e-7 of a standard error of the minimum.
    np.testing.assert_allclose(found, expected, atol=1e-6 * unit)
    plain = np.linalg.lstsq(design, target)[0]
    assert np.max(np.abs(expected - plain)) > 1e-3 * unit  # the prior can be told


def test_the_weight_of_the_prior_is_the_larger_of_schedule_and_noise():
    problem, hidden, _, _, start = noisy_line(1.0, 0.5)
    center = LineOfSites(jnp.full(3, 7 / 3), None)
    heights = jnp.array([2.0])
    weight = lambda strength: ebs.methods.Continuation(LM, LM, ebs.methods.Schedule([0.0], [strength], 0.0)).strength(
        problem, hidden, center, heights, 0
    )
    noise = 1 / (8 * np.mean((start - 7 / 3) ** 2))
    np.testing.assert_allclose(weight(0.0), [noise], rtol=1e-12)
    scheduled = lambda strength: strength * float(problem.spread) / 4
    strong = 4 * noise / float(problem.spread) * 10
    np.testing.assert_allclose(weight(strong), [scheduled(strong)], rtol=1e-12)
    np.testing.assert_allclose(weight(strong / 100), [noise], rtol=1e-12)


@pytest.mark.parametrize("given", [{"sigma": None}, {"sigma": 0.5, "priors": (KnownMean(0.0, 1.0),)}])
def test_unknown_noise_and_priors_of_the_user_call_for_no_further_prior(given):
    problem, hidden, *_ = noisy_line(1.0, **given)
    method = ebs.methods.Continuation(LM, LM, ebs.methods.single_stage(0.0))
    assert np.all(method.strength(problem, hidden, hidden, jnp.ones(1), 0) == 0)


def test_any_optimizer_runs_under_continuation():
    import optax

    descent = ebs.methods.GradientDescent(optax.adam(0.1), steps=jnp.array(40))
    method = ebs.methods.Continuation(descent, descent, ebs.methods.Schedule([0.1, 0.0], [1e-4, 0.0], 1.0))
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, key=jax.random.key(0), progress=False)
    assert set(found.history.stage) == {0, 1}
    assert float(found.cost) < 0.1 * found.history.cost[0]
