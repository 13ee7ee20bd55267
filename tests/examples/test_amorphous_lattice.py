"""The atoms' example, cut short: it runs, prints its last line, and draws its picture."""

import re

from running import is_png, run_example


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "atoms.png"
    arguments = ("--steps", "20", "--picture", str(picture))
    *_, last = run_example("amorphous_lattice", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"R=\S+ seconds=\S+ picture=\S+", last)
    assert is_png(picture)
