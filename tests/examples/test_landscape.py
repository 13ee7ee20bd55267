"""The example of Fig. 4, cut short: it runs, finds the local minima, prints its last line, and draws its picture."""

import re
import runpy
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "landscape.py"


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "landscape.png"
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "--small", "--picture", str(picture)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"ranks=144/31 trap_cost=\S+ trap_depth=\S+ picture=(\S+)", lines[-1])
    assert "sites (0, 0) and (11, 0) at (-0.03, -1.01)" in lines[-2]
    assert picture.read_bytes().startswith(b"\x89PNG")
