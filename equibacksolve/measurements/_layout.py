"""Where a text file has its headers, its units and its numbers, and what separates them."""

import csv
import itertools
import re
from collections.abc import Callable
from typing import NamedTuple

from equibacksolve.measurements._units import dimensionless, is_unit
from equibacksolve.measurements._words import number_of_word

_WORDS_WITH_UNITS = re.compile(r'"[^"]*"|[^\s(\["]+(?:\s*[(\[][^)\]]*[)\]])?')
_WITH_UNIT = re.compile(r"^(?P<number>[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\W\d]\S*|)$")
_AMOUNT = re.compile(r"^(?!2 e)[-+]?[\d.,]+\s+\S")
_RULER = re.compile(r"^[\s|+;,:.*_=-]*[*_=-]{3,}[\s|+;,:.*_=-]*$")
_NO_UNITS = {"a.u.", "arb.", "arb. u.", "arb. units", "arb.u.", "--", "none", "counts", "#", "number"}
_EXPONENT = r"(?:[eE][-+]?\d+)?"
_SAMPLE = 200
"""Lines from the end of a file that tell how all of it is laid out."""


class Layout(NamedTuple):
    """Numbers of lines: of the headers and the units (None: there are none), and of the first data."""

    headers: int | None
    units: int | None
    data: int


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, without their quotes and the spaces around them."""
    if separator == " ":
        return [cell.strip('"').strip() for cell in _WORDS_WITH_UNITS.findall(line)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]


def number_of(cell: str) -> float:
    """The number in a cell, with a point or a comma. Raises ValueError if there is none."""
    return float(cell.replace(",", ".") if cell.count(",") == 1 else cell)


def is_number(cell: str) -> bool:
    """Whether there is a number in a cell."""
    try:
        number_of(cell)
    except ValueError:
        return False
    return True


def _begins_with_number(cell: str) -> bool:
    return is_number(cell) or _WITH_UNIT.match(cell) is not None


def is_ruler(line: str) -> bool:
    """Whether a line is drawn, `-----`."""
    return _RULER.match(line) is not None


def numbers_and_unit(cells: list[str]) -> tuple[list[float], str | None]:
    """The numbers of an axis, and the unit that follows each, `0.1 T`, or None. Raises ValueError for other cells."""
    found = [_WITH_UNIT.match(cell) for cell in cells]
    read = [match for match in found if match]
    units = {match["unit"] for match in read}
    if len(read) < len(found) or len(units) > 1:
        raise ValueError(f"{', '.join(cells)[:60]!r} are no numbers of one axis.")
    return [number_of(match["number"]) for match in read], units.pop() or None


def separator_of(lines: list[str]) -> str:
    """What stands between the cells of most lines: a tab, a semicolon, a bar, a comma, or else spaces.

    Judged by the end of the file: a preamble has other marks. Numbers with decimal commas may stand between spaces.
    """
    sample = [re.sub(r'"[^"]*"', "", line) for line in _end(lines)]
    found = next((mark for mark in "\t;|," if 2 * sum(mark in line for line in sample) > len(sample)), " ")
    if found != ",":
        return found
    cells = lambda mark: [cell for line in sample for cell in cells_of(line, mark) if cell]
    share = lambda mark: sum(map(_begins_with_number, cells(mark))) / max(1, len(cells(mark)))
    return " " if share(" ") > share(",") else ","


def decimal_mark(lines: list[str], separator: str) -> str:
    """A comma if there are numbers with one, else a point. Dates and times (27.11.2026) are no numbers."""
    body = "\n".join(lines)
    if re.search(r"\d,\d{3}\.\d", body):  # 1,234.5
        return "."
    edge = {" ": r"\s", ",": '"'}.get(separator, re.escape(separator) + '"')
    with_comma = rf"(?:^|[{edge}])\s*[-+]?\d*,\d+{_EXPONENT}\s*(?:$|[{edge}])"
    if separator == ",":
        with_comma = rf'"\s*[-+]?\d*,\d+{_EXPONENT}\s*"'
    return "," if re.search(with_comma, body, re.MULTILINE) else "."


def layout_of(lines: list[str], separator: str, *, from_top: bool = False) -> Layout:
    """Where headers, units and data are. `from_top`: the first line holds the headers, if it is no data."""
    row = lambda number: cells_of(lines[number], separator)
    if row(0)[:1] == ["TOA5"] and len(lines) > 3:  # a logger of Campbell Scientific: names, units, kinds of average
        return Layout(1, 2, 4)
    data = _first_data(lines, row, _numeric_columns([cells_of(line, separator) for line in _end(lines)]))
    above = [number for number in range(data) if not is_ruler(lines[number])]
    if not above:
        return Layout(None, None, data)
    wide = len(row(data)) if data < len(lines) else 0
    for upper, lower in list(itertools.pairwise(above))[-2:]:
        if (upper == 0 or not from_top) and len(row(upper)) >= wide and are_units(row(lower), row(upper)):
            return Layout(upper, lower, data)
    return Layout(above[0 if from_top else -1], None, data)


def units_in(cells: list[str]) -> list[str | None]:
    """The units in a row of them, None where there is none."""
    bare = [cell.strip("()[] ") for cell in cells]
    return [None if not cell or cell.lower() in _NO_UNITS or dimensionless(cell) else cell for cell in bare]


def first_row_of_matrix(lines: list[str], separator: str, layout: Layout) -> int | None:
    """The number of the line that is an axis, numbers (of one unit) after a cell that is none; None if there is none.

    It has a number at the head of the next row, and no headers above it.
    """
    row = lambda number: cells_of(lines[number], separator)
    if layout.headers is not None and layout.units is None and _is_first_row(row(layout.headers)):
        return layout.headers  # the unit made them look like headers
    if layout.data >= len(lines) or not _is_first_row(row(layout.data)):
        return None
    under_headers = layout.data > 0 and len(row(layout.data - 1)) == len(row(layout.data))
    following = row(layout.data + 1) if layout.data + 1 < len(lines) else ["0"]
    return None if under_headers or not is_number(following[0]) else layout.data


def _is_first_row(cells: list[str]) -> bool:
    return len(cells) >= 3 and not is_number(cells[0]) and _is_axis(cells[1:])


def _is_axis(cells: list[str]) -> bool:
    try:
        _, unit = numbers_and_unit(cells)
    except ValueError:
        return False
    return unit is None or is_unit(unit)


def _end(lines: list[str]) -> list[str]:
    """Lines that surely are data: of a short file half, of a long one a quarter, which a preamble is shorter than."""
    return lines[-min(_SAMPLE, max(len(lines) // 4, min(20, (len(lines) + 1) // 2))) :]


def _numeric_columns(rows: list[list[str]]) -> set[int]:
    """Columns that hold a number in at least half of these rows."""
    wide = max(map(len, rows))
    count = lambda column: sum(len(row) > column and is_number(row[column]) for row in rows)
    return {column for column in range(wide) if 2 * count(column) >= len(rows)}


def _first_data(lines: list[str], row: Callable[[int], list[str]], numeric: set[int]) -> int:
    """The first line that looks like data, as does the next; 1 if none does."""

    def is_data(number):
        cells = [cell for column, cell in enumerate(row(number)) if column in numeric]
        words = sum(bool(cell) and number_of_word(cell) is not None for cell in cells)
        found = sum(map(is_number, cells))
        return 2 * (found + words) > len(numeric) and found > 0

    every = range(len(lines))
    pair = (number for number in every if is_data(number) and (number + 1 == len(lines) or is_data(number + 1)))
    start = next(pair, None)
    if start is None:
        start = next((number for number in every if is_data(number) or _is_bare(row(number))), 1)
    while start > 0 and _is_bare(row(start - 1)):  # a row that misses most of its cells
        start -= 1
    return start


def _is_bare(cells: list[str]) -> bool:
    """Whether there is a number, and nothing but numbers."""
    return any(cells) and all(is_number(cell) for cell in cells if cell)


def are_units(cells: list[str], headers: list[str]) -> bool:
    """Whether these are the units of those headers: no number, most of them units, and no more of them than headers."""
    given = [cell for cell in cells if cell]
    numbers = any(is_number(cell) or _AMOUNT.match(cell) for cell in [*headers, *given] if cell != "1")
    if len(cells) > len(headers) or len(headers) < 2 or numbers:
        return False
    units = [unit for unit in units_in(cells) if unit is not None]
    known = sum(map(is_unit, units))
    return known > 0 and 2 * (known + len(given) - len(units)) >= len(given)
