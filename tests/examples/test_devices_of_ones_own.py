"""The examples of devices, small: each runs, finds what is hidden, prints its last line, and draws its picture."""

import re

import pytest
from running import is_png, run_example


# An error of a reading moves an unknown by that times a sensitivity: ten at most of these small devices.
@pytest.mark.parametrize(
    ("name", "sigma"), [("graphene_junction", 0.005), ("hall_bar", 0.001), ("rashba_wire", 0.01), ("kwant_model", 0.01)]
)
def test_it_finds_what_is_hidden(name, sigma, tmp_path, monkeypatch, capsys):
    picture = tmp_path / f"{name}.png"
    command = ("--small", "--sigma", str(sigma), "--picture", str(picture))
    *_, last = run_example(name, *command, monkeypatch=monkeypatch, capsys=capsys)
    [error] = re.fullmatch(r"cost=\S+ largest_error=(\S+) picture=\S+", last).groups()
    assert float(error) < 10 * sigma
    assert is_png(picture)
