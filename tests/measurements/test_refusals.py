"""What is refused, and that the sentence names the column, what was expected, and the columns there are."""

import sys

import numpy as np
import pytest
from dots import SAMPLE, columns, written

from equibacksolve.measurements import _units, read, tabulate

ALL = r"its columns are 'B \(T\)', 'Vg \(V\)', 'G \(uS\)'"
UNITLESS = {"flux": [0.0, 0.1], "energy": [0.0, 0.1], "G": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"value": "I"}, f"value= names the column 'I', which the dict does not have; {ALL}"),
        ({"value": "g"}, f"{ALL}; did you mean 'G'"),
        ({"flux": "field"}, f"flux= names the column 'field'.*{ALL}"),
        ({"energy": "Vgate"}, r"energy= names the column 'Vgate'.*did you mean 'Vg'"),
        ({"mask": "ok"}, f"mask= names the column 'ok'.*{ALL}"),
        ({"mask": "~ok"}, "mask= names the column 'ok'"),
        ({"mask": "B"}, r"column 'B \(T\)' has -0.5 where a mask was expected: 1 \(counts\) or 0"),
        ({"mask": np.ones(3, bool)}, r"mask is of bool and shape \(3,\).*readings of shape \(20,\)"),
        ({"mask": np.ones(20)}, "mask is of float64"),
        ({"mask": np.zeros(20, bool)}, "no data left: all 20 values are masked"),
        ({"units": {"Bz": "T"}}, f"units= names the column 'Bz'.*{ALL}"),
        ({"units": {"B": "V"}}, r"column 'B \(T\)' has the unit 'V', but a magnetic field \(T, mT, G\), a flux"),
        ({"units": {"Vg": "T"}}, r"column 'Vg \(V\)' has the unit 'T', but a gate voltage \(V, mV\), an energy"),
        (
            {"value_unit": "K"},
            r"column 'G \(uS\)' has the unit 'K', but a conductance \(S, uS, e.2/h\), a resistance",
        ),
        (
            {"value_unit": "parsnips"},
            r"column 'G \(uS\)' has a unit that cannot be read: 'parsnips'.*units=\{'G': ...\}",
        ),
        (
            {"cell_area": None},
            r"column 'B \(T\)' is in T and needs cell_area to become a flux; pass cell_area='400 nm.2'",
        ),
        (
            {"lever_arm": None, "hopping": None},
            r"'Vg \(V\)' is in V and needs lever_arm and hopping to become an energy",
        ),
        ({"cell_area": 400}, "cell_area=400 has no unit; write it as text, like cell_area='400 nm.2'"),
        ({"cell_area": "400 nm"}, "cell_area=400 nm: 'nm' does not convert to 'm.2'"),
        ({"cell_area": "-400 nm^2"}, "cell_area must be a positive number"),
        ({"cell_area": "wide"}, "cell_area is 'wide'; give a number, with its unit"),
        ({"hopping": 0.002}, "hopping=0.002 has no unit"),
        ({"hopping": "0 meV"}, "hopping must be a positive number"),
        ({"lever_arm": 0}, "lever_arm must be a number other than zero"),
        ({"lever_arm": "0.1 nm"}, "lever_arm=0.1 nm: 'nm' does not convert to 'eV/V'"),
        ({"offset": "1 T"}, "offset=1 T: 'T' does not convert to 'V'"),
        ({"energy": 0.0}, "lever_arm is given, but energy=0.0 is a number in hopping"),
        ({"flux": 0.0, "field_offset": "1 mT"}, "field_offset is given, but flux=0.0 is a number in h/e"),
        ({"variables": {"flux": "B"}, "flux": "B"}, "variables names 'flux', which flux= names already"),
        ({"convert": {"flux": "T"}}, "convert names 'flux', which has the simulator's unit already"),
        ({"variables": {"sigma": "B"}, "flux": "B"}, "variables names 'sigma', which Observations keeps for itself"),
        ({"same_setting": 2}, "same_setting is a fraction of the range of an axis, from 0 to below 1; got 2"),
        ({"form": "matrix"}, "form is about text files"),
        ({"form": "wide"}, "form must be 'long' or 'matrix', got 'wide'"),
    ],
)
def test_bad_requests_get_one_sentence(asked, told):
    with pytest.raises(ValueError, match=told) as raised:
        read(columns(), **(SAMPLE | asked))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("argument", "given"),
    [("cell_area", "400 nm^2"), ("field_offset", "1 mT"), ("lever_arm", 0.1), ("offset", "1 mV"), ("hopping", "2 meV")],
)
def test_numbers_that_nothing_needs_are_refused(argument, given):
    with pytest.raises(ValueError, match=f"{argument} is given, but column .* has no unit and is taken as"):
        read(UNITLESS, **{argument: given})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            {"B (T)": [0.0], "B (mT)": [0.0], "Vg": [0.0], "G": [1.0]},
            r"'B', which the dict has 2 times.*'B \(T\)', 'B \(mT\)'",
        ),
        ({"flux": [0.0, 1.0], "energy": [0.0], "G": [1.0]}, r"one shape, got 'flux' \(2,\), 'energy' \(1,\)"),
        ({}, "no arrays"),
        ({"flux": [np.nan], "energy": [0.0], "G": [1.0]}, "no point of which all of flux, energy are known"),
        ({"flux": [0.0], "energy": ["high"], "G": [1.0]}, "column 'energy' has 'high' in data row 1"),
        ({"flux": [0.0], "energy": [0.0], "G": [1j]}, "column 'G' is complex"),
    ],
)
def test_bad_tables_get_one_sentence(table, told):
    with pytest.raises(ValueError, match=told):
        read(table, **({} if "B (T)" not in table else {"flux": "B"}))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.xyz", "ends in '.xyz'; known are .asc, .csv"),
        ("a.opju", "export the worksheet from Origin as ASCII"),
        ("a", "ends in ''"),
    ],
)
def test_files_of_another_kind(tmp_path, name, told):
    with pytest.raises(ValueError, match=told):
        read(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    for name in ("a.csv", "a.nc"):
        with pytest.raises(FileNotFoundError, match=name):
            read(tmp_path / name)


def test_a_source_of_another_kind():
    with pytest.raises(ValueError, match="source is a int; give a path"):
        read(3)


@pytest.mark.parametrize(
    ("package", "name"), [("pandas", "a.csv"), ("pint", "a.csv"), ("xarray", "a.nc"), ("h5netcdf", "a.nc")]
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, package, name):
    path = written(tmp_path / name)
    monkeypatch.setitem(sys.modules, package, None)
    _units.registry.cache_clear()
    with pytest.raises(ImportError, match=rf'needs the package {package}.*pip install "equibacksolve\[data\]"'):
        read(path, **SAMPLE)


def test_what_is_in_a_source_can_be_looked_at_first():
    table = tabulate(columns())
    assert [(column.name, column.unit) for column in table.columns] == [("B", "T"), ("Vg", "V"), ("G", "uS")]
    assert table.headers == ("B (T)", "Vg (V)", "G (uS)")
    assert table.has("B")
    assert not table.has("Bz")
