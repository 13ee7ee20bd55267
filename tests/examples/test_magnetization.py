"""The magnetization example, cut short: it runs, reports its start, and draws its picture."""

import re

import pytest
from running import is_png, run_example

import equibacksolve as ebs


@pytest.mark.usefixtures("compiled_for_a_long_run")
def test_it_runs_and_draws(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "magnetization.png"
    *_, start, last = run_example(
        "magnetization", "--steps", "2", "--picture", str(picture), monkeypatch=monkeypatch, capsys=capsys
    )
    # Two steps, each of as many searches as there are cores; each looked at the data once, for their weights.
    cores = ebs.search.default_method().parallel
    told = rf"starts=[1-{cores}] simulations={3 * cores}"
    assert re.fullmatch(rf"seed 0: cost=\S+ largest m_z error=\S+ {told} seconds=\S+", start)
    assert re.fullmatch(r"succeeded=0/1 last: cost=\S+ picture=\S+", last)
    assert is_png(picture)
