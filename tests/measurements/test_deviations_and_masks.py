"""Deviations, masks and other requests beside the readings: what they mean, of whatever kind, and which are refused."""

from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pandas
import pytest
import xarray
from dots import FIELD, SAMPLE, assert_same, columns, conductance

from equibacksolve.measurements import read

BAD = np.isin(np.arange(20), (3, 11))
INFINITE = np.where(BAD, np.inf, 0.4)


@pytest.mark.parametrize(
    "given",
    [
        {"sigma": INFINITE},
        {"sigma": INFINITE.tolist()},
        {"sigma": np.where(BAD, 9.9e37, 0.4)},
        {"sigma": xarray.DataArray(INFINITE)},
        {"sigma_column": "dG"},
        {"sigma_column": "scpi"},
    ],
)
def test_a_reading_of_infinite_deviation_does_not_count(given):
    table = columns() | {"dG (uS)": INFINITE, "scpi (uS)": np.where(BAD, 9.9e37, 0.4)}
    measured = read(table, **given, **SAMPLE)
    known = read(table, sigma="0.4 uS", mask=~BAD, **SAMPLE)
    assert_same(measured.observations, known.observations)
    assert (measured.report.counting, measured.report.masked) == (18, 2)
    assert measured.report.sigma_range == known.report.sigma_range


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sigma": np.full(20, np.inf)}, r"sigma \(an array, one per point\) is infinite at all points"),
        ({"sigma_column": "dG"}, "is infinite at all points that count"),
        ({"relative_sigma": np.inf}, "relative_sigma is 'inf'"),
        ({"sigma": np.inf}, "sigma is 'inf'; give a number"),
        ({"sigma": np.nan}, "sigma is 'nan'; give a number"),
        ({"sigma": np.ma.masked_array(INFINITE, BAD)}, "zero, negative or missing at 2 of 20 points"),
        ({"sigma": np.where(BAD, 1e38, 0.4)}, "zero, negative or missing at 2 of 20 points"),
        ({"sigma": np.full(20, "a")}, "sigma must be an array of numbers, but got text"),
        ({"sigma": np.full(20, True)}, "sigma is an array of bool"),
        ({"sigma": [1.0, 2.0]}, r"sigma has shape \(2,\)"),
        ({"relative_sigma": [0.1] * 20}, r"relative_sigma is \[0.1, 0.1.*; give one number"),
        ({"sigma": np.ma.masked}, "sigma is '--'"),
    ],
)
def test_deviations_that_say_nothing_are_refused(given, told):
    with pytest.raises(ValueError, match=told) as raised:
        read(columns() | {"dG (uS)": np.full(20, np.inf)}, **given, **SAMPLE)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("sigma", [1, np.float32(1), np.int64(1), Fraction(1), Decimal(1), jnp.array(1.0), np.array(1)])
def test_one_sigma_is_what_it_looks_like(sigma):
    assert_same(read(columns(), sigma=sigma, **SAMPLE).observations, read(columns(), sigma=1.0, **SAMPLE).observations)


@pytest.mark.parametrize("number", [0, np.float32(0), np.array(0), jnp.array(0), Decimal(0), Fraction(0)])
def test_one_setting_is_what_it_looks_like(number):
    given = {"cell_area": "400 nm^2"}
    observed = read(columns(), energy=number, **given).observations
    assert_same(observed, read(columns(), energy=0.0, **given).observations)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"value": 3}, "value is 3, of type int; give text"),
        ({"value_unit": 1.0}, "value_unit is 1.0"),
        ({"sigma_column": np.ones(20)}, r"sigma_column is \[1. 1."),
        ({"units": "mT"}, r"units is mT; give a dict, like units=\{'B': 'mT'\}"),
        ({"units": {"B": 3}}, "units has B: 3; give text"),
        ({"convert": ["a"]}, "convert is .* give a dict"),
        ({"variables": "t"}, "variables is t; give a dict"),
        ({"variables": {1: "t"}}, "variables has 1: t"),
        ({"flux": FIELD}, r"flux is an array of shape \(5,\); give the name of a column, or one number"),
        ({"flux": True}, "flux is True, of bool"),
        ({"energy": 1j}, "energy is 1j, of complex"),
        ({"energy": np.ma.masked}, "energy must be an array of numbers, but got a masked value"),
        ({"same_setting": "no"}, "same_setting must be an array of numbers, but got text"),
        ({"mask": [1.0] * 20}, "mask is of list"),
        ({"mask": np.arange(20)}, "mask is of int"),
        ({"form": 3}, "form must be 'long' or 'matrix'"),
    ],
)
def test_requests_of_another_kind_get_one_sentence(given, told):
    with pytest.raises(ValueError, match=told) as raised:
        read(columns(), **(SAMPLE | given))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    "mask",
    [
        ~BAD,
        (~BAD).astype(int),
        (~BAD).tolist(),
        pandas.Series(~BAD),
        np.ma.masked_array([True] * 20, BAD),
        jnp.array(~BAD),
    ],
)
def test_masks_of_any_kind(mask):
    assert_same(read(columns(), mask=mask, **SAMPLE).observations, read(columns(), mask=~BAD, **SAMPLE).observations)


def test_masks_and_deviations_with_named_axes_are_turned_as_the_readings_are():
    """On a square mesh no shape would tell."""
    gate = np.linspace(-0.44, -0.40, 5)
    axes = {"B": ("B", FIELD, {"units": "T"}), "Vg": ("Vg", gate, {"units": "V"})}
    dot = xarray.DataArray(conductance(FIELD[:, None], gate), axes, attrs={"units": "uS"}, name="G")
    good = dot > 78
    plain = read(dot, mask=good, sigma=dot / 100, **SAMPLE).observations
    assert_same(read(dot, mask=good.T, sigma=dot.T / 100, **SAMPLE).observations, plain)
