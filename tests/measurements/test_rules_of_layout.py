"""How a text file is laid out: which row holds units, which the first data, and what separates cells."""

import pytest

from equibacksolve.measurements._layout import Layout, _first_data, _numeric_columns, are_units, layout_of, separator_of

HEADERS = ["B", "Vg", "G"]


@pytest.mark.parametrize(
    "cells",
    [["mT", "V", "uS"], ["(mT)", "[V]", "uS"], ["mT", "", "uS"], ["mT", "V"], ["mT", "-", "-"], ["mT", "1", "uS"]],
)
def test_rows_of_units(cells):
    assert are_units(cells, HEADERS)


def test_two_headers_are_enough_for_a_row_of_units():
    assert are_units(["mT", "uS"], ["B", "G"])


@pytest.mark.parametrize(
    "cells",
    [
        ["", "", ""],
        ["-", "-", "-"],  # no unit at all
        ["1", "-", ""],
        ["left", "upper", "lower"],
        ["mT", "upper", "lower"],  # one of three
        ["0.5", "V", "uS"],
        ["mT", "V", "uS", "s"],  # more than there are headers
    ],
)
def test_other_rows(cells):
    assert not are_units(cells, HEADERS)


def test_one_header_or_numbers_for_headers_have_no_row_of_units():
    assert not are_units(["mT"], ["B"])
    assert not are_units(["mT", "V", "uS"], ["0.1", "0.2", "0.3"])


@pytest.mark.parametrize(("numbers", "numeric"), [(2, False), (3, True), (4, True)])
def test_a_column_is_numeric_where_half_of_the_rows_hold_a_number(numbers, numeric):
    rows = [["1", "2" if row < numbers else "left", "a"] for row in range(6)]
    assert _numeric_columns(rows) == ({0, 1} if numeric else {0})


@pytest.mark.parametrize(
    ("before", "columns"),
    [(["a,1,2,b,c"] * 2, 5), (["a,1,2,b"] * 2, 4), (["a,1,b"] * 2, 3), (["a,b,c"] * 3, 3), (["a,1,2"], 3), ([], 3)],
)
def test_data_begin_where_more_than_half_of_the_columns_hold_numbers_in_two_lines(before, columns):
    lines = [*before, *([",".join("12345"[:columns])] * 4)]
    found = _first_data(lines, lambda number: lines[number].split(","), set(range(columns)))
    # One line that holds more than half, right before data, is data with a gap.
    assert found == (0 if before == ["a,1,2"] else len(before))


@pytest.mark.parametrize(
    ("line", "separator"),
    [
        ("0,5 1,5", " "),  # decimal commas: at commas two of three cells would be numbers, at spaces both
        ("0,5 1,5 2,5 3,5", " "),
        ("0.5, 1.5", ","),
        ("0.5,1.5", ","),
        ("1,2", ","),  # numbers either way
        ("left,1.5", ","),
        ("1.5, left of it", ","),
        ("0,5;1,5", ";"),
        ("0,5\t1,5", "\t"),
        ("0.5 1.5", " "),
    ],
)
def test_cells_are_separated_by_what_makes_most_of_them_numbers(line, separator):
    assert separator_of([line] * 6) == separator


@pytest.mark.parametrize("before", [[], ["B,Vg,G"]])
@pytest.mark.parametrize("bare", [1, 2])
def test_first_rows_that_miss_most_of_their_cells_are_data(before, bare):
    lines = [*before, *["1"] * bare, *["1,2,3"] * 4]
    assert layout_of(lines, ",") == Layout(0 if before else None, None, len(before))
