"""The example of true atoms, made small: it finds them, says so, and draws its picture."""

import re

from running import is_png, run_example


def test_it_finds_the_atoms_and_draws_them(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "atoms.png"
    blind, known, last = run_example(
        "true_atoms", "--small", "--picture", str(picture), monkeypatch=monkeypatch, capsys=capsys
    )
    for line, atoms in ((blind, 20), (known, 56)):
        assert line.startswith(f"{atoms} atoms")
        assert float(re.search(r"farthest atom=(\S+)", line)[1]) < 1e-9  # rounding, after least squares
    assert last == f"picture={picture}"
    assert is_png(picture)
