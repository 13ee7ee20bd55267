"""The account adds up, and says it in print."""

import numpy as np
import pytest
from dots import SAMPLE, columns
from hypothesis import given, settings
from hypothesis import strategies as st

from equibacksolve.measurements import read

FATES = st.lists(st.sampled_from(["counts", "nan", "inf", "masked", "no field", "no gate"]), min_size=20, max_size=20)


def damaged(fates):
    """The table with these things done to its rows."""
    fates = np.array(["counts", *fates[1:]])
    field, gate, g = columns().values()
    return fates, {
        "B (T)": np.where(fates == "no field", np.nan, field),
        "Vg (V)": np.where(fates == "no gate", np.nan, gate),
        "G (uS)": np.select([fates == "nan", fates == "inf"], [np.nan, np.inf], g),
        "ok": (fates != "masked").astype(int),
        "T (mK)": np.arange(20) * 1.5,
        "run": np.arange(20),
        "scan": np.arange(20) + 7,
        "device": np.full(20, "A"),
    }


@settings(max_examples=10)
@given(FATES)
def test_every_row_is_accounted_for(fates):
    fates, table = damaged(fates)
    measured = read(table, mask="ok", **SAMPLE)
    report = measured.report
    assert report.rows == 20
    assert report.rows == report.counting + report.masked + report.missing + report.infinite + report.dropped
    assert report.counting == np.sum(fates == "counts") == float(measured.observations.count)
    assert report.missing == np.sum(fates == "nan")
    assert report.infinite == np.sum(fates == "inf")
    assert report.masked == np.sum(fates == "masked")
    assert report.dropped == np.sum((fates == "no field") | (fates == "no gate"))
    assert report.points == measured.observations.values.size == report.rows - report.dropped + report.not_measured
    assert report.unused == ("T (mK)",)  # constant columns and row numbers say nothing


def test_what_is_printed():
    fates = ["counts"] * 12 + ["nan", "nan", "inf", "masked", "no field", "counts", "counts", "counts"]
    printed = str(read(damaged(fates)[1], mask="ok", sigma="0.4 uS", **SAMPLE).report)
    for told in [
        "the dict: 15 values that count, in a mesh of 5 x 4 of 20 points",
        "20 rows: 15 count, 2 missing (no value), 1 infinite, 1 masked, 1 dropped (no setting)",
        "1 places of the mesh not measured, 0 settings read more than once",
        "from column 'B (T)', -0.5 to 0.5 T",
        "flux = B a^2 / (h/e), a^2 = 400 nm^2: 1 T is 0.0967196 h/e",
        "energy = 0.05 eV/V * (V + 0.42 V) / t, t = 1.42 meV: 1 V is 35.2113 hoppings",
        "1 uS = 0.0258128 e^2/h",
        "sigma: 0.4 uS at every point",
        "G(B) - G(-B): rms",
        "not used, though they vary: T (mK)",
    ]:
        assert told in printed
    assert max(map(len, printed.splitlines())) <= 160


def test_ranges_are_told_before_and_after_conversion():
    report = read(columns(), **SAMPLE).report
    flux, energy = report.axes
    assert (flux.name, flux.column, flux.unit, flux.raw_unit, flux.distinct) == ("flux", "B (T)", "h/e", "T", 5)
    assert (flux.raw_low, flux.raw_high) == (-0.5, 0.5)
    assert flux.high == pytest.approx(0.5 * 400e-18 / 4.135667696e-15, rel=1e-9)  # digits of h/e
    assert (energy.unit, energy.raw_unit, energy.distinct) == ("hopping", "V", 4)
    assert (report.value.unit, report.value.raw_unit) == ("e^2/h", "uS")


@pytest.mark.parametrize(("header", "told"), [("G (e^2/h)", "taken as it is, in e^2/h"), ("G (S)", "1 S = 25812.8")])
def test_a_conductance_in_its_own_unit_is_taken_as_it_is(header, told):
    table = {"flux": [0.0, 0.1], "energy": [0.0, 0.0], header: [1e-5, 2e-5]}
    assert read(table).report.value.how.startswith(told)


def test_an_open_circuit_and_a_short_count_as_infinite():
    table = {"flux": [0.0, 0.1, 0.2, 0.3], "energy": [0.0] * 4, "R (kohm)": [np.inf, 0.0, 20.0, 30.0]}
    measured = read(table, value="R", relative_sigma=0.01)
    assert measured.report.infinite == 2
    np.testing.assert_array_equal(measured.observations.mask, [False, False, True, True])


def test_what_instruments_write_for_an_overload_and_for_nothing():
    """SCPI: 9.9E37 is infinity, 9.91E37 is no number; as text, in single precision, with either sign."""
    table = {"flux": np.arange(5) * 0.1, "energy": [0.0] * 5, "G": ["9.9E37", "-9.90000E+37", "9.91e37", "1.0", "2.0"]}
    report = read(table).report
    assert (report.infinite, report.missing, report.counting) == (2, 1, 2)
    single = read({**table, "G": np.array([9.9e37, -9.9e37, 9.91e37, 1, 2], np.float32)}).report
    assert (single.infinite, single.missing, single.counting) == (2, 1, 2)


@pytest.mark.parametrize(
    ("mask", "counting"),
    [("ok", 18), ("~bad", 18), (np.arange(20) >= 2, 18), ("words", 18), (None, 20)],
)
def test_masks(mask, counting):
    ok = np.arange(20) >= 2
    table = columns() | {"ok": ok.astype(int), "bad": ~ok, "words": np.where(ok, "yes", "no")}
    observed = read(table, mask=mask, **SAMPLE).observations
    assert observed.count == counting
    if counting < 20:
        np.testing.assert_array_equal(observed.mask, ok)


@pytest.mark.parametrize(
    ("flux", "energy", "doubted"),
    [
        ((0.0, 0.7), (-1.0, 0.0), ["flux"]),
        ((-0.7, 0.1), (-1.0, 0.0), ["flux"]),
        ((0.0, 0.5), (-4.1, 0.0), ["energy"]),
        ((-0.5, 0.5), (0.0, 4.1), ["energy"]),
        ((-0.5, 0.5), (-4.0, 4.0), []),
    ],
)
def test_a_sweep_to_one_side_may_reach_too_far(flux, energy, doubted):
    table = {"flux": np.linspace(*flux, 6), "energy": np.linspace(*energy, 6), "G": np.linspace(0.5, 1.5, 6)}
    assert [doubt.split()[0] for doubt in read(table).report.doubts] == doubted


def test_what_cannot_be_is_doubted():
    assert read(columns(), **SAMPLE).report.doubts == ()
    wrong = read(columns(), **{**SAMPLE, "cell_area": "400 um^2", "hopping": "1.42 ueV", "value_unit": "S"}).report
    assert [doubt.split()[0] for doubt in wrong.doubts] == ["flux", "energy"]
    assert all(f"doubtful: {doubt}" in str(wrong) for doubt in wrong.doubts)
    negative = columns() | {"G (uS)": np.linspace(-1, 18, 20)}
    assert "negative at 1 points" in read(negative, **SAMPLE).report.doubts[0]
