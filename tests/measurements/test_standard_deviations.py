"""Uncertainties: absolute, relative, per point; through 1/R to first order."""

import numpy as np
import pytest
from dots import SAMPLE, columns

from equibacksolve.measurements import _conversions as conversions
from equibacksolve.measurements import conductance_error, conductance_of_resistance, conductance_quanta, read
from equibacksolve.measurements._table import column

G = columns()["G (uS)"]
QUANTUM = conductance_quanta(1e-6)  # 1 uS in e^2/h


def sigma_of(table=None, **known):
    return np.asarray(read(columns() if table is None else table, **known, **SAMPLE).observations.sigma)


def resistances(**more):
    table = columns()
    table["R (kohm)"] = 1e3 / table.pop("G (uS)")
    return table | more


def test_unknown_is_none():
    measured = read(columns(), **SAMPLE)
    assert measured.observations.sigma is None
    assert measured.report.sigma_range is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"sigma": 0.5}, 0.5 * QUANTUM),
        ({"sigma": "500 nS"}, 0.5 * QUANTUM),
        ({"sigma": "0.01 e^2/h"}, 0.01),
        ({"sigma": 0.1 + 0 * G}, 0.1 * QUANTUM),
        ({"relative_sigma": 0.02}, 0.02 * G * QUANTUM),
        ({"relative_sigma": "2 %"}, 0.02 * G * QUANTUM),
        ({"sigma": "300 nS", "relative_sigma": 0.02}, np.hypot(0.3, 0.02 * G) * QUANTUM),
    ],
)
def test_absolute_relative_and_both(known, expected):
    np.testing.assert_allclose(sigma_of(**known), np.broadcast_to(expected, G.shape), rtol=1e-13)


def test_a_column_has_its_own_unit_or_that_of_the_value():
    for header, scale in (("dG", 1.0), ("dG (nS)", 1e3), ("dG (e^2/h)", QUANTUM)):
        table = columns() | {header: 0.01 * G * scale}
        np.testing.assert_allclose(sigma_of(table, sigma_column="dG"), 0.01 * G * QUANTUM, rtol=1e-13)
    table = columns() | {"dG": np.full_like(G, 0.3)}
    both = sigma_of(table, sigma_column="dG", sigma=0.4, relative_sigma=0.01)
    np.testing.assert_allclose(both, np.sqrt(0.3**2 + 0.4**2 + (0.01 * G) ** 2) * QUANTUM, rtol=1e-13)


def test_a_resistance_passes_its_error_on_to_first_order():
    """sigma_G = sigma_R / R^2, so that the relative errors are equal; a relative error stays what it is."""
    quanta = G * QUANTUM
    absolute = sigma_of(resistances(), value="R", sigma="100 ohm")
    np.testing.assert_allclose(absolute / quanta, 0.1 / (1e3 / G), rtol=1e-13)
    np.testing.assert_allclose(sigma_of(resistances(), value="R", relative_sigma=0.02), 0.02 * quanta, rtol=1e-13)
    column = sigma_of(resistances(dR=np.full_like(G, 0.1)), value="R", sigma_column="dR")
    np.testing.assert_allclose(column, absolute, rtol=1e-13)
    direct = sigma_of(resistances(), value="R", sigma="0.01 e^2/h")
    np.testing.assert_allclose(direct, np.full_like(G, 0.01), rtol=1e-13)


def test_first_order_is_what_many_readings_scatter_by():
    """A second way: draw resistances, invert each. 1 % of noise; the next order is (1 %)^2 of the spread."""
    rng = np.random.default_rng(0)
    drawn = conductance_of_resistance(1e4 * (1 + 0.01 * rng.normal(size=100_000)))
    # The spread of 1e5 draws is known to 1/sqrt(2e5) = 0.2 %; five times that.
    assert np.std(drawn) == pytest.approx(conductance_error(1e4, 100.0), rel=0.011)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"sigma": 0.0}, r"sigma \(0 uS at every point\) is zero, negative or missing at 20 of 20"),
        ({"sigma": -1.0}, "sigma has negative entries"),
        ({"sigma": "3 K"}, "sigma is in 'K', which converts neither to uS nor to e.2/h"),
        ({"sigma": "large"}, "sigma is 'large'; give a number"),
        ({"sigma": np.ones(3)}, r"sigma has shape \(3,\).*\(20,\)"),
        ({"relative_sigma": -0.1}, "relative_sigma is -0.1; give a fraction"),
        ({"relative_sigma": "1 mV"}, "relative_sigma=1 mV: 'mV' does not convert"),
        ({"sigma_column": "dG"}, r"sigma_column= names the column 'dG'.*'B \(T\)', 'Vg \(V\)', 'G \(uS\)'"),
        ({"sigma_column": "Vg"}, r"column 'Vg \(V\)' is in 'V', which converts neither"),
    ],
)
def test_bad_deviations_get_one_sentence(known, told):
    with pytest.raises(ValueError, match=told) as raised:
        sigma_of(**known)
    assert "\n" not in str(raised.value)


def test_a_sigma_is_wanted_only_where_a_value_counts():
    table = columns() | {"dG": np.where(np.arange(20) == 7, np.nan, 0.1)}
    with pytest.raises(ValueError, match="missing at 1 of 20 points that count; add a floor by sigma=, or mask"):
        sigma_of(table, sigma_column="dG")
    mask = np.arange(20) != 7
    observed = read(table, sigma_column="dG", mask=mask, **SAMPLE).observations
    np.testing.assert_allclose(observed.weights(), np.where(mask, 1 / (0.1 * QUANTUM), 0), rtol=1e-13)


@pytest.mark.parametrize(
    ("header", "convert", "sample"),
    [
        ("B (mT)", conversions.flux, {"cell_area": "400 nm^2", "field_offset": "3 mT"}),
        ("Vg (mV)", conversions.energy, {"lever_arm": "0.05 eV/V", "hopping": "1.42 meV", "offset": "2 mV"}),
        ("Vg (V)", conversions.energy, {"lever_arm": "-0.3 eV/V", "hopping": "2 meV"}),
        ("E (meV)", conversions.energy, {"hopping": "1.42 meV"}),
        ("G (uS)", conversions.conductance, {}),
        ("R (kohm)", conversions.conductance, {}),
        ("I (nA)", conversions.conductance, {"bias": "-10 uV"}),
        ("V (uV)", conversions.conductance, {"bias": "1 nA"}),
    ],
)
def test_an_error_is_carried_over_by_the_slope_of_the_conversion(header, convert, sample):
    raw, step = np.array([1.3, 2.0, 5.7]), 1e-6
    at = lambda numbers: convert(column(header, numbers), **sample)
    # Central differences: their error is step^2, and rounding over step.
    slope = np.abs(at(raw + step).values - at(raw - step).values) / (2 * step)
    np.testing.assert_allclose(at(raw).slope, slope, rtol=1e-8)
