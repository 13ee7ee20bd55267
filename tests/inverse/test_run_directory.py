"""A run directory: what is in it, what it refuses, and what survives damage, a full disk, Ctrl-C and spent budgets."""

import errno
import functools
import json
import os
import resource

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import HEIGHT, NEAR_DECAYS, READINGS, TIME, Decays, numbers, rate

import equibacksolve as ebs
from equibacksolve.inverse import _run_directory
from equibacksolve.inverse._fingerprint import fingerprint

ADAM = ebs.GradientDescent(optax.adam(0.3), steps=40)
RATE = NEAR_DECAYS.rate


@pytest.fixture
def always(monkeypatch):
    """A checkpoint after every step."""
    monkeypatch.setattr(_run_directory, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(_run_directory, "LARGEST_SHARE", np.inf)


def solve(out=None, simulator=NEAR_DECAYS, observed=READINGS, method=ADAM, **more):
    more = {"where": rate, "progress": False, "out": out, "tolerance": 1e-30, **more}
    return ebs.backsolve(simulator, observed, method, **more)


def same(found, other):
    np.testing.assert_array_equal(found.history.cost, other.history.cost)
    np.testing.assert_array_equal(found.simulator.rate, other.simulator.rate)
    return found.reason == other.reason


def names(folder):
    return sorted(path.name for path in folder.iterdir())


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


def test_what_a_directory_does_not_hold_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"holds no solution \(yet\); let its search end, or resume it"):
        ebs.load_solution(tmp_path)
    with pytest.raises(FileNotFoundError):
        ebs.load_observations(tmp_path)
    solve(tmp_path, steps=1)
    with pytest.raises(ValueError, match="holds a solution, not observations"):
        ebs.load_observations(tmp_path / "solution.npz")
    with pytest.raises(ValueError, match=r"damaged or no solution \(it holds observations"):
        ebs.load_solution(tmp_path / "observed.npz")
    (tmp_path / "observed.npz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"is damaged \(its checksum is wrong\); read the measurement anew"):
        ebs.load_observations(tmp_path)


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
    for said in ("cost=", "best=", "stage=1", "start=1", "left=3600 s"):
        assert said in shown


def test_ctrl_c_and_a_callback_that_fails_leave_a_checkpoint_of_the_last_step(tmp_path):
    def at_step_7(error):
        def callback(state):
            if int(state.evaluations) == 7:
                raise error

        return callback

    found = solve(tmp_path / "a", callback=at_step_7(KeyboardInterrupt()))
    assert "interrupted" in found.reason
    assert float(found.cost) == pytest.approx(found.history.best[-1], rel=1e-12)  # compiled in another way
    with pytest.raises(ZeroDivisionError):
        solve(tmp_path / "b", callback=at_step_7(ZeroDivisionError()))
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert "checkpoint-000007.npz" in names(folder)
        assert same(solve(folder, resume=True), solve())


def test_what_cannot_be_resumed_is_refused_in_a_sentence(tmp_path):
    solve(tmp_path, steps=2)

    def refused(match, **more):
        with pytest.raises(ValueError, match=match) as told:
            solve(tmp_path, **{"resume": True, "steps": 3, **more})
        assert "directory" in str(told.value)

    refused("holds a run; pass resume=True", resume=False)
    other = r"another problem \(not the same: {}\)"
    refused(other.format("simulator"), simulator=Decays(2 * HEIGHT, RATE))
    refused(other.format("observed"), observed=ebs.Observations(READINGS.values + 1.0, time=TIME))
    refused(other.format("method"), method=ebs.GradientDescent(optax.adam(0.2), steps=40))
    refused(other.format("key"), key=jax.random.key(1))
    refused(other.format("bounds"), bounds=(0.1, 9.0))
    refused(other.format("tolerance"), tolerance=1e-3)
    refused(other.format(".*where"), where=lambda s: s.height)
    with pytest.warns(UserWarning, match="begun from another start; the run goes on from where it was"):
        solve(tmp_path, simulator=Decays(HEIGHT, RATE + 0.1), resume=True, steps=2)


def test_other_versions_and_damaged_settings(tmp_path):
    solve(tmp_path, steps=2)
    settings = json.loads((tmp_path / "run.json").read_text())

    def written(**versions):
        changed = settings | {"versions": settings["versions"] | versions}
        (tmp_path / "run.json").write_text(json.dumps(changed))

    written(equibacksolve="9.1.0")
    with pytest.raises(ValueError, match=r"of equibacksolve 9\.1\.0 .* cannot continue; install that version"):
        solve(tmp_path, resume=True)
    written(jax="9.1.0")
    with pytest.warns(UserWarning, match="begun with other versions of jax; the last digits may differ"):
        solve(tmp_path, resume=True, steps=2)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ValueError, match=r"holds checkpoints without their run\.json; pass another directory"):
        solve(tmp_path, resume=True)
    for damaged in ("", '{"format": 1', "[]", "{}"):
        (tmp_path / "run.json").write_text(damaged)
        with pytest.raises(ValueError, match="damaged or not of equibacksolve; begin anew"):
            solve(tmp_path, resume=True)


def test_a_damaged_checkpoint_is_told_of_and_the_one_before_is_used(tmp_path, always):
    whole = solve()
    content = None
    for damage in (lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b.replace(b"structure", b"strukture")):
        folder = tmp_path / str(id(damage))
        solve(folder, steps=6)
        path = folder / "checkpoint-000006.npz"
        content = path.read_bytes()
        path.write_bytes(damage(content))
        with pytest.warns(UserWarning, match=r"checkpoint-000006.npz is damaged .* goes on from checkpoint-000005.npz"):
            assert same(solve(folder, resume=True), whole)
    # A flipped bit anywhere in the arrays is noticed.
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 1
    for path in folder.glob("checkpoint-*.npz"):
        path.write_bytes(bytes(flipped))
    for _ in range(2):
        with pytest.raises(ValueError, match="and so is every other checkpoint; begin anew"):
            solve(folder, resume=True)


def test_two_processes_do_not_share_a_directory(tmp_path):
    def callback(state):
        with pytest.raises(ValueError, match="in use by another process"):
            solve(tmp_path, resume=True)
        return True

    assert len(solve(tmp_path, callback=callback).history) == 1


def test_a_full_disk_stops_no_run_and_loses_no_checkpoint(tmp_path, always, monkeypatch):
    real = os.fsync

    def full_from_step_3_to_5(state):
        def fail(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", fail if 2 <= int(state.evaluations) < 5 else real)

    with pytest.warns(UserWarning, match="not written .No space left on device.; the run goes on"):
        solve(tmp_path, steps=4, callback=full_from_step_3_to_5)
    # Neither the steps nor the end could be written; what could be is still there, without leftovers.
    monkeypatch.setattr(os, "fsync", real)
    assert [name for name in names(tmp_path) if name.startswith("checkpoint") or name.endswith("new")] == [
        *("checkpoint-000001.npz", "checkpoint-000002.npz"),
    ]
    assert same(solve(tmp_path, resume=True), solve())
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(40))


def test_files_that_may_not_grow_are_mended_when_they_may(tmp_path, always):
    """A limit of the operating system in place of a full disk: the log is torn in the middle of a line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def callback(state):
        step = int(state.evaluations)
        limit = (tmp_path / "steps.jsonl").stat().st_size + 20 if 5 <= step < 9 else soft
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))

    try:
        with pytest.warns(UserWarning, match=r"steps.jsonl was not written|checkpoint.* was not written"):
            found = solve(tmp_path, callback=callback)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(found, solve())
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(40))


def test_every_method_can_be_interrupted_and_resumed(tmp_path):
    """States of every structure: keys, weak types, optax's and optimistix's own, other methods' within."""
    import optimistix

    lm = ebs.LevenbergMarquardt(steps=2)
    methods = {
        "optimistix": optimistix.BFGS(rtol=1e-8, atol=1e-8),
        "mixed": ebs.Restarts(lm, (ebs.ImageHopping(lm, (ebs.Negation(rate),)), ADAM), starts=4),
        "hopping": ebs.BasinHopping(ADAM, lm, hops=4),
        "abreast": ebs.Restarts(lm, (ebs.Continuation(lm, lm, ebs.two_stages()), ADAM), starts=4, abreast=2),
    }
    for name, method in methods.items():
        whole = solve(method=method, steps=12)
        for steps in (3, 5, 8, 12):
            found = solve(tmp_path / name, method=method, steps=steps, resume=True)
        assert same(found, whole), name


def test_a_run_keeps_its_searches_abreast_on_a_machine_with_other_cores(tmp_path):
    lm = ebs.LevenbergMarquardt(steps=4)
    method = lambda abreast: ebs.Restarts(lm, (lm,), starts=5, abreast=abreast)
    whole = solve(method=method(2))
    solve(tmp_path, method=method(2), steps=3)
    assert same(solve(tmp_path, method=method(1), resume=True), whole)
    assert not np.array_equal(solve(method=method(1)).history.cost, whole.history.cost)


def test_a_state_that_cannot_be_saved_is_told_at_the_first_step(tmp_path):
    class Careless(ebs.AbstractMethod):
        def init(self, problem, hidden, key):
            return ADAM.init(problem, hidden, key)

        def step(self, problem, state):
            state = ADAM.step(problem, ADAM.init(problem, state.hidden, jax.random.key(0)))
            return ebs.State(
                *(state.hidden, state.cost, state.done, state.evaluations, print, state.stage, state.start)
            )

    with pytest.raises(ValueError, match="cannot be saved: print is neither an array nor a container"):
        solve(tmp_path, method=Careless())


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
    from equibacksolve.inverse import _history

    monkeypatch.setattr(_history, "SNAPSHOTS", 8)
    whole = solve()
    for steps in (8, 9, 10, 17, 33, None):
        found = solve(tmp_path, steps=steps, resume=True)
    assert [step for step, _ in found.history.snapshots] == [step for step, _ in whole.history.snapshots]
    for (_, hidden), (_, other) in zip(found.history.snapshots, whole.history.snapshots, strict=True):
        np.testing.assert_array_equal(numbers(hidden), numbers(other))
