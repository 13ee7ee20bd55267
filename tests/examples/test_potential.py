"""The example of the main job, cut short: it runs, prints its last line, and draws its picture."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "potential.py"
LAST_LINE = r"cost=\S+ largest_error=\S+ seconds=\S+ picture=(\S+)"


@pytest.mark.parametrize("method", ["continuation", "descent", "adam"])
def test_it_runs_and_draws(method, tmp_path, monkeypatch, capsys):
    picture = tmp_path / "potential.png"
    arguments = [str(EXAMPLE), "--method", method, "--steps", "2", "--picture", str(picture)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(LAST_LINE, last)
    assert picture.read_bytes().startswith(b"\x89PNG")
