"""The example measurement, examples/data/dot.csv: it holds what its script says, and reading it gives the truth."""

import importlib.util
import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve.measurements import conductance_quanta, read

DATA = pathlib.Path(__file__).parents[2] / "examples" / "data"
SAMPLE = {"cell_area": "400 nm^2", "lever_arm": "0.05 eV/V", "offset": "-0.42 V", "hopping": "1.42 meV"}
MEASURED = read(DATA / "dot.csv", sigma="0.4 uS", **SAMPLE)
with np.load(DATA / "dot_truth.npz") as file:
    TRUTH = dict(file)


def test_what_was_read():
    report = MEASURED.report
    assert MEASURED.observations.grid == report.grid == (15, 11)
    assert (report.rows, report.counting, report.missing) == (165, 159, 6)
    assert (report.dropped, report.masked, report.repeated, report.not_measured) == (0, 0, 0, 0)
    assert report.doubts == ()


def test_the_truth_explains_what_was_read():
    observed = MEASURED.observations
    chi_squared = float(jnp.sum((observed.weights() * (observed.values - TRUTH["conductance"])) ** 2))
    # 159 independent Gaussian errors: within four standard deviations of chi-squared. Wrong units would be far off.
    assert chi_squared == pytest.approx(159, abs=4 * np.sqrt(2 * 159))


def test_the_report_knows_the_noise():
    known = conductance_quanta(float(TRUTH["noise"]))
    assert MEASURED.report.sigma_range == pytest.approx((known, known), rel=1e-12)
    estimate = MEASURED.report.noise["opposite fields"]
    assert MEASURED.report.estimated_noise == estimate.value
    assert estimate.value == pytest.approx(known, rel=4 / np.sqrt(2 * estimate.terms))


def test_the_script_makes_the_file(tmp_path):
    specification = importlib.util.spec_from_file_location("make_dot", DATA / "make_dot.py")
    make_dot = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(make_dot)
    make_dot.main(tmp_path)
    # The rounding of an exponential and of the simulator may differ from one machine to the next; all is of order one.
    with np.load(tmp_path / "dot_truth.npz") as again:
        np.testing.assert_allclose(again["potential"], TRUTH["potential"], rtol=0, atol=1e-14)
        np.testing.assert_allclose(again["conductance"], TRUTH["conductance"], rtol=1e-10)
    assert read(tmp_path / "dot.csv", **SAMPLE).report.rows == 165
