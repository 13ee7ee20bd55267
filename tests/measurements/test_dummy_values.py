"""What stands for no reading does not count: masked entries, fill values, overflows; what looks like one is a doubt."""

import pathlib
from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pandas
import pint
import pytest
import xarray
from dots import FIELD, GATE, SAMPLE, assert_same, columns, written

import equibacksolve as ebs
from equibacksolve.measurements import read, tabulate
from equibacksolve.measurements._quality import far_readings

ROOT = pathlib.Path(ebs.__file__).parents[1]
BAD = np.isin(np.arange(20), (3, 11))
G = columns()["G (uS)"]
HOLED = read(columns() | {"G (uS)": np.where(BAD, np.nan, G)}, **SAMPLE)
DUMMIES = [1e36, 1e38, 3.4e38, 3.402823466e38, np.finfo(np.float32).max, 9.96921e36, 9.969209968386869e36, 199.999e99]
DUMMIES += [9.99e99, 1.7976931348623157e308, 9.91e37, -1e38, 1.70141e38]


@pytest.mark.parametrize("dummy", DUMMIES)
def test_a_dummy_value_is_no_reading_in_any_source(tmp_path, dummy):
    g = np.where(BAD, dummy, G)
    path = written(tmp_path / "a.csv", table=np.column_stack([*[*columns().values()][:2], g]))
    for source in (columns() | {"G (uS)": g}, pandas.DataFrame(columns() | {"G (uS)": g}), path):
        measured = read(source, **SAMPLE)
        assert_same(measured.observations, HOLED.observations)
        report = measured.report
        assert (report.missing, report.dummies, report.counting, report.doubts) == (2, 2, 18, ())
        assert "2 of the missing and dropped are dummy values" in str(report)


@pytest.mark.parametrize("dummy", [1e38, 199.999e99, 9.96921e36])
def test_a_dummy_resistance_is_no_conductance_of_zero(dummy):
    table = {"flux": np.arange(4) * 0.1, "energy": [0.0] * 4, "R (kohm)": [10.0, dummy, 20.0, 30.0]}
    measured = read(table, value="R")
    assert measured.report.missing == 1
    np.testing.assert_array_equal(measured.observations.mask, [True, False, True, True])


@pytest.mark.parametrize("dummy", [1e38, 9.96921e36, 3.4028235e38, np.nan, np.inf])
def test_a_setting_that_is_a_dummy_value_is_unknown(dummy):
    table = columns()
    table["Vg (V)"] = np.where(BAD, dummy, table["Vg (V)"])
    report = read(table, **SAMPLE).report
    assert (report.dropped, report.counting) == (2, 18)
    assert report.dummies == (2 if 1e36 <= dummy < np.inf else 0)


MASKED = np.ma.masked_array(np.where(BAD, 9.96921e36, G), BAD)


@pytest.mark.parametrize(
    "given",
    [
        MASKED,
        np.ma.masked_array(G, BAD).astype(">f8"),
        list(MASKED),
        [None if bad else g for g, bad in zip(G, BAD)],
        [None if bad else Decimal(repr(g)) for g, bad in zip(G.tolist(), BAD)],
        [Fraction(g) if not bad else pandas.NA for g, bad in zip(G.tolist(), BAD)],
        pandas.Series(np.where(BAD, np.nan, G), dtype="Float64"),
        np.where(BAD, np.nan, G).astype(np.longdouble),
        ["" if bad else repr(g) for g, bad in zip(G.tolist(), BAD)],
        jnp.where(BAD, jnp.nan, G),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_masked_reading_is_missing(given):
    measured = read(columns() | {"G (uS)": given}, **SAMPLE)
    assert_same(measured.observations, HOLED.observations)
    assert measured.report.missing == 2


def test_masked_integers_settings_and_tables():
    counts = np.ma.masked_array(np.arange(20) + 70, BAD)
    assert read(columns() | {"G (uS)": counts}, **SAMPLE).report.missing == 2
    assert read(columns() | {"B (T)": np.ma.masked_array(columns()["B (T)"], BAD)}, **SAMPLE).report.dropped == 2
    shaped = {name: column.reshape(5, 4) for name, column in columns().items()}
    shaped["G (uS)"] = list(MASKED.reshape(5, 4))
    assert_same(read(shaped, **SAMPLE).observations, HOLED.observations)


def test_quantities_of_pint_bring_their_unit():
    units = pint.UnitRegistry()
    table = {"B": columns()["B (T)"] * 1e3 * units.mT, "Vg": columns()["Vg (V)"] * units.V, "G (uS)": G}
    assert_same(read(table, **SAMPLE).observations, read(columns(), **SAMPLE).observations)


@pytest.mark.parametrize("fill", [-9999, 9.96921e36, -1.0])
@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value"])
def test_the_fill_value_of_an_array_with_attributes_is_none(tmp_path, attribute, fill):
    """Scaled by xarray as it opens a file, or left in the numbers by mask_and_scale=False."""
    values = np.where(BAD, fill, G).reshape(5, 4)
    axes = {"B": ("B", FIELD, {"units": "T"}), "Vg": ("Vg", GATE, {"units": "V"})}
    raw = xarray.DataArray(values, axes, attrs={"units": "uS", attribute: fill}, name="G")
    assert_same(read(raw, **SAMPLE).observations, HOLED.observations)
    raw.to_dataset().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert_same(read(tmp_path / "a.nc", **SAMPLE).observations, HOLED.observations)


@pytest.mark.parametrize("dummy", [999.0, 9999.0, -999.0, -9999.0, 99999.0, 1e20, 1e30])
@pytest.mark.parametrize("number", [1, 2, 7])
def test_a_reading_far_beyond_all_others_is_doubted(dummy, number):
    g = np.where(np.arange(20) % 3 == 1, dummy, G) if number == 7 else np.where(np.arange(20) < number, dummy, G)
    doubts = read(columns() | {"G (uS)": g}, **SAMPLE).report.doubts
    assert f"{number} readings lie far beyond all others" in doubts[-1]
    assert f"data row {1 if number < 7 else 2}" in doubts[-1]
    counts = {"t": np.arange(20.0), "counts": g}
    assert "far beyond" in read(counts, value="counts", variables={"t": "t"}).report.doubts[0]


def test_a_resistance_beyond_what_a_meter_shows_is_doubted_though_its_conductance_is_small():
    table = {
        "flux": np.arange(20) * 0.01,
        "energy": [0.0] * 20,
        "R (kohm)": np.where(np.arange(20) == 4, 1e30, 1e3 / G),
    }
    assert (
        "far beyond all others (8.772 to 15.74 kohm), as far as 1e+30, the first in data row 5"
        in (read(table, value="R").report.doubts[0])
    )


def lorentzian(energy, centre, width):
    return width**2 / ((energy - centre) ** 2 + width**2)


ENERGY = np.linspace(-1, 1, 41)


@pytest.mark.parametrize(
    "g",
    [
        lorentzian(ENERGY, 0.013, 0.05),
        lorentzian(ENERGY, 0.0, 1e-4),  # met by one point, and no other sees it
        2 * lorentzian(ENERGY, 0.2, 1e-2) + 1e-6,
        np.exp(20 * np.random.default_rng(0).normal(size=41)) / 1e30,
        np.exp(-12 * (ENERGY + 1)),  # pinched off
        np.round(3 * (ENERGY + 1)),  # plateaus
        np.full(41, 3.0),
        3.0 + 1e-15 * np.arange(41),
        np.where(np.arange(41) < 39, 1.0, 2.0),
        np.zeros(41),
        np.where(np.arange(41) == 7, 2.0, 1e-3),  # one mode of two spins, open once
    ],
)
def test_what_is_ordinary_is_not_doubted(g):
    table = {"flux": [0.0] * 41, "energy": ENERGY, "G": g}
    assert read(table).report.doubts == ()
    with np.errstate(divide="ignore"):
        resistive = {"flux": [0.0] * 41, "energy": ENERGY, "R (h/e^2)": 1 / g}
    if np.any(g > 0):
        assert read(resistive, value="R").report.doubts == ()


def test_the_maps_of_another_program_and_of_the_example_are_not_doubted():
    assert read(ROOT / "examples/data/dot.csv", **SAMPLE).report.doubts == ()
    for path in sorted((ROOT / "tests/reference").glob("*.npz")):
        with np.load(path) as stored:
            g = stored["G"].reshape(-1) if "G" in stored else np.ones(1)
        assert not far_readings(g, 10).any()
        assert not far_readings(1 / g, 1e6).any()


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12, 1e30])
def test_the_units_of_the_values_decide_nothing(scale):
    values = np.where(BAD, 5000.0, G)
    np.testing.assert_array_equal(far_readings(values * scale, 10), BAD)
    np.testing.assert_array_equal(far_readings(-values * scale, 10), BAD)


@pytest.mark.parametrize(("decades", "doubted"), [(2.9, False), (3.1, True), (4.1, True)])
def test_positive_readings_are_far_where_they_are_three_times_as_far_on_a_logarithmic_scale(decades, doubted):
    """The median is 1, the others within a decade of it; each of the three is 88 times as far as they are, or more."""
    values = np.append(10.0 ** np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 0.0]), 10.0**decades)
    assert far_readings(values, 10.0).tolist() == [False] * 6 + [doubted]


def test_one_reading_is_far_where_all_others_are_equal():
    assert far_readings(np.array([3.0, 3.0, 1e5, 3.0, 3.0]), 10.0).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(("reading", "doubted"), [(0.0, False), (-0.01, True), (2.0, False), (2.01, True)])
def test_a_reading_of_zero_is_not_far_from_a_plateau(reading, doubted):
    """It is as far from the median as that is from zero."""
    assert far_readings(np.array([1.0, 1.001, 0.999, 1.0, reading]), 10.0).tolist() == [False] * 4 + [doubted]


def test_columns_that_nobody_uses_may_hold_anything():
    table = columns() | {
        "time": np.arange("2026-11-27", "2026-12-17", dtype="M8[D]"),
        "status": ["ok"] * 19 + [None],
        "nested": [[1, 2]] * 19 + [[3]],
        "complex": np.ones(20) * 1j,
    }
    nested = np.empty(20, object)
    nested[:] = table["nested"]
    assert_same(read(table | {"nested": nested}, **SAMPLE).observations, read(columns(), **SAMPLE).observations)
    with pytest.raises(ValueError, match=r"column 'time' has '2026-11-27.*' in data row 1 where a number was expected"):
        read(table | {"nested": nested}, value="time", **SAMPLE)


def test_masked_flags_and_words():
    ok = np.ma.masked_array(np.ones(20, int), BAD)
    with pytest.raises(ValueError, match="column 'ok' has nan where a mask was expected"):
        read(columns() | {"ok": ok}, mask="ok", **SAMPLE)
    assert tabulate({"a": np.ma.masked_array(["x", "y"], [False, True])}).columns[0].entries.tolist() == ["x", None]
