"""A run that is killed ten times, at random moments, ends as one that is not."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from compilation import quick_flags
from killed_run import STEPS, problem
from toys import numbers

import equibacksolve as ebs

SCRIPT = pathlib.Path(__file__).with_name("killed_run.py")


def lines_of(folder):
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]


@pytest.mark.timeout(600)  # twelve processes: some twelve seconds on an idle core, minutes on a crowded one
def test_a_run_killed_ten_times_ends_at_the_same_numbers(tmp_path):
    # What one process has compiled the next ones read, or the test would compile for half a minute.
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    environment = os.environ | cache | {"PYTHONPATH": os.pathsep.join(sys.path), "XLA_FLAGS": quick_flags()}
    command = [sys.executable, str(SCRIPT), str(tmp_path), "10"]
    subprocess.run(command, check=True, timeout=590, env=environment, cwd=tmp_path)
    like, _ = problem()
    whole, killed = (ebs.load_solution(tmp_path / name, like=like) for name in ("whole", "killed"))
    assert len(whole.history) == len(killed.history) == STEPS
    for name in ("cost", "best", "evaluations", "stage", "start"):
        np.testing.assert_array_equal(getattr(whole.history, name), getattr(killed.history, name))
    assert float(whole.cost) == float(killed.cost)
    assert whole.reason == killed.reason
    np.testing.assert_array_equal(whole.simulator.place, killed.simulator.place)
    for (step, hidden), (other_step, other) in zip(whole.history.snapshots, killed.history.snapshots, strict=True):
        assert step == other_step
        np.testing.assert_array_equal(numbers(hidden), numbers(other))
    # Neither torn nor doubled lines, and time that is summed over processes.
    assert [line["step"] for line in lines_of(tmp_path / "killed")] == list(range(STEPS))
    assert [line["cost"] for line in lines_of(tmp_path / "killed")] == whole.history.cost.tolist()
    assert np.all(np.diff(killed.history.seconds) > 0)
    began = json.loads((tmp_path / "killed" / "run.json").read_text())["processes"]
    assert len({process["at_step"] for process in began}) > 3
