"""Arrays with named axes: xarray, netCDF files, and what QCoDeS exports as either."""

import pathlib
from typing import Any

import numpy as np

from equibacksolve.measurements._optional import wanted
from equibacksolve.measurements._table import Table, column
from equibacksolve.measurements._units import is_unit


def read_netcdf(path: pathlib.Path) -> Any:
    """The xarray data set of a netCDF file, in memory; the file is closed."""
    xarray = wanted("xarray", f"reading {path.name}")
    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"  # netCDF 3; netCDF 4 is HDF5
    if not classic:
        wanted("h5netcdf", f"reading {path.name}")
    with xarray.open_dataset(path, engine="scipy" if classic else "h5netcdf") as dataset:
        return dataset.load()


def labelled_table(dataset: Any, value: str | None, source: str) -> Table:
    """Every variable and coordinate that lives on the axes of `value`, spread over them.

    Units come from the attribute `units` or `unit`, else from the name. An axis without coordinates names no column.
    `value` is "G" if left out, or the only variable. Raises ValueError, listing what there is, if it is not there.
    """
    if not hasattr(dataset, "data_vars"):
        dataset = dataset.to_dataset(name=value or "G" if dataset.name is None else dataset.name)
    dataset = _ungathered(dataset)
    every = Table(source, tuple(_column(name, dataset[name], []) for name in _names(dataset)), ())
    only = str(next(iter(dataset.data_vars))) if len(dataset.data_vars) == 1 else None
    wanted_header = every.column(value or only or every.first_of(("G",), "value"), "value").header
    over = next(dataset[name] for name in _names(dataset) if str(name).strip() == wanted_header)
    columns = []
    for name in _names(dataset):
        if set(dataset[name].dims) <= set(over.dims):
            spread = dataset[name].broadcast_like(over).transpose(*over.dims)
            columns.append(_column(name, dataset[name], _without_fill_values(dataset[name], spread)))
    return Table(source, tuple(columns), over.shape, only, tuple(over.dims))


def _names(dataset: Any) -> list[Any]:
    """Variables and coordinates, in that order, without those that only hold the tuples of a MultiIndex."""
    return [
        name
        for name in (*dataset.coords, *dataset.data_vars)
        if not (name in dataset.indexes and dataset.indexes[name].nlevels > 1 and name in dataset.dims)
    ]


def _column(name: Any, variable: Any, entries: Any):
    unit = variable.attrs.get("units", variable.attrs.get("unit")) or None
    return column(name, entries, unit, is_unit=is_unit)


def _without_fill_values(variable: Any, spread: Any) -> Any:
    """NaN for what the attributes call missing: they are still there if a file was opened with mask_and_scale=False."""
    values = spread.values
    for attribute in ("_FillValue", "missing_value"):
        if attribute in variable.attrs and values.dtype.kind in "iuf":
            fills = np.asarray(variable.attrs[attribute]).reshape(-1)
            values = np.where(np.isin(values, fills.astype(values.dtype, copy=False)), np.nan, values)
    return values


def _ungathered(dataset: Any) -> Any:
    """Undo CF's compression by gathering, which is how QCoDeS writes a MultiIndex into a netCDF file.

    A variable with the attribute `compress = "B Vg"` holds numbers of places on the mesh of the variables B and Vg.
    CF conventions, section 8.2.
    """
    for name in [name for name in dataset.variables if "compress" in dataset[name].attrs]:
        axes = dataset[name].attrs["compress"].split()
        places = np.unravel_index(dataset[name].values, [dataset.sizes[axis] for axis in axes])
        levels = {axis: (name, dataset[axis].values[place], dataset[axis].attrs) for axis, place in zip(axes, places)}
        dataset = dataset.drop_vars([name, *axes]).assign(levels)
    return dataset
