"""Continuation: stage after stage, each from the end of the last, and the last without blur and prior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import DECAYS, NEAR_DECAYS, READINGS, LineOfSites, coefficients, rate

import equibacksolve as ebs

LM = ebs.LevenbergMarquardt(decrease=1e-10)


def test_stages_follow_each_other():
    schedule = ebs.brisk_schedule()
    states = []
    settings = {"where": rate, "tolerance": 0.0, "progress": False}  # data that count as explained skip stages
    found = ebs.backsolve(NEAR_DECAYS, READINGS, ebs.Continuation(LM, LM, schedule), callback=states.append, **settings)
    stage = found.history.stage
    assert set(stage) == set(range(schedule.width.shape[0]))
    assert np.all(np.diff(stage) >= 0)
    # A stage begins at the guess with which the last one ended.
    for k in np.flatnonzero(np.diff(stage)):
        np.testing.assert_array_equal(states[k].hidden.rate, states[k + 1].hidden.rate)
    np.testing.assert_allclose(found.simulator.rate, DECAYS.rate, rtol=1e-9)  # the last stage is the plain problem


def test_explained_data_need_no_stage_but_the_last():
    method = ebs.Continuation(LM, LM, ebs.brisk_schedule())
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, progress=False)
    assert set(found.history.stage) == {0, 4}
    assert found.converged


@pytest.mark.parametrize("unit", [1.0, 1e9])
@pytest.mark.parametrize("strength", [0.3, 1e-3])
def test_a_stage_with_a_prior_solves_the_ridge_regression(strength, unit):
    design = np.random.default_rng(0).normal(size=(8, 3)) / unit
    target = np.random.default_rng(1).normal(size=8)
    start = LineOfSites(unit * jnp.array([1.0, 2.0, 3.0]), jnp.asarray(design))
    schedule = ebs.Schedule([0.0], [strength], 0.0)
    found = ebs.backsolve(
        start, ebs.Observations(target), ebs.Continuation(LM, LM, schedule), where=coefficients, progress=False
    )
    last = found.history.snapshots[-1][1].coefficients
    # (A^T A / N + mu) p = A^T y / N + mu c, with c the mean of the start, and mu in units of the trace of A^T A / N.
    mu = strength * np.sum(design**2) / 8
    expected = np.linalg.solve(design.T @ design / 8 + mu * np.eye(3), design.T @ target / 8 + mu * 2.0 * unit)
    # The search ends within 1e-7 of a standard error of the minimum.
    np.testing.assert_allclose(last, expected, atol=1e-6 * unit)


def test_any_optimizer_runs_under_continuation():
    import optax

    descent = ebs.GradientDescent(optax.adam(0.1), steps=jnp.array(40))
    method = ebs.Continuation(descent, descent, ebs.Schedule([0.1, 0.0], [1e-4, 0.0], 1.0))
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, key=jax.random.key(0), progress=False)
    assert set(found.history.stage) == {0, 1}
    assert float(found.cost) < 0.1 * found.history.cost[0]
