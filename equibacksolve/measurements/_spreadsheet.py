"""Workbooks of Excel, as the text that their first sheet would be saved as."""

import datetime
import pathlib
import zipfile
from typing import Any

from equibacksolve.measurements._optional import wanted


def text_of_sheet(path: pathlib.Path) -> str:
    """The first sheet, its cells separated by tabs; what a formula has computed in place of the formula.

    Raises ValueError for a file that is no workbook; ImportError that names the extra to install.
    """
    openpyxl = wanted("openpyxl", f"reading {path.name}")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise ValueError(f"{path.name} is no workbook of Excel that can be read; save it as .csv.") from error
    try:
        rows = ["\t".join(map(_cell, row)) for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    return "\n".join(rows)


def _cell(entry: Any) -> str:
    if entry is None:
        return ""
    if isinstance(entry, datetime.datetime):
        return entry.isoformat(sep=" ")
    return " ".join(str(entry).split())
