"""Whatever a measurement comes in, as a table."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from equibacksolve.measurements._curves import gathered
from equibacksolve.measurements._delimited import TextFormat, read_delimited
from equibacksolve.measurements._labelled import labelled_table, read_netcdf
from equibacksolve.measurements._requests import check_texts
from equibacksolve.measurements._table import Table, column, entries_of
from equibacksolve.measurements._units import is_unit

_NETCDF = {".nc", ".nc4", ".cdf", ".h5", ".hdf5"}
_TEXT = {".csv", ".tsv", ".txt", ".dat", ".asc", ".prn", ".gr", ".sq", ".fq", ".mint01", ".mdcs01"} | {".lvm", ".log"}
_SHEETS = {".xlsx"}
_OTHERS = {
    ".opj": "export the worksheet from Origin as ASCII and read that file",
    ".opju": "export the worksheet from Origin as ASCII and read that file",
    ".xls": "save it as .xlsx or .csv and read that file",
    ".ods": "save it as .xlsx or .csv and read that file",
}
"""What is not read, and what to do instead."""


def tabulate(
    source: Any,
    *,
    value: Any = None,
    form: Any = None,
    skip: Any = None,
    header: Any = None,
    separator: Any = None,
    decimal: Any = None,
) -> Table:
    """The columns of a source, with their units, before anything is converted. Stable.

    `source`: a path (.csv, .tsv, .txt, .dat, .asc, .prn; .xlsx; .nc, .nc4, .h5), an xarray Dataset or DataArray, a
    QCoDeS data set, a pandas DataFrame, or a dict of arrays of equal shape by header. `value` picks, in an xarray
    Dataset, the variable whose axes count. `form`, `skip`, `header`, `separator` and `decimal` say how a text file is
    laid out, as in `read`. Columns that are curves, `G(B=0.1T)`, become one column of settings and one of readings,
    unless `form` is "long".

    Raises ValueError for a source of another kind and arrays of unequal shape; FileNotFoundError; ImportError that
    names the extra to install.
    """
    check_texts(value=value)
    told = TextFormat.of(form, skip, header, separator, decimal)
    if isinstance(source, (str, os.PathLike)):
        return _of_file(pathlib.Path(source), value, told)
    for name, given in dataclasses.asdict(told).items():
        if given is not None:
            raise ValueError(f"{name} is about text files; leave it out for data in memory.")
    if hasattr(source, "to_xarray_dataset"):  # QCoDeS
        source = source.to_xarray_dataset()
    if hasattr(source, "broadcast_like"):  # xarray
        return labelled_table(source, value, f"the {type(source).__name__}")
    if hasattr(source, "reset_index"):  # pandas
        frame = source.reset_index() if any(name is not None for name in source.index.names) else source
        named = [(name, frame.iloc[:, number]) for number, name in enumerate(frame.columns)]
        return gathered(_of_arrays(named, "the DataFrame"), value)
    if isinstance(source, Mapping):
        return gathered(_of_arrays(list(source.items()), "the dict"), value)
    raise ValueError(
        f"source is a {type(source).__name__}; give a path, an xarray Dataset or DataArray, a DataFrame, or a dict of "
        "arrays by column header."
    )


def _of_file(path: pathlib.Path, value: str | None, told: TextFormat) -> Table:
    if path.suffix.lower() in _NETCDF:
        return labelled_table(read_netcdf(path), value, path.name)
    if path.suffix.lower() in _TEXT | _SHEETS:
        table = read_delimited(path, value, told)
        return table if told.form == "long" else gathered(table, value)
    if path.suffix.lower() in _OTHERS:
        raise ValueError(f"{path.name} is in a format that is not read; {_OTHERS[path.suffix.lower()]}.")
    raise ValueError(
        f"{path.name} ends in '{path.suffix}'; known are {', '.join(sorted(_TEXT))} (text), .xlsx and "
        f"{', '.join(sorted(_NETCDF))} (netCDF); if it is text, give it the ending .txt."
    )


def _of_arrays(arrays: list[tuple[Any, Any]], source: str) -> Table:
    columns, shapes = [], {}
    for name, given in arrays:
        unit = None
        if hasattr(given, "magnitude") and hasattr(given, "units"):  # pint
            given, unit = given.magnitude, str(given.units)
        entries = entries_of(given, str(name))
        columns.append(column(name, entries, unit, is_unit=is_unit))
        shapes[str(name)] = entries.shape
    if len(set(shapes.values())) != 1:
        told = ", ".join(f"'{name}' {shape}" for name, shape in shapes.items()) or "no arrays"
        raise ValueError(f"{source} must hold arrays of one shape, got {told}; np.meshgrid spreads axes over a map.")
    return Table(source, tuple(columns), next(iter(shapes.values())))
