"""A run directory: what it refuses, and what survives damage and a full disk."""

import errno
import json
import os
import resource

import jax
import numpy as np
import optax
import pytest
from short_runs import ADAM, names, same, solve
from toys import HEIGHT, NEAR_DECAYS, READINGS, TIME, Decays

import equibacksolve as ebs
from equibacksolve.search import _run_directory

RATE = NEAR_DECAYS.rate


@pytest.fixture
def always(monkeypatch):
    """A checkpoint after every step."""
    monkeypatch.setattr(_run_directory, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(_run_directory, "LARGEST_SHARE", np.inf)


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
    refused(other.format("method"), method=ebs.methods.GradientDescent(optax.adam(0.2), steps=40))
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


def test_a_state_that_cannot_be_saved_is_told_at_the_first_step(tmp_path):
    class Careless(ebs.methods.AbstractMethod):
        def init(self, problem, hidden, key):
            return ADAM.init(problem, hidden, key)

        def step(self, problem, state):
            state = ADAM.step(problem, ADAM.init(problem, state.hidden, jax.random.key(0)))
            return ebs.methods.State(
                *(state.hidden, state.cost, state.done, state.evaluations, print, state.stage, state.start)
            )

    with pytest.raises(ValueError, match="cannot be saved: print is neither an array nor a container"):
        solve(tmp_path, method=Careless())
