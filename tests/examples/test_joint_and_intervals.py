"""Examples of how far to believe a fit, and of what to read next, small."""

import re
import runpy

import jax
import numpy as np
import pytest
from running import EXAMPLES, is_png, run_example


def test_intervals_are_told_and_drawn(tmp_path, monkeypatch, capsys):
    pytest.importorskip("blackjax")
    picture = tmp_path / "intervals.png"
    command = ("--sets", "2", "--draws", "100", "--picture", str(picture))
    *lines, last = run_example("intervals", *command, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"seconds=\S+ picture=\S+", last)
    assert lines[0].startswith("68.3 %: ")
    assert re.fullmatch(r"0\.954, sampled: \d of 2 hold the truth; \d above it, \d below it", lines[-1])
    assert is_png(picture)


def test_the_joint_example_builds_one_instrument_for_each_map():
    """To run it takes half a minute of compiling even when small: `python examples/joint_fit.py --small`."""
    names = runpy.run_path(str(EXAMPLES / "joint_fit.py"), run_name="built")
    joint = names["cool_downs"](np.zeros((3, 2)), names["TEMPERATURE"], names["OFFSET"])
    assert len(jax.tree.leaves(names["hidden"](joint))) == 1 + 2 + 2
    built = joint.simulators()
    assert {name: float(one.offset) for name, one in built.items()} == names["OFFSET"]
    for name, one in built.items():
        assert float(one.simulator.temperature) == pytest.approx(names["TEMPERATURE"][name], rel=1e-12)
    turned = names["error_of"](np.arange(6.0).reshape(3, 2)[::-1], np.arange(6.0).reshape(3, 2))
    assert turned[0] == 0.0


def test_the_plan_begins_with_a_mesh_over_the_whole_range():
    """To run it takes half a minute: `python examples/plan_readings.py`."""
    names = runpy.run_path(str(EXAMPLES / "plan_readings.py"), run_name="built")
    chosen = names["mesh"](2, 4)
    assert len(set(chosen.tolist())) == 8
    for setting, ends in (("flux", (0.0, 0.15)), ("energy", (-1.0, 1.0))):
        taken = names["CANDIDATES"][setting][chosen]
        assert (float(taken.min()), float(taken.max())) == ends
    assert names["numbers"](names["TRUTH"]).tolist() == [6.8, 2.6, 1.5, 1.2]
