"""Stages: one after another, each from the end of the last, and the last without blur and prior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import DECAYS, NEAR_DECAYS, READINGS, LineOfSites, coefficients, rate

import equibacksolve as ebs
from equibacksolve.inverse import KnownMean, make_problem

LM = ebs.LevenbergMarquardt(decrease=1e-10)


def test_stages_follow_each_other():
    method, states = ebs.methods.coarse_to_fine(LM, LM), []
    settings = {"where": rate, "tolerance": 0.0, "progress": False}  # data that count as explained skip stages
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, callback=states.append, **settings)
    stage = found.history.stage
    assert set(stage) == set(range(len(method.stages)))
    assert np.all(np.diff(stage) >= 0)
    # A stage begins at the guess with which the last one ended.
    for k in np.flatnonzero(np.diff(stage)):
        np.testing.assert_array_equal(states[k].hidden.rate, states[k + 1].hidden.rate)
    np.testing.assert_allclose(found.simulator.rate, DECAYS.rate, rtol=1e-9)  # the last stage is the plain problem


def test_explained_data_need_no_stage_but_the_last():
    method = ebs.methods.coarse_to_fine(LM, LM)
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, progress=False)
    assert set(found.history.stage) == {0, 7}
    assert found.converged


def held_by(strength):
    """One stage of Levenberg-Marquardt under a prior of this strength, for sites independent of each other."""
    return ebs.methods.Stages((ebs.methods.Stage(LM, strength=strength),), length=0.0)


@pytest.mark.parametrize("unit", [1.0, 1e9])
@pytest.mark.parametrize("strength", [0.3, 1e-3])
def test_a_stage_with_a_prior_solves_the_ridge_regression(strength, unit):
    design = np.random.default_rng(0).normal(size=(8, 3)) / unit
    target = np.random.default_rng(1).normal(size=8)
    start = LineOfSites(unit * jnp.array([1.0, 2.0, 3.0]), jnp.asarray(design))
    method = held_by(strength)
    found = ebs.backsolve(start, ebs.Observations(target), method, where=coefficients, progress=False)
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
@pytest.mark.parametrize("strength", [0.0, 1e-9])
def test_known_noise_calls_for_a_prior_where_the_stage_has_none_or_a_weaker_one(strength, sigma, unit):
    """The stage ends at the mode of exp(-(chi-squared + |p - c|^2 / s^2) / 2), s^2 the mean of |p - c|^2 before it."""
    problem, hidden, design, target, start = noisy_line(unit, sigma)
    found = last_guess(held_by(strength), problem, hidden)
    center = np.mean(start)
    precision = 1 / np.mean((start - center) ** 2)
    normal = design.T @ design / sigma**2 + precision * np.eye(3)
    expected = np.linalg.solve(normal, design.T @ target / sigma**2 + precision * center)
    # The search ends within 1e-7 of a standard error of the minimum.
    np.testing.assert_allclose(found, expected, atol=1e-6 * unit)
    plain = np.linalg.lstsq(design, target)[0]
    assert np.max(np.abs(expected - plain)) > 1e-3 * unit  # the prior can be told


def height_of_the_prior(problem, hidden, strength):
    """Of the only leaf, in the first stage."""
    return held_by(strength).init(problem, hidden, jax.random.key(0)).inner[1].prior.height[0]


def test_the_prior_is_the_stronger_one_of_stage_and_noise():
    problem, hidden, design, _, start = noisy_line(1.0, 0.5)
    of_noise = np.sqrt(np.mean((start - 7 / 3) ** 2))
    np.testing.assert_allclose(height_of_the_prior(problem, hidden, 0.0), of_noise, rtol=1e-12)
    # A change of all sites by h changes the data by their deviation: h^2 |J|^2 = N spread. Strength 1 holds them so.
    seen = np.sqrt(8 * float(problem.spread) / np.sum(design**2 / 0.5**2))
    scheduled = lambda strength: seen / np.sqrt(strength * float(problem.spread) * 8)
    strong = (seen / of_noise) ** 2 / (float(problem.spread) * 8) * 10
    np.testing.assert_allclose(height_of_the_prior(problem, hidden, strong), scheduled(strong), rtol=1e-12)
    np.testing.assert_allclose(height_of_the_prior(problem, hidden, strong / 100), of_noise, rtol=1e-12)


@pytest.mark.parametrize("given", [{"sigma": None}, {"sigma": 0.5, "priors": (KnownMean(0.0, 1.0),)}])
def test_unknown_noise_and_priors_of_the_user_call_for_no_further_prior(given):
    problem, hidden, *_ = noisy_line(1.0, **given)
    assert np.isinf(height_of_the_prior(problem, hidden, 0.0))


def test_lengths_are_drawn_with_the_key_of_the_start():
    problem, hidden, *_ = noisy_line(1.0, 0.5)
    method = ebs.methods.Stages((LM,), length=(0.5, 4.0))
    lengths = [method.init(problem, hidden, jax.random.key(n)).inner[1].length for n in range(40)]
    assert 0.5 <= min(lengths) < 1.0
    assert 3.5 < max(lengths) <= 4.0
    again = method.init(problem, hidden, jax.random.key(3)).inner[1].length
    assert again == lengths[3]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"stages": ()}, "stages is empty; give at least one method"),
        ({"stages": (LM,), "length": (2.0, 1.0)}, r"length is \(2, 1\); give one number, or two in order"),
        ({"stages": (LM,), "length": -1.0}, "length is -1; give entries of the leaf, from 0"),
    ],
)
def test_what_cannot_be_is_told(wrong, told):
    with pytest.raises(ValueError, match=told):
        ebs.methods.Stages(**wrong)


def test_any_optimizer_runs_in_stages():
    import optax

    descent = ebs.methods.GradientDescent(optax.adam(0.1), steps=jnp.array(40))
    method = ebs.methods.Stages((ebs.methods.Stage(descent, blur=0.1, strength=1e-4), descent))
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, key=jax.random.key(0), progress=False)
    assert set(found.history.stage) == {0, 1}
    assert float(found.cost) < 0.1 * found.history.cost[0]
