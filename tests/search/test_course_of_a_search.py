"""A run is watched, stopped and told about: history, callback, budgets, Ctrl-C, progress, reason."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import EXPLAINED_WELL, NEAR_DECAYS, READINGS, DoubleWell, numbers, place, rate

import equibacksolve as ebs
from equibacksolve.search._history import SNAPSHOTS

LM = ebs.LevenbergMarquardt()
ADAM = ebs.methods.GradientDescent(optax.adam(0.3), steps=jnp.array(30))


def solve(method=ADAM, **more):
    return ebs.backsolve(NEAR_DECAYS, READINGS, method, **{"where": rate, "progress": False, **more})


def test_the_history_has_one_entry_a_step():
    states = []
    found = solve(
        ebs.methods.Restarts(LM, (ebs.methods.coarse_to_fine(LM, LM),), starts=2),
        callback=states.append,
    )
    history = found.history
    assert len(history) == len(states)
    assert {len(history)} == {
        len(column)
        for column in (history.cost, history.best, history.seconds, history.evaluations, history.stage, history.start)
    }
    np.testing.assert_array_equal(history.cost, [float(state.cost) for state in states])
    np.testing.assert_array_equal(history.stage, [int(state.stage) for state in states])
    np.testing.assert_array_equal(history.best, np.minimum.accumulate(history.cost))
    assert np.all(np.diff(history.seconds) > 0)
    # Each step of Levenberg-Marquardt is one simulation.
    np.testing.assert_array_equal(history.evaluations, 1 + np.arange(len(history)))


def test_what_was_found_is_told_in_a_few_lines():
    found = solve()
    told = repr(found)
    assert told.startswith(f"<Solution of {type(found.simulator).__name__}: ")
    assert found.reason in told
    assert f"{len(found.history)} steps" in told
    assert len(told) < 400
    assert repr(found.history.until(0)) == "<History of no step>"


def test_the_cost_of_a_solution_is_the_lowest_of_its_history_and_belongs_to_it():
    found = solve(polish=False)
    assert found.history.cost[-1] > found.history.best[-1]  # Adam at this rate overshoots
    assert float(found.cost) == found.history.best[-1]
    again = float(ebs.mean_squared_error(found.simulator, READINGS))
    assert float(found.cost) == pytest.approx(again, rel=1e-12)


def test_snapshots_are_those_of_their_steps_and_evenly_thinned():
    states = []
    many = ebs.methods.GradientDescent(optax.adam(1e-4), patience=jnp.array(10**6))
    found = solve(many, steps=2 * SNAPSHOTS + 10, callback=states.append)
    steps = np.array([step for step, _ in found.history.snapshots])
    assert len(steps) <= SNAPSHOTS
    assert steps[0] == 0
    assert len(set(np.diff(steps))) == 1
    for step, hidden in found.history.snapshots:
        np.testing.assert_array_equal(numbers(hidden), numbers(states[step].hidden))


def test_ctrl_c_returns_the_best_so_far():
    states = []

    def interrupt(state):
        states.append(state)
        if len(states) == 7:
            raise KeyboardInterrupt

    found = solve(callback=interrupt)
    best = min(states, key=lambda state: float(state.cost))
    np.testing.assert_array_equal(found.simulator.rate, best.hidden.rate)
    assert len(found.history) == 7
    assert "interrupted" in found.reason


def test_ctrl_c_at_the_very_first_step_returns_the_start():
    class Interrupted(ebs.methods.AbstractMethod):
        def init(self, problem, hidden, key):
            raise KeyboardInterrupt

        def step(self, problem, state):
            raise AssertionError

    found = solve(Interrupted())
    np.testing.assert_array_equal(found.simulator.rate, NEAR_DECAYS.rate)
    assert len(found.history) == 0
    assert found.history.best.shape == (0,)


def test_a_callback_ends_the_search_and_sees_every_step():
    found = solve(callback=lambda state: int(state.evaluations) == 4)
    assert len(found.history) == 4
    assert "the callback ended the search" in found.reason
    states = []
    found = solve(callback=states.append)
    assert len(states) == len(found.history)
    assert bool(states[-1].done)


def test_budgets_are_kept_and_named():
    found = solve(steps=5)
    assert len(found.history) == 5
    assert "budget of 5 steps" in found.reason
    found = solve(seconds=0)
    assert len(found.history) == 1
    assert "budget of 0 seconds" in found.reason
    with pytest.raises(ValueError, match="steps must be at least 1"):
        solve(steps=0)


def test_not_converging_is_told_with_advice():
    trapped = DoubleWell(jnp.array(-1.2))
    found = ebs.backsolve(trapped, EXPLAINED_WELL, LM, where=place, progress=False)
    assert not found.converged
    for said in ("not explained", f"{float(found.cost):.2e}", "another key", "bounds=", "sigma="):
        assert said in found.reason
    noisy = ebs.Observations(EXPLAINED_WELL.values, sigma=0.01)
    found = ebs.backsolve(trapped, noisy, LM, where=place, progress=False)
    assert not found.converged
    assert "sigma=" not in found.reason
    assert "wider range" in found.reason


def test_the_tolerance_follows_sigma_and_can_be_set():
    def reached(observed, **more):
        return ebs.backsolve(NEAR_DECAYS, observed, LM, where=rate, progress=False, **more)

    noise = 0.02 * jax.random.normal(jax.random.key(0), READINGS.values.shape)
    observed = ebs.Observations(READINGS.values + noise, sigma=0.02, **READINGS.variables)
    found = reached(observed)
    assert found.converged
    # Chi-squared per datum: twelve residuals of order sigma, two of them fitted.
    assert 0.1 < float(found.cost) < 1 + 3 * (2 / 12) ** 0.5
    assert not reached(observed, tolerance=1e-9).converged
    unknown = ebs.Observations(observed.values, **READINGS.variables)
    assert not reached(unknown).converged
    assert reached(unknown, tolerance=1e-3).converged


def test_progress_is_shown_on_standard_error_unless_switched_off(capsys):
    solve(steps=2, progress=False)
    silent = capsys.readouterr()
    solve(steps=2, progress=True)
    shown = capsys.readouterr()
    assert silent.err == silent.out == shown.out == ""
    for said in ("backsolve", "2 steps", "cost=", "best=", "stage=1", "start=1"):
        assert said in shown.err


class Fragile(ebs.AbstractSimulator):
    """Refuses to predict beyond 3, wherever the number is known; compiled, it cannot tell."""

    place: jax.Array

    def predict(self):
        if not isinstance(self.place, jax.core.Tracer) and bool(jnp.any(self.place > 3)):
            raise ValueError("place is beyond 3.")
        return jnp.atleast_1d(self.place)


def test_a_search_that_leaves_the_models_range_still_returns():
    """Levenberg-Marquardt can run away; what it found must not be lost in an exception."""
    found = ebs.backsolve(
        Fragile(jnp.array([0.0])),
        ebs.Observations(jnp.array([5.0])),
        ebs.LevenbergMarquardt(),
        where=lambda s: s.place,
        tolerance=1e-20,
        progress=False,
    )
    assert float(found.cost) < 1e-20
