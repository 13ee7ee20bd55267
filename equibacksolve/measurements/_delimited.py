"""Text files: one row a point (long form), or a map with its axes in the first row and column (matrix form)."""

import csv
import io
import pathlib
import re

import numpy as np

from equibacksolve.measurements._optional import wanted
from equibacksolve.measurements._table import Table, column
from equibacksolve.measurements._units import is_unit

_WORDS_WITH_UNITS = re.compile(r'"[^"]*"|[^\s(\["]+(?:\s*[(\[][^)\]]*[)\]])?')


def read_delimited(path: pathlib.Path, value: str | None = None, form: str | None = None) -> Table:
    """The table of a text file: separated by commas, semicolons (then with decimal commas, if so), tabs or spaces.

    Lines that begin with # are comments; the last one above the numbers holds the headers if no other line does.
    `form` is "long" or "matrix"; left out, a first row of numbers after a cell that is none means a matrix. The corner
    of a matrix names its axes, `B (T) \\ Vg (V)` (down, then across); else they are called rows and columns. What is in
    it is called `value`.

    Short rows miss their last cells. Raises ValueError for a file without rows, and rows longer than the headers.
    """
    comments, lines = _split_comments(_text(path), path)
    separator = _separator(lines[0])
    lines = [line.rstrip(f"{separator} ") for line in lines]
    first = _cells(lines[0], separator)
    if form is None:
        form = "matrix" if len(first) > 2 and not _is_number(first[0]) and all(map(_is_number, first[1:])) else "long"
    if form == "matrix":
        if len(lines) < 2:
            raise ValueError(f"{path.name} has a first row but no others.")
        return _matrix(path.name, first, _frame(lines[1:], separator, path, len(first)), value or "G")
    headers = None
    if not all(_is_number(cell) or not cell for cell in first):
        headers, lines = first, lines[1:]
    elif comments and len(_cells(comments[-1], separator)) == len(first):
        headers = _cells(comments[-1], separator)
    if not lines:
        raise ValueError(f"{path.name} has headers but no rows.")
    frame = _frame(lines, separator, path, len(headers or []))
    if headers is None:
        headers = [f"column {number + 1}" for number in range(frame.shape[1])]
    if frame.shape[1] > len(headers):
        raise ValueError(
            f"{path.name} has {len(headers)} headers but rows of {frame.shape[1]} cells; if the decimal mark is a "
            "comma, separate the cells by semicolons or tabs."
        )
    columns = (column(header, frame[number].to_numpy(), is_unit=is_unit) for number, header in enumerate(headers))
    return Table(path.name, tuple(columns), (len(frame),))


def _matrix(source: str, first: list[str], frame, value: str) -> Table:
    names = [name.strip() for name in first[0].split("\\")]
    if len(names) != 2 or not all(names):
        names = ["rows", "columns"]
    if frame.shape[1] != len(first):
        raise ValueError(f"{source} has {len(first)} cells in its first row, but {frame.shape[1]} in the others.")
    across, down = np.array([_number(cell) for cell in first[1:]]), frame[0].to_numpy()
    rows, columns = (axis.reshape(-1) for axis in np.meshgrid(down, across, indexing="ij"))
    body = frame.iloc[:, 1:].to_numpy()
    axes = [column(name, entries, is_unit=is_unit) for name, entries in zip(names, (rows, columns))]
    reading = column(value, body, is_unit=is_unit)
    return Table(source, (*axes, reading), body.shape, reading.header)


def _text(path: pathlib.Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")  # what instruments under Windows write, with their µ and Ω


def _split_comments(text: str, path: pathlib.Path) -> tuple[list[str], list[str]]:
    """Comments above the first line that is none, without their #; and all lines that are none and not empty."""
    lines = [line for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if not line.lstrip().startswith("#")]
    if not kept:
        raise ValueError(f"{path.name} has no rows.")
    comments = [line.lstrip().lstrip("#").strip() for line in lines[: lines.index(kept[0])]]
    return comments, kept


def _separator(line: str) -> str:
    outside = re.sub(r'"[^"]*"', "", line)
    return next((mark for mark in "\t;," if mark in outside), " ")


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return [cell.strip('"').strip() for cell in _WORDS_WITH_UNITS.findall(line)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]


def _frame(lines: list[str], separator: str, path: pathlib.Path, at_least: int):
    """The cells as pandas reads them, numbers where they can be, NaN where nothing is; `at_least` so many columns."""
    pandas = wanted("pandas", f"reading {path.name}")
    split = (line.split() for line in lines) if separator == " " else csv.reader(lines, delimiter=separator)
    wide = max(map(len, split))
    body = "\n".join(lines)
    # Without decimal points, a comma that separates nothing is a decimal mark.
    decimal = "," if separator in ";\t" and "." not in body and "," in body else "."
    return pandas.read_csv(
        io.StringIO(body),
        sep=r"\s+" if separator == " " else separator,
        header=None,
        names=range(max(wide, at_least)),
        index_col=False,
        decimal=decimal,
        skipinitialspace=True,
        skip_blank_lines=False,
    )


def _number(cell: str) -> float:
    return float(cell.replace(",", ".") if cell.count(",") == 1 else cell)


def _is_number(cell: str) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True
