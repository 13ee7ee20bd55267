"""The large example, made small: it runs, prints its last line, and draws its picture."""

import re

from running import is_png, run_example


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "large.png"
    arguments = ("--sites", "4", "--points", "4", "3", "--steps", "2", "--picture", str(picture))
    *_, last = run_example("large_potential", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"cost=\S+ rms_error=\S+ seconds=\S+ peak_GiB=\S+ picture=\S+", last)
    assert is_png(picture)
