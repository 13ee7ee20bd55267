"""The tutorials run as plain scripts, and show what they say; `make docs` runs them as notebooks."""

import pathlib
import runpy

import numpy as np
import pytest

TUTORIALS = pathlib.Path(__file__).parents[2] / "docs" / "tutorials"


@pytest.fixture(autouse=True)
def quickly(quick_compilation):
    """What is compiled is run for moments."""


def run(name):
    return runpy.run_path(str(TUTORIALS / f"{name}.py"))


def test_first_map():
    names = run("first_map")
    assert names["found"].converged
    image, truth, potential = (names[name] for name in ("image", "truth", "potential"))
    # Noiseless data, and a search that is led to the minimum beside its end, to rounding.
    np.testing.assert_allclose(potential(image), potential(truth), atol=1e-6)
    shown = names["found"]._repr_html_()
    assert "converged" in shown
    assert "<svg" in shown
    assert shown.count("<img") == 1  # the map


def test_data_with_errors():
    names = run("data_with_errors")
    assert names["found"].converged
    # 12 squares of about 1 each: a mean of 4 is beyond what chance and their correlations make of them.
    assert float(np.mean(np.square(names["pulls"]))) < 4
    assert repr(names["measured"]) == (
        "<Observations: 99 readings, at 11 flux 0 to 0.3 x 9 energy -1 to 1, sigma 0.01, 98 of them count>"
    )


def test_own_simulator():
    names = run("own_simulator")
    assert names["found"].converged
    assert names["chain"].converged
    assert "<svg" in names["counts"]._repr_html_()


def test_optimizers(capsys):
    names = run("optimizers")
    # Without a polish, each ends where the data are explained: at a millionth of their variance, which is below 1.
    assert all(float(found.cost) < 1e-6 for found in names["results"].values())
    assert names["found"].converged
    assert len(capsys.readouterr().out.splitlines()) == len(names["results"]) + 1
    assert "<svg" in names["found"].history._repr_html_()
