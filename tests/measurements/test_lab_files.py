"""Files as instruments, Origin and Excel leave them: read as the plain file is, or refused with what helps."""

import numpy as np
import pytest
from dots import FIELD, GATE, SAMPLE, assert_same, columns, conductance, rows, written

from equibacksolve.measurements import read, tabulate

PLAIN = read(columns(), **SAMPLE).observations


def saved(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def long(separator, **words):
    """The rows as text; `words`, by the number of the row, stand in place of a reading."""
    table = [[repr(float(cell)) for cell in row] for row in zip(*rows())]
    for row, word in words.items():
        table[int(row.removeprefix("row"))][2] = word
    return [separator.join(row) for row in table]


def side_by_side(first, header, second=None, separator="\t"):
    """One curve for each field, each in a column of its own."""
    body = [separator.join(map(repr, [v, *(float(conductance(b, v)) for b in FIELD)])) for v in GATE.tolist()]
    return [separator.join([first, *(header.format(b) for b in FIELD)]), *([second] if second else []), *body]


@pytest.mark.parametrize("word", ["OVLD", "ovl", "O.L.", "+OVLD", "Overload", "OVRNG", "-OVER", "Out of range"])
def test_an_overload_is_a_reading_beyond_all_numbers(tmp_path, word):
    report = read(saved(tmp_path / "a.csv", "B (T),Vg (V),G (uS)", *long(",", row3=word, row7=word)), **SAMPLE).report
    assert (report.counting, report.infinite, report.missing) == (18, 2, 0)


def test_a_file_that_begins_with_an_overload(tmp_path):
    """Half of the first row is a word, as all of the headers are."""
    path = saved(tmp_path / "a.csv", "B (T),G (uS)", "0.0,OVLD", "0.1,--", "0.2,80.0", "0.3,81.0", "0.4,82.0")
    measured = read(path, energy=0.0, cell_area="400 nm^2")
    assert (measured.report.counting, measured.report.infinite, measured.report.missing) == (3, 1, 1)


@pytest.mark.parametrize("word", ["--", "-", "n.a.", "#DIV/0!", "#N/A", "null"])
def test_words_for_nothing_are_missing(tmp_path, word):
    report = read(saved(tmp_path / "a.txt", "B (T)\tVg (V)\tG (uS)", *long("\t", row3=word)), **SAMPLE).report
    assert (report.counting, report.infinite, report.missing) == (19, 0, 1)


@pytest.mark.parametrize(
    "above",
    [
        ["B\tVg\tG", "T\tV\tuS", "dot 3\tdot 3\tdot 3"],  # long names, units, comments
        ["A(X)\tB(Y)\tC(Y)", "B\tVg\tG", "T\tV\tuS"],  # short names as well
        ["B\tVg\tG", "T\tV\tuS", "\t\t"],
    ],
)
def test_a_worksheet_that_origin_has_exported(tmp_path, above):
    assert_same(read(saved(tmp_path / "a.txt", *above, *long("\t")), **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize(
    ("header", "second"),
    [
        ("G(B={}T) (uS)", None),
        ("G (B = {} T) (uS)", None),
        ("G(B={}T)", "V" + "\tuS" * len(FIELD)),
        ("G @ B={} T", "V" + "\tuS" * len(FIELD)),
        ("B={} T", None),
        ("B={}T", None),
    ],
)
def test_curves_side_by_side_whose_headers_say_where_they_were_taken(tmp_path, header, second):
    first = "Vg" if second else "Vg (V)"
    path = saved(tmp_path / "a.txt", *side_by_side(first, header, second))
    unit = {} if "uS" in f"{header}{second}" else {"value_unit": "uS"}
    assert_same(read(path, **unit, **SAMPLE).observations, PLAIN)
    assert len(tabulate(path, form="long").columns) == 1 + len(FIELD)


def test_curves_in_milliteslas_and_with_decimal_commas(tmp_path):
    lines = side_by_side("Vg (V)", "G(B={}) (uS)", separator=";")
    lines[0] = ";".join(["Vg (V)", *(f"G(B={round(b * 1e3)} mT) (uS)" for b in FIELD)])
    assert_same(
        read(saved(tmp_path / "a.csv", *[line.replace(".", ",") for line in lines]), **SAMPLE).observations, PLAIN
    )


def test_one_curve_of_several_is_read_by_its_header(tmp_path):
    path = saved(tmp_path / "a.txt", *side_by_side("Vg (V)", "G(B={}T) (uS)"))
    sample = {name: given for name, given in SAMPLE.items() if name != "cell_area"}
    one = read(path, value="G(B=0.25T) (uS)", value_unit="uS", flux=0.0, **sample).observations
    np.testing.assert_allclose(one.values, PLAIN.values.reshape(5, 4)[3], rtol=1e-13)  # roundings


def test_columns_that_are_no_curves_of_one_quantity_stay_as_they_are():
    for headers in (("G(B=0.1T)", "R(B=0.2T)"), ("G(B=0.1T)", "G(V=0.2V)"), ("G(B=1T)", "G(B=1T) "), ("G(B=1T)", "x")):
        table = tabulate({header: np.arange(3.0) for header in headers})
        assert table.shape == (3,)


def test_an_axis_of_a_matrix_whose_cells_carry_the_unit(tmp_path):
    path = saved(tmp_path / "a.txt", *side_by_side("Vg (V) \\ B", "{} T"))
    assert_same(read(path, value_unit="uS", **SAMPLE).observations, PLAIN)
    words = saved(tmp_path / "w.txt", *side_by_side("Vg", "run {}"))
    with pytest.raises(ValueError, match=r"no axis in its first row, but 'Vg, run .*; pass form='long' if each row"):
        read(words, form="matrix", **SAMPLE)


@pytest.mark.parametrize("own_axes", [False, True])
def test_curves_of_origin_whose_comments_say_where_they_were_taken(tmp_path, own_axes):
    """Long names, units, comments; with own axes, each curve stands beside its own column of gates (XYXY)."""

    def row(gate, readings):
        cells = [cell for reading in readings for cell in (gate, reading)] if own_axes else [gate, *readings]
        return "\t".join(map(str, cells))

    above = [row("Vg", ["G"] * len(FIELD)), row("V", ["uS"] * len(FIELD)), row("", [f"B={b} T" for b in FIELD])]
    body = [row(v, [float(conductance(b, v)) for b in FIELD]) for v in GATE.tolist()]
    assert_same(read(saved(tmp_path / "a.txt", *above, *body), **SAMPLE).observations, PLAIN)


def test_units_as_origin_and_loggers_write_them(tmp_path):
    origin = saved(tmp_path / "a.txt", "B\tVg\tG", "T\tV\t\\g(m)S", *long("\t"))
    assert_same(read(origin, **SAMPLE).observations, PLAIN)
    in_cells = [f"{b} T,{v} V,{g} uS" for b, v, g in (row.split(",") for row in long(","))]
    assert_same(read(saved(tmp_path / "a.log", "B,Vg,G", *in_cells), **SAMPLE).observations, PLAIN)
    fortran = [row.replace("e", "D") for row in (" ".join(f"{x:.17e}" for x in row) for row in zip(*rows()))]
    assert_same(read(saved(tmp_path / "a.dat", "B (T) Vg (V) G (uS)", *fortran), **SAMPLE).observations, PLAIN)


PREAMBLES = {
    "keys": ["Lock-in:{s}SR830", "Time constant:{s}300 ms", "Sensitivity:{s}1 mV", ""],
    "prose": ["Sample A7, cooled on 27.11., 30 mK, Tanaka; see book 12"],
    "values": ["Temperature (K){s}0.03", "Points{s}20", ""],
    "sections": ["[Header]", "User{s}KT", "[Data]"],
    "a title": ["Conductance map B (T) Vg (V)"],
}
HEADERS = {
    "units in brackets": ["B[T]{s}Vg[V]{s}G[uS]"],
    "a row of units and one of comments": ["B{s}Vg{s}G", "T{s}V{s}uS", "sweep{s}step{s}lock-in"],
    "a ruler": ["B{s}Vg{s}G", "T{s}V{s}uS", "-----------------"],
}


@pytest.mark.parametrize(("comment", "separator"), [("", "\t"), ("# ", "  ")])
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("preamble", PREAMBLES)
def test_preambles_above_headers_of_all_kinds(tmp_path, preamble, header, comment, separator):
    above = [comment + line.format(s=separator) for line in (*PREAMBLES[preamble], *HEADERS[header])]
    assert_same(read(saved(tmp_path / "a.txt", *above, *long(separator)), **SAMPLE).observations, PLAIN)


def test_a_date_and_a_time_between_spaces_are_two_cells(tmp_path):
    dated = [f"2026-11-27 10:00 {row}" for row in long(" ")]
    path = saved(tmp_path / "a.txt", "Time B(T) Vg(V) G(uS)", *dated)
    with pytest.raises(ValueError, match=r"4 headers but rows of 5 cells between spaces, .* pass header=, one"):
        read(path, **SAMPLE)
    given = read(path, header="Date,Time,B (T),Vg (V),G (uS)", skip=1, **SAMPLE)
    assert_same(given.observations, PLAIN)


def test_readings_without_a_unit_beside_axes_with_theirs_are_doubtful():
    field, gate, g = rows()
    told = "G has no unit and is taken in e^2/h; pass units={'G': 'uS'} if it is in uS, say"
    assert read({"B (T)": field, "Vg (V)": gate, "G": g}, **SAMPLE).report.doubts == (told,)
    assert read({"flux": field, "energy": gate, "G": g}).report.doubts == ()


def test_other_separators(tmp_path):
    assert_same(read(saved(tmp_path / "a.asc", "B (T)|Vg (V)|G (uS)", *long("|")), **SAMPLE).observations, PLAIN)
    bangs = saved(tmp_path / "a.csv", "B!Vg!G", *long("!"))
    with pytest.raises(ValueError, match="if '!' stands between the cells, pass separator='!'"):
        read(bangs, flux="B!Vg!G", energy=0.0, value="B!Vg!G")
    spaces = saved(tmp_path / "a.dat", "Magnetic field (T) Gate voltage (V) G (uS)", *long(" "))
    with pytest.raises(ValueError, match=r"5 headers but rows of 3 cells between spaces; .* pass header=, the headers"):
        read(spaces, **SAMPLE)


@pytest.mark.parametrize("header", [["B (T)", "Vg (V)", "G (uS)"], "B (T), Vg (V), G (uS)"])
def test_headers_are_given_where_the_file_has_none_or_others(tmp_path, header):
    bare = saved(tmp_path / "bare.csv", *long(","))
    assert_same(read(bare, header=header, **SAMPLE).observations, PLAIN)
    with pytest.raises(ValueError, match=r"give the headers that the file does not have by header=; .* form='matrix'"):
        read(bare, **SAMPLE)
    with pytest.raises(ValueError, match="has 2 headers but rows of 3 cells"):
        read(bare, header=["B (T)", "Vg (V)"], **SAMPLE)
    for wrong, told in ((3, "3"), (["B (T)", 3, "G (uS)"], r"\['B \(T\)', 3, 'G \(uS\)'\]")):
        with pytest.raises(ValueError, match=f"header is {told}; give the headers"):
            read(bare, header=wrong, **SAMPLE)
    others = saved(tmp_path / "others.dat", "Magnetic field (T) Gate voltage (V) G (uS)", *long(" "))
    assert_same(read(others, header=header, **SAMPLE).observations, PLAIN)


def test_a_current_at_a_voltage_and_a_voltage_at_a_current():
    """G = I / V: 80 uS at 10 uV is 0.8 nA, and at 1 nA 12.5 uV."""
    field, gate, g = rows()
    axes = {"B (T)": field, "Vg (V)": gate}
    current = read(axes | {"I (nA)": g * 1e-2}, value="I", bias="10 uV", sigma="1 pA", **SAMPLE)
    at_plain = read(columns(), sigma="0.1 uS", **SAMPLE)
    assert_same(current.observations, at_plain.observations)
    assert "G = I / V, V = 10 uV" in str(current.report)
    backwards = read(axes | {"I (nA)": -g * 1e-2}, value="I", bias="-10 uV", sigma="1 pA", **SAMPLE)
    assert_same(backwards.observations, at_plain.observations)
    voltage = read(axes | {"U (uV)": 1e3 / g}, value="U", bias="1 nA", **SAMPLE)
    np.testing.assert_allclose(voltage.observations.values, PLAIN.values, rtol=1e-13)  # roundings


@pytest.mark.parametrize(
    ("unit", "given", "told"),
    [
        ("nA", {}, r"'x \(nA\)' is in nA and needs bias to become a conductance; pass bias='10 uV'"),
        ("mV", {}, r"'x \(mV\)' is in mV and needs bias to become a conductance; pass bias='1 nA'"),
        ("nA", {"bias": "1 nA"}, "bias=1 nA: 'nA' does not convert to 'V'"),
        ("nA", {"bias": 1e-5}, "bias=1e-05 has no unit; write it as text, like bias='10 uV'"),
        ("nA", {"bias": "0 V"}, "bias must be a finite number other than zero; got 0 V"),
        ("uS", {"bias": "1 V"}, "bias is given, but column .* has the unit uS and is taken as a conductance"),
    ],
)
def test_a_bias_that_does_not_fit_is_refused(unit, given, told):
    field, gate, g = rows()
    with pytest.raises(ValueError, match=told):
        read({"B (T)": field, "Vg (V)": gate, f"x ({unit})": g}, value="x", **given, **SAMPLE)


def test_a_field_that_was_read_back_is_told_with_the_option_that_joins_it():
    field, gate, g = rows()
    read_back = {
        "B (T)": field + np.random.default_rng(1).uniform(-1e-3, 1e-3, field.shape),
        "Vg (V)": gate,
        "G (uS)": g,
    }
    report = read(read_back, **SAMPLE).report
    assert report.grid is None
    (doubt,) = report.doubts
    assert doubt.startswith("flux has 20 settings in 5 narrow groups")
    fraction = float(doubt.partition("same_setting=")[2].partition(",")[0])
    up_and_down = {header: np.concatenate([column, column[::-1]]) for header, column in read_back.items()}
    up_and_down["B (T)"] += np.random.default_rng(3).uniform(-1e-4, 1e-4, 40)
    (doubt,) = read(up_and_down, **SAMPLE).report.doubts
    assert "flux has 40 settings in 5 narrow groups" in doubt
    assert read(up_and_down, same_setting=fraction, **SAMPLE).report.repeated == 20
    joined = read(read_back, same_setting=fraction, **SAMPLE)
    assert joined.observations.grid == (5, 4)
    assert joined.report.doubts == ()
    # Half of a step of the field is no jitter, and settings that lie anywhere are no groups.
    anywhere = read_back | {"B (T)": np.random.default_rng(2).uniform(-1.0, 1.0, field.shape)}
    assert read(anywhere, **SAMPLE).report.doubts == ()


def workbook(path, table):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    book.create_sheet("not read").append(["x"])
    book.save(path)
    return path


@pytest.mark.parametrize(
    "above",
    [[["B (T)", "Vg (V)", "G (uS)"]], [["cooldown 3", None, None], [], ["B", "Vg", "G"], ["T", "V", "uS"]]],
)
def test_the_first_sheet_of_a_workbook(tmp_path, above):
    body = [[float(cell) for cell in row] for row in zip(*rows())]
    assert_same(read(workbook(tmp_path / "a.xlsx", above + body), **SAMPLE).observations, PLAIN)
    body[2][2], body[5][2] = None, "OVLD"
    report = read(workbook(tmp_path / "b.xlsx", above + body), **SAMPLE).report
    assert (report.counting, report.missing, report.infinite) == (18, 1, 1)


def test_a_file_that_is_no_workbook(tmp_path):
    pytest.importorskip("openpyxl")
    with pytest.raises(ValueError, match=r"a.xlsx is no workbook of Excel that can be read; save it as .csv"):
        read(written(tmp_path / "a.xlsx"), **SAMPLE)
