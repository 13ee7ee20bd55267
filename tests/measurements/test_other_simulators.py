"""Measurements of other things than a conductance: any names of variables, numbers as they are or in another unit."""

import sys

import jax.numpy as jnp
import numpy as np
import pytest
from toys import Decays, rate

import equibacksolve as ebs
from equibacksolve.measurements import read

TIME = np.linspace(0.0, 3.0, 8)
TABLE = {"t (ms)": TIME * 1e3, "counts": np.exp(-1.3 * TIME), "R (kohm)": np.linspace(1, 2, 8)}


def test_variables_have_the_names_of_the_simulator():
    observed = read(TABLE, value="counts", variables={"time": "t"}, convert={"time": "s"}).observations
    assert set(observed.variables) == {"time"}
    np.testing.assert_allclose(observed.variables["time"], TIME, rtol=1e-15)
    np.testing.assert_array_equal(observed.values, TABLE["counts"])
    assert observed.grid == (8,)


def test_what_is_not_converted_stays_as_it_is():
    measured = read(TABLE, value="R", variables={"time": "t (ms)", "temperature": 4.2}, sigma="5 ohm")
    np.testing.assert_array_equal(measured.observations.variables["time"], TABLE["t (ms)"])
    np.testing.assert_array_equal(measured.observations.values, TABLE["R (kohm)"])
    np.testing.assert_allclose(measured.observations.sigma, 0.005, rtol=1e-14)
    np.testing.assert_array_equal(measured.observations.variables["temperature"], 4.2)
    assert measured.report.value.unit == "kohm"
    assert "temperature: 4.2 at every point, given by hand" in str(measured.report)
    assert "taken as it is, in ms" in str(measured.report)
    converted = read(TABLE, value="R", variables={"time": "t"}, convert={"value": "ohm"}, sigma=0.005).observations
    np.testing.assert_allclose(converted.values, TABLE["R (kohm)"] * 1e3, rtol=1e-15)
    np.testing.assert_allclose(converted.sigma, 5.0, rtol=1e-14)


def test_plain_columns_need_no_pint(monkeypatch):
    monkeypatch.setitem(sys.modules, "pint", None)
    table = {"t": TIME, "counts": TABLE["counts"]}
    assert read(table, value="counts", variables={"time": "t"}).report.counting == 8
    assert read({"flux": TIME, "energy": TIME, "G": TIME}).report.counting == 8


def test_a_measured_decay_is_backsolved():
    start = Decays(jnp.array([1.0]), jnp.array([1.0]))
    observed = read(TABLE, value="counts", variables={"time": "t"}, convert={"time": "s"}).observations
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=rate, steps=20, progress=False)
    # The data are exact; the cost at which they count as explained leaves sqrt(1e-6) of their spread at most.
    np.testing.assert_allclose(rate(found.simulator), [1.3], rtol=1e-3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"variables": {"time": "when"}},
            r"variables\['time'\]= names the column 'when', which the dict does not have",
        ),
        (
            {"variables": {"time": "t"}, "convert": {"time": "V"}},
            r"column 't \(ms\)' is in ms, which does not convert to V",
        ),
        ({"variables": {"time": "t"}, "convert": {"tiem": "s"}}, "convert names 'tiem', which is no variable"),
        (
            {"variables": {"time": "t"}, "convert": {"value": "s"}},
            "column 'counts' is to be converted to s but has no unit",
        ),
        ({"variables": {"time": "t"}, "cell_area": "400 nm^2"}, "cell_area is given, but no flux= and energy="),
        ({"variables": {}}, "variables is empty; name at least one setting"),
    ],
)
def test_bad_requests_get_one_sentence(asked, told):
    with pytest.raises(ValueError, match=told) as raised:
        read(TABLE, value="counts", **asked)
    assert "\n" not in str(raised.value)
