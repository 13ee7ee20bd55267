"""The example of silicon, cut short: it runs, prints its last line, and draws its picture."""

import re

from running import is_png, run_example


def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "silicon.png"
    arguments = ("--steps", "3", "--picture", str(picture))
    *_, last = run_example("amorphous_silicon", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"chi2_S=\S+ chi2_g=\S+ picture=\S+", last)
    assert is_png(picture)
    assert (tmp_path / "silicon_1.xyz").exists()
