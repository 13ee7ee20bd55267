"""What a benchmark needs and does not find, it says; nothing is run."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def against_kwant(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import against_kwant

    return against_kwant


def test_without_kwant_its_benchmark_says_how_to_install_it(against_kwant, monkeypatch, capsys):
    nobody = "/nonexistent/python"
    monkeypatch.setattr(sys, "argv", ["against_kwant.py", "--kwant", nobody, "--short"])
    against_kwant.main()
    said = capsys.readouterr().out
    assert said.startswith(f"skipped: {nobody} cannot import kwant")
    assert "says how to install it" in said
    assert "pip install" in against_kwant.__doc__


def test_an_interpreter_without_kwant_is_no_failure_either(against_kwant, capsys):
    # -c is taken by `true` as an argument that means nothing to it; `false` fails as a missing module does.
    assert against_kwant.has_kwant("true")
    assert not against_kwant.has_kwant("false")
    assert "skipped: false cannot import kwant" in capsys.readouterr().out
