"""Text files as instruments and offices write them: preambles, rows of units, decimal commas beside dates, loggers."""

import numpy as np
import pytest
from dots import FIELD, GATE, SAMPLE, assert_same, columns, conductance, rows

from equibacksolve.measurements import read, tabulate

PLAIN = read(columns(), **SAMPLE).observations
TABLE = np.column_stack(rows())
TABLE_IN_MT = TABLE * [1e3, 1, 1]


def lines(table=TABLE, separator=";", comma=False, before=(), after=()):
    """A line a point: what comes before and after is the same or numbered."""
    written = []
    for number, row in enumerate(table.tolist()):
        cells = [f"{cell!r}".replace(".", ",") if comma else f"{cell!r}" for cell in row]
        numbered = lambda texts: [text.format(n=number + 1, day=number % 28 + 1, s=number) for text in texts]
        written.append(separator.join([*numbered(before), *cells, *numbered(after)]))
    return written


def saved(tmp_path, *parts, name="a.csv", encoding="utf-8"):
    text = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    (tmp_path / name).write_bytes(("\n".join(text) + "\n").encode(encoding))
    return tmp_path / name


GERMAN = {
    "date": (["Datum;B (T);Vg (V);G (uS)"], {"before": ["{day:02}.11.2026"]}),
    "date and time": (["Zeit;B (T);Vg (V);G (uS)"], {"before": ["{day:02}.11.2026 10:00:{s:02}"]}),
    "time with a point": (["Zeit;B (T);Vg (V);G (uS)"], {"before": ["10:00:{s:02}.125"]}),
    "in the last column": (["B (T);Vg (V);G (uS);Datum"], {"after": ["{day:02}.11.2026"]}),
    "version": (["Version;B (T);Vg (V);G (uS)"], {"before": ["1.2.3"]}),
    "a number with a point": (["T;B (T);Vg (V);G (uS)"], {"before": ["4.2"]}),
    "status words": (["Status;B (T);Vg (V);G (uS);Note"], {"before": ["ok"], "after": ["Nr. {n}"]}),
    "tabs": (["Datum\tB (T)\tVg (V)\tG (uS)"], {"before": ["{day:02}.11.2026"], "separator": "\t"}),
    "spaces": (["B (T) Vg (V) G (uS)"], {"separator": " "}),
    "spaces and a date": (["Datum B (T) Vg (V) G (uS)"], {"separator": "  ", "before": ["{day:02}.11.2026"]}),
    "sep": (["sep=;", "Datum;B (T);Vg (V);G (uS)"], {"before": ["{day:02}.11.2026"]}),
    "units": (["Datum;B;Vg;G", ";T;V;uS"], {"before": ["{day:02}.11.2026"]}),
}


@pytest.mark.parametrize("kind", GERMAN)
def test_decimal_commas_beside_dates_and_words(tmp_path, kind):
    above, layout = GERMAN[kind]
    path = saved(tmp_path, above, lines(comma=True, **layout))
    assert_same(read(path, **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_encodings_of_windows(tmp_path, encoding):
    path = saved(tmp_path, "Datum;B (T);Vg (V);G (µS)", lines(comma=True, before=["27.11.2026"]), encoding=encoding)
    assert_same(read(path, **SAMPLE).observations, PLAIN)


UNITS = {
    "all": ["B;Vg;G", "T;V;uS"],
    "brackets": ["B;Vg;G", "[T];[V];[uS]"],
    "parentheses": ["B;Vg;G", "(T);(V);(uS)"],
    "below a title": ["Run 7", "B;Vg;G", "T;V;uS"],
    "a comment below, as Origin has it": ["B;Vg;G", "T;V;uS", "dot 3"],
    "words": ["B;Vg;G", "Tesla;Volt;uS"],
}


@pytest.mark.parametrize("kind", UNITS)
def test_a_row_of_units_below_the_headers(tmp_path, kind):
    path = saved(tmp_path, UNITS[kind], lines())
    assert_same(read(path, **SAMPLE).observations, PLAIN)
    assert len(tabulate(path).columns[0].entries) == 20


def test_a_row_of_some_units(tmp_path):
    """mT;;e2/h: the gate has none, and is an energy in hoppings."""
    table = np.column_stack([TABLE[:, 0] * 1e3, TABLE[:, 1], TABLE[:, 2]])
    for row in ("mT;;e2/h", "mT;-;e^2/h", "mT;1;e2/h", "mT;a.u.;e2/h"):
        read_in = tabulate(saved(tmp_path, "B;Vg;G", row, lines(table)))
        assert [column.unit for column in read_in.columns] == ["mT", None, row.split(";")[2]]
        np.testing.assert_array_equal(read_in.columns[0].numbers(), table[:, 0])
    only_first = tabulate(saved(tmp_path, "B;Vg;G", "mT;;", lines(table)))
    assert [column.unit for column in only_first.columns] == ["mT", None, None]


def test_units_in_a_second_comment(tmp_path):
    np.savetxt(tmp_path / "a.txt", TABLE, header="taken at 30 mK\nB Vg G\nT V uS")
    assert_same(read(tmp_path / "a.txt", **SAMPLE).observations, PLAIN)


def test_a_header_of_one_letter_names_is_no_row_of_units(tmp_path):
    """B, V and G are units, too."""
    table = tabulate(saved(tmp_path, "Run 7", "B;V;G", lines()))
    assert table.headers == ("B", "V", "G")
    assert [column.unit for column in tabulate(saved(tmp_path, "B;V;G", lines())).columns] == [None] * 3


def test_a_logger_of_campbell_scientific(tmp_path):
    above = [
        '"TOA5","cryostat","CR1000X","1234","CR1000X.Std.05.00","CPU:dot.CR1X","4711","Map"',
        '"TIMESTAMP","RECORD","B","Vg","G"',
        '"TS","RN","mT","V","uS"',
        '"","","Smp","Smp","Avg"',
    ]
    before = ['"2026-11-27 10:00:{s:02}"', "{s}"]
    body = lines(TABLE_IN_MT, ",", before=before)
    body[3] = body[3].rpartition(",")[0] + ',"NAN"'
    measured = read(saved(tmp_path, above, body, name="a.dat"), **SAMPLE)
    g = columns()["G (uS)"].copy()
    g[3] = np.nan
    assert_same(measured.observations, read(columns() | {"G (uS)": g}, **SAMPLE).observations)
    table = tabulate(tmp_path / "a.dat")
    assert [column.unit for column in table.columns] == ["TS", "RN", "mT", "V", "uS"]
    assert table.columns[1].numbers().tolist() == list(range(20))


PREAMBLES = {
    "colons": ["Instrument: SR830", "Date: 27.11.2026", "Temperature: 0.03 K"],
    "one line": ["Lock-in SR830"],
    "pairs": ["Model,DSOX1204", "Points,20", "Average,16", "Range,1.5,V"],
    "numbers alone": ["20", "16"],
    "empty lines": ["Instrument: SR830", "", "", "Notes: a, b, and c", ""],
    "a ruler": ["My map", "======"],
    "quantum design": ["[Header]", "TITLE,dot", "INFO,PPMS,1.0.9", "STARTUPAXIS,X,3", "[Data]"],
    "labview": ["LabVIEW Measurement", "Separator,Comma", "***End_of_Header***"],
    "with comments": ["# a comment", "Instrument: SR830", "# another", "% and one of Matlab"],
    "semicolons": ["Instrument; SR830; 17", "Date; 27.11.2026"],
    "tabs": ["Instrument\tSR830", "Rate\t13"],
    "long": [f"Setting {number}: {number}" for number in range(60)],
}


@pytest.mark.parametrize("kind", PREAMBLES)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_preamble_above_the_headers(tmp_path, kind, separator):
    path = saved(tmp_path, PREAMBLES[kind], separator.join(["B (T)", "Vg (V)", "G (uS)"]), lines(separator=separator))
    assert_same(read(path, **SAMPLE).observations, PLAIN)
    count = len(PREAMBLES[kind])
    assert_same(read(path, skip=count, separator=separator, decimal=".", **SAMPLE).observations, PLAIN)


def test_a_ruler_below_the_headers(tmp_path):
    for ruler in ("-----------------", "------;--------;-----", "=== === ==="):
        path = saved(tmp_path, "B (T);Vg (V);G (uS)", ruler, lines())
        assert_same(read(path, **SAMPLE).observations, PLAIN)


def test_a_preamble_above_a_matrix(tmp_path):
    across = ";".join(map(repr, GATE.tolist()))
    body = conductance(FIELD[:, None], GATE)
    down = [";".join(map(repr, [b, *row])) for b, row in zip(FIELD.tolist(), body.tolist())]
    for corner in ("B (T) \\ Vg (V)", "B/T \\ Vg/V"):
        path = saved(tmp_path, "Lock-in: SR830", "Points;20", f"{corner};{across}", down)
        assert_same(read(path, value_unit="uS", **SAMPLE).observations, PLAIN)


def test_a_first_reading_with_a_word_is_no_axis_of_a_matrix(tmp_path):
    path = saved(tmp_path, "B (T);Vg (V);G (uS)", "ovl;0.1;0.2", lines())
    assert len(tabulate(path).columns[0].entries) == 21
    dated = saved(tmp_path, lines(before=["2026-11-{day:02}"]))  # without headers
    assert tabulate(dated).headers == ("column 1", "column 2", "column 3", "column 4")


def test_the_options_say_what_cannot_be_found_out(tmp_path):
    headers = "B (T)|Vg (V)|G (uS)"
    piped = saved(tmp_path, "Dot|3|x", headers, lines(separator="|"))
    assert_same(read(piped, skip=1, separator="|", **SAMPLE).observations, PLAIN)
    numbered = saved(tmp_path, "1;2;3", "4;5;6", headers.replace("|", ";"), lines())
    assert_same(read(numbered, skip=2, **SAMPLE).observations, PLAIN)
    for given in ("tab", "\\t", "\t"):
        tabs = saved(tmp_path, headers.replace("|", "\t"), lines(separator="\t"))
        assert_same(read(tabs, separator=given, skip=0, **SAMPLE).observations, PLAIN)
    spaced = saved(tmp_path, headers.replace("|", " "), lines(separator=" "), name="a.dat")
    assert_same(read(spaced, separator="space", **SAMPLE).observations, PLAIN)
    german = saved(tmp_path, headers.replace("|", ";"), lines(comma=True))
    assert_same(read(german, decimal=",", **SAMPLE).observations, PLAIN)
    units = saved(tmp_path, "x;y;z", "B;Vg;G", "T;V;uS", lines())
    assert_same(read(units, skip=1, **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        # a German thousand is no 1.234, and one of English no 1,234
        ("B;Vg;G\n0,1;0,2;1.234\n0,2;0,2;1.235\n", {}, r"'1.234' in data row 1 .* decimal mark ','; pass decimal="),
        ("B;Vg;G\n0,1;0,2;1.234,5\n0,2;0,2;1,5\n", {}, r"'1.234,5' in data row 1 .* without a mark between thousands"),
        ("B;Vg;G\n0.1;0.2;1,234.5\n0.2;0.2;1,5\n", {}, r"'1,234.5' in data row 1 .* without a mark between thousands"),
        ("B;Vg;G\n0.1;0.2;1,5\n0.2;0.2;1,7\n", {}, r"'0.1' in data row 1 .* decimal mark ','; pass decimal="),
        ("B;Vg;G\n0.1;0.2;1,5\n0.2;0.2;1,7\n", {"decimal": "."}, r"'1,5' in data row 1 .* decimal mark '.'"),
        ("B\\Vg;1.5;2.5;3\n0,1;1,5;1;2\n0,2;1,5;1;2\n", {}, "points in its first row but decimal commas"),
        (
            "Lock-in\nNr\n0.1;0.2;1\n0.2;0.2;1\n",
            {},
            "1 headers but rows of 3 cells.*skip=, their number, or separator=",
        ),
        ("B;Vg;G\n0.1;0.2;1\n", {"skip": 5}, "a.csv has no rows after 5 lines"),
        ("B;Vg;G\n0.1;0.2;1\n", {"skip": -1}, "skip is -1; give the number of lines above the headers"),
        ("B;Vg;G\n0.1;0.2;1\n", {"skip": "2"}, "skip is 2; give the number"),
        ("B;Vg;G\n0.1;0.2;1\n", {"separator": ";;"}, "separator is ';;'; give one mark"),
        ("B;Vg;G\n0.1;0.2;1\n", {"separator": 3}, "separator is '3'; give one mark"),
        ("B;Vg;G\n0.1;0.2;1\n", {"decimal": "comma"}, "decimal is 'comma'; give '.' or ','"),
        ("B;Vg;G\n0.1;0.2;1\n", {"separator": ","}, r"its columns are 'B;Vg;G'"),
        ("B;Vg;G\nfurlong;T;V\n0.1;0.2;1\n0.1;0.3;1\n", {}, "has the unit 'furlong', but a magnetic field"),
        ("B;Vg;G\nTS;T;V\n0.1;0.2;1\n0.1;0.3;1\n", {}, "has a unit that cannot be read|has the unit 'TS'"),
        ("When;Vg;G\n1.11.2026;0,2;1\n2.11.2026;0,3;1\n", {"flux": "When"}, "'When' has '1.11.2026' in data row 1"),
    ],
)
def test_what_is_not_clear_gets_one_sentence_that_names_the_option(tmp_path, text, given, told):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=told) as raised:
        read(tmp_path / "a.csv", **given)
    assert "\n" not in str(raised.value)


def test_typography_and_what_stands_below(tmp_path):
    text = saved(tmp_path, "B (T);Vg (V);G (uS)", lines(comma=True)).read_text()
    path = saved(tmp_path, text.replace("-", "\u2212").replace(";", "\u00a0;").rstrip().split("\n"))
    assert_same(read(path, **SAMPLE).observations, PLAIN)
    path = saved(tmp_path, "B (T);Vg (V);G (uS)", lines()[:3], "End of data")
    with pytest.raises(ValueError, match="has 'End of data' in data row 4 where a number was expected"):
        read(path, **SAMPLE)
    path = saved(tmp_path, "B (T);Vg (V);G (uS)", lines(), "B (T);Vg (V);G (uS)", lines())
    with pytest.raises(ValueError, match=r"has 'B \(T\)' in data row 21"):
        read(path, **SAMPLE)


@pytest.mark.parametrize("given", [{"skip": 1}, {"separator": ";"}, {"decimal": ","}])
def test_options_of_text_files_are_refused_elsewhere(given):
    with pytest.raises(ValueError, match=f"{next(iter(given))} is about text files"):
        read(columns(), **given, **SAMPLE)


def test_a_file_of_words_and_dates_is_a_table_still(tmp_path):
    path = saved(tmp_path, "Datum;B (T);Vg (V);G (uS);Status", lines(comma=True, before=["27.11.2026"], after=["ok"]))
    report = read(path, **SAMPLE).report
    assert (report.counting, report.unused) == (20, ())
    words = saved(tmp_path, "name;status", "dot 1;ok", "dot 2;broken", name="w.csv")
    assert tabulate(words).columns[1].entries.tolist() == ["ok", "broken"]
