"""A run directory: what is in it, and what goes on after spent budgets, Ctrl-C and from other cores."""

import functools
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from short_runs import ADAM, names, same, solve
from toys import HEIGHT, NEAR_DECAYS, READINGS, Decays, numbers, rate

import equibacksolve as ebs
from equibacksolve.search._fingerprint import fingerprint

RATE = NEAR_DECAYS.rate


def test_what_is_in_a_run_directory(tmp_path):
    found = solve(tmp_path, steps=5)
    assert names(tmp_path) == [
        *("checkpoint-000001.npz", "checkpoint-000005.npz"),  # the first says early whether it can be written
        *("lock", "observed.npz", "run.json", "solution.npz", "steps.jsonl"),
    ]
    settings = json.loads((tmp_path / "run.json").read_text())
    assert settings["hidden"] == {".rate": [2]}
    assert settings["data"] == {"values": 12, "variables": ["time"], "sigma": None}
    assert settings["processes"][0]["budget"] == {"steps": 5, "seconds": 300}
    assert settings["versions"]["jax"] == jax.__version__
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [line["cost"] for line in lines] == found.history.cost.tolist()
    assert [line["step"] for line in lines] == [0, 1, 2, 3, 4]
    assert same(ebs.load_solution(tmp_path), found)
    assert fingerprint(ebs.load_observations(tmp_path)) == fingerprint(READINGS)


def test_spent_budgets_can_be_raised_and_a_run_that_has_ended_stays_as_it_is(tmp_path):
    whole = solve()
    assert "budget of 7 steps" in solve(tmp_path, steps=7, resume=True).reason  # nothing there yet: it begins
    assert "budget of 7 steps" in solve(tmp_path, steps=7, resume=True).reason
    assert "budget of 0 seconds" in solve(tmp_path, seconds=0, resume=True).reason
    assert len(solve(tmp_path, steps=12, resume=True).history) == 12
    assert same(solve(tmp_path, resume=True), whole)
    assert same(solve(tmp_path, resume=True), whole)
    began = json.loads((tmp_path / "run.json").read_text())["processes"]
    assert [process["at_step"] for process in began] == [0, 7, 7, 7, 12, 40]


def test_seconds_are_those_of_all_processes(tmp_path):
    spent = solve(tmp_path, steps=3).history.seconds_now
    found = solve(tmp_path, seconds=spent / 2, resume=True)
    assert len(found.history) == 3
    assert "seconds is used up" in found.reason
    found = solve(tmp_path, steps=4, resume=True)
    assert found.history.seconds[3] > spent


def test_the_bar_of_a_resumed_run_begins_where_it_was_and_tells_the_time_left(tmp_path, capsys):
    solve(tmp_path, steps=7)
    solve(tmp_path, steps=8, resume=True, progress=True, seconds=3600)
    shown = capsys.readouterr().err
    assert "7 steps" in shown
    assert "8 steps" in shown
    for said in ("cost=", "best=", "stage=1", "start=1"):
        assert said in shown
    assert re.search("left=3(600|59[0-9]) s", shown)  # a busy machine takes a second for eight steps


def test_ctrl_c_and_a_callback_that_fails_leave_a_checkpoint_of_the_last_step(tmp_path):
    def at_step_7(error):
        def callback(state):
            if int(state.evaluations) == 7:
                raise error

        return callback

    found = solve(tmp_path / "a", callback=at_step_7(KeyboardInterrupt()))
    assert "interrupted" in found.reason
    assert float(found.cost) == found.history.best[-1]
    with pytest.raises(ZeroDivisionError):
        solve(tmp_path / "b", callback=at_step_7(ZeroDivisionError()))
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert "checkpoint-000007.npz" in names(folder)
        assert same(solve(folder, resume=True), solve())


def test_every_method_can_be_interrupted_and_resumed(tmp_path):
    """States of every structure: keys, weak types, optax's and optimistix's own, other methods' within."""
    import optimistix

    lm = ebs.LevenbergMarquardt(steps=2)
    methods = {
        "optimistix": optimistix.BFGS(rtol=1e-8, atol=1e-8),
        "mixed": ebs.methods.Restarts(
            lm,
            (
                ebs.methods.Restarts(lm, (lm,), starts=2, guesses=ebs.methods.ImagesOfTheEnd((ebs.Negation(rate),))),
                ADAM,
            ),
            starts=4,
        ),
        "hopping": ebs.methods.Restarts(ADAM, (lm,), starts=5, guesses=ebs.specialists.Kicks()),
        "parallel": ebs.methods.Restarts(lm, (ebs.methods.finished(lm, last=lm), ADAM), starts=4, parallel=2),
    }
    for name, method in methods.items():
        whole = solve(method=method, steps=12)
        for steps in (3, 5, 8, 12):
            found = solve(tmp_path / name, method=method, steps=steps, resume=True)
        assert same(found, whole), name


def test_a_run_keeps_its_searches_at_a_time_on_a_machine_with_other_cores(tmp_path):
    lm = ebs.LevenbergMarquardt(steps=4)
    method = lambda parallel: ebs.methods.Restarts(lm, (lm,), starts=5, parallel=parallel)
    whole = solve(method=method(2))
    solve(tmp_path, method=method(2), steps=3)
    assert same(solve(tmp_path, method=method(1), resume=True), whole)
    assert not np.array_equal(solve(method=method(1)).history.cost, whole.history.cost)


def test_fingerprints_tell_contents_apart_and_not_objects():
    rates = [optax.adam(0.1), optax.adam(0.1), optax.adam(0.2), optax.sgd(0.1)]
    prints = [fingerprint(optimizer) for optimizer in rates]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
    things = [1, 1.0, True, None, "1", (1,), [1], {"a": 1}, jnp.ones(1), jnp.ones((1, 1)), jnp.ones(1, int), print]
    things += [jnp.sin, jnp.cos, {1, 2}, {1, 3}, functools.partial(jnp.clip, min=0), functools.partial(jnp.clip, min=1)]
    things += [jax.random.key(0), jax.random.key(1), lambda x: x + 1, Decays, NEAR_DECAYS]
    assert len({fingerprint(thing) for thing in things}) == len(things)
    assert fingerprint(Decays(HEIGHT, RATE)) == fingerprint(NEAR_DECAYS)


def test_snapshots_and_their_thinning_go_on(tmp_path, monkeypatch):
    from equibacksolve.search import _history

    monkeypatch.setattr(_history, "SNAPSHOTS", 8)
    whole = solve()
    for steps in (8, 9, 10, 17, 33, None):
        found = solve(tmp_path, steps=steps, resume=True)
    assert [step for step, _ in found.history.snapshots] == [step for step, _ in whole.history.snapshots]
    for (_, hidden), (_, other) in zip(found.history.snapshots, whole.history.snapshots, strict=True):
        np.testing.assert_array_equal(numbers(hidden), numbers(other))
