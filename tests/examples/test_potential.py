"""The example of the main job, cut short: it runs, prints its last line, and draws its picture."""

import re

from running import is_png, run_example


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "potential.png"
    arguments = ("--method", "adam", "--steps", "2", "--picture", str(picture))
    *_, last = run_example("potential", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"cost=\S+ largest_error=\S+ seconds=\S+ picture=\S+", last)
    assert is_png(picture)
