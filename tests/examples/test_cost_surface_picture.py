"""The example of Fig. 4, cut short: it runs, finds the local minima, prints its last line, and draws its picture."""

import re

from running import is_png, run_example


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "cost_surface.png"
    lines = run_example("cost_surface", "--small", "--picture", str(picture), monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"ranks=144/31 trap_cost=\S+ trap_depth=\S+ picture=(\S+)", lines[-1])
    assert "sites (0, 0) and (11, 0) at (-0.03, -1.01)" in lines[-2]
    assert is_png(picture)
