"""The four inverse problems of one's own, small: each runs, prints its last line, and draws its picture."""

import re

import pytest
from running import is_png, run_example

EXAMPLES = {
    "scanning_gate": ((), r"cost=\S+ rms_error=\S+ seconds=\S+ picture=\S+"),
    "antidots": ((), r"cost=\S+ largest_error=\S+ picture=\S+"),
    "inverse_design": (("--steps", "5"), r"cost=\S+ largest_deviation=\S+ seconds=\S+ picture=\S+"),
    "spin_chain": ((), r"seconds=\S+ picture=\S+"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs_and_draws(name, tmp_path, monkeypatch, capsys):
    arguments, pattern = EXAMPLES[name]
    picture = tmp_path / f"{name}.png"
    command = ("--small", *arguments, "--picture", str(picture))
    *lines, last = run_example(name, *command, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(pattern, last)
    assert is_png(picture)
    if name == "antidots":
        # The map of the antidots to within the noise, 0.01 over a sensitivity of order one.
        assert float(re.search(r"largest_error=(\S+)", last)[1]) < 0.1
    if name == "spin_chain":
        # Squared deviations of the levels fall below 1e-16 of nothing but rounding.
        [error] = [line for line in lines if line.startswith("all multiplets: the nearest")]
        assert float(error.split()[-1]) < 1e-6
