"""Text files: one row a point (long form), or a map with its axes in the first row and column (matrix form)."""

import csv
import dataclasses
import io
import itertools
import pathlib
import re
from typing import Any

import numpy as np

from equibacksolve.measurements._curves import with_settings
from equibacksolve.measurements._layout import (
    are_units,
    cells_of,
    decimal_mark,
    first_row_of_matrix,
    is_ruler,
    layout_of,
    numbers_and_unit,
    separator_of,
    units_in,
)
from equibacksolve.measurements._optional import wanted
from equibacksolve.measurements._requests import shortened
from equibacksolve.measurements._spreadsheet import text_of_sheet
from equibacksolve.measurements._table import Column, Table, column
from equibacksolve.measurements._units import is_unit
from equibacksolve.measurements._words import number_of_word

_OF_FORTRAN = re.compile(r"(\d\.\d*|\.\d+)[dD]([-+]\d+)\b")
_SEPARATORS = {"tab": "\t", "\\t": "\t", "space": " ", "spaces": " "}


@dataclasses.dataclass(frozen=True)
class TextFormat:
    """What a user says of a text file; None is found out.

    **Fields**

    - `form`: "long" or "matrix".
    - `skip`: lines above the headers, of whatever kind.
    - `header`: the headers, in place of those in the file.
    - `separator`: one mark, or "tab" or "space".
    - `decimal`: "." or ",".
    """

    form: str | None = None
    skip: int | None = None
    header: tuple[str, ...] | None = None
    separator: str | None = None
    decimal: str | None = None

    @classmethod
    def of(cls, form: Any, skip: Any, header: Any, separator: Any, decimal: Any) -> "TextFormat":
        """From the arguments of `read`. Raises ValueError for what they cannot be."""
        if form is not None and not (isinstance(form, str) and form in ("long", "matrix")):
            raise ValueError(f"form must be 'long' or 'matrix', got '{form}'; leave it out to have it recognised.")
        if skip is not None and (isinstance(skip, bool) or not isinstance(skip, (int, np.integer)) or skip < 0):
            raise ValueError(f"skip is {shortened(skip)}; give the number of lines above the headers, from 0.")
        if header is not None:
            header = header.split(",") if isinstance(header, str) else header
            if not (isinstance(header, (list, tuple)) and all(isinstance(name, str) for name in header)):
                raise ValueError(
                    f"header is {shortened(header)}; give the headers, like ['B (T)', 'Vg (V)', 'G (uS)']."
                )
            header = tuple(name.strip() for name in header)
        if separator is not None:
            separator = _SEPARATORS.get(separator, separator) if isinstance(separator, str) else separator
            if not (isinstance(separator, str) and len(separator) == 1) or separator.isalnum() or separator in '".+-':
                raise ValueError(
                    f"separator is {shortened(separator)!r}; give one mark, like ';', or 'tab' or 'space'."
                )
        if decimal is not None and not (isinstance(decimal, str) and decimal in (".", ",")):
            raise ValueError(f"decimal is {shortened(decimal)!r}; give '.' or ','.")
        return cls(form, None if skip is None else int(skip), header, separator, decimal)


def read_delimited(path: pathlib.Path, value: str | None = None, told: TextFormat = TextFormat()) -> Table:
    """The table of a text file: separated by commas, semicolons, tabs or spaces, with decimal points or commas.

    The first sheet of a workbook (.xlsx) is read as if it had been saved as text.

    Lines that begin with # or % are comments; the last one above the numbers holds the headers if no other line does.
    Otherwise the headers are in the last line above the numbers, or in the one above a row of units; what is further up
    is a preamble. Without `form`, a first row of numbers after a cell that is none means a matrix. The corner of a
    matrix names its axes, `B (T) \\ Vg (V)` (down, then across); else they are called rows and columns. What is in it
    is called `value`.

    Short rows miss their last cells. Raises ValueError for a file without rows, and rows longer than the headers.
    """
    comments, lines = _split_comments(_text(path), path, told.skip or 0)
    sheet = path.suffix.lower() == ".xlsx"
    separator = told.separator or ("\t" if sheet else separator_of(lines))
    lines = [line.rstrip(f"{separator} ") for line in lines]
    layout = layout_of(lines, separator, from_top=told.skip is not None)
    start = first_row_of_matrix(lines, separator, layout)
    if told.form == "matrix" or (told.form is None and start is not None):
        start = start or 0
        first = cells_of(lines[start], separator)
        if len(lines) < start + 2:
            raise ValueError(f"{path.name} has a first row but no others.")
        decimal = told.decimal or decimal_mark(lines[start:], separator)
        frame = _frame(lines[start + 1 :], separator, path, len(first), decimal)
        return _matrix(path.name, first, frame, value or "G", decimal)
    return _long(path, comments, lines, separator, layout, told)


def _long(path, comments, lines, separator, layout, told) -> Table:
    if layout.data >= len(lines):
        raise ValueError(f"{path.name} has headers but no rows.")
    headers, units = _headers(comments, lines, separator, layout)
    headers, units = (list(told.header), []) if told.header else (headers, units)
    decimal = told.decimal or decimal_mark(lines[layout.data :], separator)
    frame = _frame(lines[layout.data :], separator, path, len(headers), decimal)
    _check_headers(path, headers, lines[layout.data :], separator)
    headers = headers or [f"column {number + 1}" for number in range(frame.shape[1])]
    if frame.shape[1] > len(headers):
        raise ValueError(
            f"{path.name} has {len(headers)} headers but rows of {frame.shape[1]} cells; if the decimal mark is a "
            "comma, separate the cells by semicolons or tabs; if there are lines above the headers, pass skip=, their "
            "number, or separator=."
        )
    units += [None] * (len(headers) - len(units))
    read = [(header, frame[number].to_numpy(), units[number]) for number, header in enumerate(headers)]
    return Table(path.name, _columns(read, decimal), (len(frame),))


def _headers(comments, lines, separator, layout) -> tuple[list[str], list[str | None]]:
    """Headers and units, each empty if there are none: from the lines, or from the last comments."""
    if layout.headers is None:
        wide = len(cells_of(lines[layout.data], separator))
        last = [cells_of(line, separator) for line in comments if line and not is_ruler(line)][-3:]
        for number, (upper, lower) in enumerate(itertools.pairwise(last)):
            if len(upper) == wide and are_units(lower, upper):
                return with_settings(upper, last[number + 2 :]), units_in(lower)
        return (last[-1] if last and len(last[-1]) == wide else []), []
    names = cells_of(lines[layout.headers], separator)
    if layout.units is None:
        return names, []
    below = [cells_of(line, separator) for line in lines[layout.units + 1 : layout.data]]
    return with_settings(names, below), units_in(cells_of(lines[layout.units], separator))


def _check_headers(path, headers, lines, separator) -> None:
    """Raise ValueError for headers or cells between spaces that have spaces in them: names would not fit columns."""
    wide = max(len(cells_of(line, separator)) for line in lines)
    if separator == " " and len(headers) > wide:
        raise ValueError(
            f"{path.name} has {len(headers)} headers but rows of {wide} cells between spaces; if there are spaces in "
            "the headers, pass header=, the headers themselves, or separator=."
        )
    if separator == " " and headers and len(headers) < wide:
        raise ValueError(
            f"{path.name} has {len(headers)} headers but rows of {wide} cells between spaces, such as a date and a "
            "time; pass header=, one for each cell, or separator=, or skip=, the number of lines above the headers."
        )


def _columns(read, decimal) -> tuple[Column, ...]:
    apart = ((header, *_without_units(entries, unit)) for header, entries, unit in read)
    named = (column(header, entries, unit, is_unit=is_unit) for header, entries, unit in apart)
    return tuple(dataclasses.replace(one, decimal=decimal) for one in named)


def _without_units(entries, unit: str | None):
    """Numbers and their unit, where it stands in every cell, `0.1 T`; other columns as they are."""
    if unit is not None or entries.dtype.kind != "O" or entries.ndim > 1:
        return entries, unit
    there = np.array([isinstance(entry, str) and number_of_word(entry) is None for entry in entries])
    try:
        numbers, found = numbers_and_unit([entry.strip() for entry in entries[there]])
    except ValueError:
        return entries, unit
    if found is None or not is_unit(found):
        return entries, unit
    apart = entries.copy()
    apart[there] = numbers
    return apart, found


def _matrix(source: str, first: list[str], frame, value: str, decimal: str) -> Table:
    names = [name.strip() for name in first[0].split("\\")]
    if len(names) != 2 or not all(names):
        names = ["rows", "columns"]
    if frame.shape[1] != len(first):
        raise ValueError(f"{source} has {len(first)} cells in its first row, but {frame.shape[1]} in the others.")
    if decimal == "," and any("." in cell for cell in first[1:]):
        raise ValueError(
            f"{source} has points in its first row but decimal commas elsewhere; pass decimal= to say which it is."
        )
    try:
        across, unit = numbers_and_unit(first[1:])
    except ValueError as error:
        raise ValueError(
            f"{source} has no axis in its first row, but {shortened(', '.join(first))!r}; pass form='long' if each row "
            "is a point, or skip=, the number of lines above the axis."
        ) from error
    across, down = np.array(across), frame[0].to_numpy()
    rows, columns = (axis.reshape(-1) for axis in np.meshgrid(down, across, indexing="ij"))
    body = frame.iloc[:, 1:].to_numpy()
    read = _columns([(names[0], rows, None), (names[1], columns, unit), (value, body, None)], decimal)
    return Table(source, read, body.shape, read[-1].header)


def _text(path: pathlib.Path) -> str:
    """The text, with the minus signs and spaces of typography and the exponents of Fortran as computers write them."""
    text = text_of_sheet(path) if path.suffix.lower() == ".xlsx" else _decoded(path.read_bytes())
    return _OF_FORTRAN.sub(r"\1e\2", text.replace("\u2212", "-").replace("\u00a0", " "))


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # "Unicode text" of Windows
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")  # what instruments under Windows write, with their µ and Ω


def _split_comments(text: str, path: pathlib.Path, skip: int) -> tuple[list[str], list[str]]:
    """Comments above the first line that is none, without their #; and all lines that are none and not empty."""
    lines = [line for line in text.splitlines()[skip:] if line.strip()]
    kept = [line for line in lines if not line.lstrip().startswith(("#", "%"))]
    if not kept:
        raise ValueError(f"{path.name} has no rows{f' after {skip} lines' if skip else ''}.")
    comments = [line.lstrip().lstrip("#%").strip() for line in lines[: lines.index(kept[0])]]
    return comments, kept


def _frame(lines: list[str], separator: str, path: pathlib.Path, at_least: int, decimal: str):
    """The cells as pandas reads them, numbers where they can be, NaN where nothing is; `at_least` so many columns."""
    pandas = wanted("pandas", f"reading {path.name}")
    split = (line.split() for line in lines) if separator == " " else csv.reader(lines, delimiter=separator)
    wide = max(map(len, split))
    return pandas.read_csv(
        io.StringIO("\n".join(lines)),
        sep=r"\s+" if separator == " " else separator,
        header=None,
        names=range(max(wide, at_least)),
        decimal=decimal,
        skipinitialspace=True,
        skip_blank_lines=False,
    )
