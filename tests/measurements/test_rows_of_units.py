"""Which row under headers is taken for their units, and which is the first one of data: rules by hand."""

import pytest

from equibacksolve.measurements._layout import _first_data, are_units

HEADERS = ["B", "Vg", "G"]


@pytest.mark.parametrize(
    "cells",
    [["mT", "V", "uS"], ["(mT)", "[V]", "uS"], ["mT", "", "uS"], ["mT", "V"], ["mT", "-", "-"], ["mT", "1", "uS"]],
)
def test_rows_of_units(cells):
    assert are_units(cells, HEADERS)


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


@pytest.mark.parametrize(
    ("before", "columns"),
    [(["a,1,2,b,c"] * 2, 5), (["a,1,2,b"] * 2, 4), (["a,1,b"] * 2, 3), (["a,b,c"] * 3, 3), (["a,1,2"], 3), ([], 3)],
)
def test_data_begin_where_more_than_half_of_the_columns_hold_numbers_in_two_lines(before, columns):
    lines = [*before, *([",".join("12345"[:columns])] * 4)]
    found = _first_data(lines, lambda number: lines[number].split(","), set(range(columns)))
    # One line that holds more than half, right before data, is data with a gap.
    assert found == (0 if before == ["a,1,2"] else len(before))
