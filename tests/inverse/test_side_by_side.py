"""Several starts at once: each goes the way it would go alone, and the best one counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import EXPLAINED_WELL, NEAR_DECAYS, READINGS, DoubleWell, numbers, place, rate

import equibacksolve as ebs

LM = ebs.LevenbergMarquardt(steps=12)
SEARCH = ebs.Continuation(LM, LM, ebs.brisk_schedule())


def course(method, start, observed, where):
    states = []
    found = ebs.backsolve(start, observed, method, where=where, progress=False, callback=states.append)
    return found, states


def test_one_start_goes_the_way_of_the_continuation_alone():
    alone, states = course(SEARCH, NEAR_DECAYS, READINGS, rate)
    found, others = course(ebs.SideBySide(SEARCH, starts=1), NEAR_DECAYS, READINGS, rate)
    assert found.converged
    # The same numbers in another order of summation; near the end rounding decides whether a step counts as better.
    many = len([cost for cost in alone.history.cost if cost > 1e-5])  # explained: the alone one skips to the last stage
    np.testing.assert_allclose(found.history.cost[:many], alone.history.cost[:many], rtol=1e-6, atol=1e-22)
    np.testing.assert_array_equal(found.history.stage[:many], alone.history.stage[:many])
    np.testing.assert_array_equal(found.history.evaluations[:many], alone.history.evaluations[:many])
    np.testing.assert_allclose(numbers(others[1].hidden), numbers(states[1].hidden), rtol=1e-9)


def test_it_finds_what_the_first_start_misses():
    # From -1.3 a descent ends in the local minimum below 0; random starts are as wide as `spread` about it.
    start = DoubleWell(jnp.array(-1.3))
    method = ebs.SideBySide(ebs.Continuation(LM, LM, ebs.single_stage()), starts=4, spread=4.0)
    assert not course(ebs.LevenbergMarquardt(), start, EXPLAINED_WELL, place)[0].converged
    found, states = course(method, start, EXPLAINED_WELL, place)
    assert found.converged
    assert float(found.simulator.place) == pytest.approx(1.0, abs=1e-6)
    assert int(states[-1].start) > 0
    costs = np.array([state.inner[0].cost for state in states])
    np.testing.assert_array_equal(found.history.cost, costs.min(axis=1))


def test_starts_must_be_shared_equally():
    with pytest.raises(ValueError, match="give each device as many starts"):
        ebs.backsolve(NEAR_DECAYS, READINGS, ebs.SideBySide(SEARCH, starts=0), where=rate, key=jax.random.key(0))
