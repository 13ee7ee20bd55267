"""Text files: separators, decimal marks, headers, comments, long form and matrix form say the same."""

import numpy as np
import pytest
from dots import FIELD, GATE, SAMPLE, assert_same, columns, conductance, rows, written

from equibacksolve.measurements import read, tabulate

PLAIN = read(columns(), **SAMPLE).observations
TABLE = np.column_stack(rows())
MAP = conductance(FIELD[:, None], GATE[None])


def decimal_commas(text):
    return text.replace(".", ",")


@pytest.mark.parametrize(
    ("name", "separator"),
    [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.dat", " "), ("a.txt", "   "), ("b.csv", ", ")],
)
def test_separators(tmp_path, name, separator):
    path = written(tmp_path / name, separator.join(["B (T)", "Vg (V)", "G (uS)"]), separator)
    assert_same(read(path, **SAMPLE).observations, PLAIN)
    assert_same(read(str(path), **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas(tmp_path, separator):
    path = written(tmp_path / "a.csv", separator.join(["B (T)", "Vg (V)", "G (uS)"]), separator)
    path.write_text(decimal_commas(path.read_text()))
    assert_same(read(path, **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize(
    "header", ["B (T),Vg (V),G (uS)", "B [T],Vg [V],G [uS]", "B/T,Vg/V,G/uS", '"B (T)","Vg (V)","G (uS)"']
)
def test_headers_carry_units(tmp_path, header):
    table = tabulate(written(tmp_path / "a.csv", header))
    assert [(column.name, column.unit) for column in table.columns] == [("B", "T"), ("Vg", "V"), ("G", "uS")]


def test_a_derivative_is_a_name_and_so_is_what_is_no_unit(tmp_path):
    table = tabulate(written(tmp_path / "a.csv", "dI/dV,signal/noise,dI/dV (mean) [uS]"))
    assert [(column.name, column.unit) for column in table.columns] == [
        ("dI/dV", None),
        ("signal/noise", None),
        ("dI/dV (mean)", "uS"),
    ]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_row_without_any_entry_is_a_row(tmp_path, separator):
    """It is dropped in the account, and not before."""
    path = written(tmp_path / "a.csv", separator.join(["B (T)", "Vg (V)", "G (uS)"]), separator)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], 2 * separator, *lines[5:]]))
    report = read(path, **SAMPLE).report
    assert (report.rows, report.dropped, report.counting) == (21, 1, 20)


def test_numpy_files_have_their_header_in_a_comment(tmp_path):
    np.savetxt(tmp_path / "a.txt", TABLE, header="taken at 30 mK\nB (T) Vg (V) G (uS)")
    assert_same(read(tmp_path / "a.txt", **SAMPLE).observations, PLAIN)


def test_a_file_without_headers_has_numbered_columns(tmp_path):
    np.savetxt(tmp_path / "a.csv", TABLE, delimiter=",")
    numbered = {"flux": "column 1", "energy": "column 2", "value": "column 3"}
    units = {"column 1": "T", "column 2": "V"}
    assert_same(read(tmp_path / "a.csv", **numbered, units=units, value_unit="uS", **SAMPLE).observations, PLAIN)


def test_marks_of_windows(tmp_path):
    text = written(tmp_path / "a.csv", "B (T),Vg (V),G (µS)").read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "cp1252"):
        (tmp_path / "b.csv").write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert_same(read(tmp_path / "b.csv", **SAMPLE).observations, PLAIN)


def matrix(corner, down=FIELD, across=GATE, body=MAP, separator=","):
    lines = [separator.join([corner, *map(repr, across.tolist())])]
    lines += [separator.join(map(repr, [a, *row])) for a, row in zip(down.tolist(), body.tolist())]
    return "\n".join(lines).replace("nan", "")


@pytest.mark.parametrize(("separator", "marks"), [(",", str), ("\t", str), (";", decimal_commas)])
def test_a_matrix_is_its_points(tmp_path, separator, marks):
    (tmp_path / "m.csv").write_text(marks(matrix("B (T) \\ Vg (V)", separator=separator)))
    assert_same(read(tmp_path / "m.csv", value_unit="uS", **SAMPLE).observations, PLAIN)
    (tmp_path / "t.csv").write_text(marks(matrix("Vg (V)\\B (T)", GATE, FIELD, MAP.T, separator)))
    assert_same(read(tmp_path / "t.csv", value_unit="uS", **SAMPLE).observations, PLAIN)


def test_the_value_of_a_matrix_may_be_named_with_its_unit(tmp_path):
    (tmp_path / "m.csv").write_text(matrix("B (T) \\ Vg (V)", body=1e3 / MAP))
    assert_same(read(tmp_path / "m.csv", value="R (kohm)", **SAMPLE).observations, PLAIN)


def test_a_matrix_with_an_empty_corner_has_rows_and_columns(tmp_path):
    (tmp_path / "m.csv").write_text(matrix(""))
    named = {"flux": "rows", "energy": "columns", "units": {"rows": "T", "columns": "V"}, "value_unit": "uS"}
    assert_same(read(tmp_path / "m.csv", **named, **SAMPLE).observations, PLAIN)
    (tmp_path / "n.csv").write_text(matrix("4"))  # gnuplot's: the number of columns
    assert_same(read(tmp_path / "n.csv", form="matrix", **named, **SAMPLE).observations, PLAIN)


def test_empty_cells_are_missing_in_either_form(tmp_path):
    body = MAP.copy()
    body[1, 2] = body[4, 3] = np.nan
    (tmp_path / "m.csv").write_text(matrix("B (T) \\ Vg (V)", body=body))
    table = np.column_stack([*rows()[:2], body.ravel()])
    one = read(tmp_path / "m.csv", value_unit="uS", **SAMPLE)
    other = read(written(tmp_path / "l.csv", table=table), **SAMPLE)
    assert one.report.missing == other.report.missing == 2
    assert_same(one.observations, other.observations)
    assert not one.observations.mask.reshape(one.observations.grid)[1, 2]


def test_a_short_row_misses_its_last_cell_and_an_empty_line_is_none(tmp_path):
    lines = written(tmp_path / "a.csv").read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0]
    (tmp_path / "a.csv").write_text("\n".join([*lines[:5], "", "# a pause", *lines[5:]]))
    report = read(tmp_path / "a.csv", **SAMPLE).report
    assert (report.rows, report.counting, report.missing) == (20, 19, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.csv has no rows"),
        ("# only a comment\n", "a.csv has no rows"),
        ("B,Vg,G\n", "a.csv has headers but no rows"),
        ("B,Vg,G\n0,1,1,5,2,5\n", r"3 headers but rows of 6 cells.*semicolons"),
        ("B,Vg,G\n0.1,0.2,1.5\n0.2,0.2,err\n", r"column 'G' has 'err' in data row 2.*leave a missing entry empty"),
        (",1,2\n", "first row but no others"),
        (",1,2\n1,2,3,4\n", "3 cells in its first row, but 4"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path, text, told):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=told) as raised:
        read(tmp_path / "a.csv")
    assert "\n" not in str(raised.value)
