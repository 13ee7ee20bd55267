"""From a file or a data set to Observations, in one call."""

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool

from equibacksolve.inverse import Observations
from equibacksolve.measurements import _conversions as conversions
from equibacksolve.measurements._arrangement import Arrangement, arrange, spread_out
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._quality import curvature_noise, onsager_asymmetry, repetition_noise
from equibacksolve.measurements._report import Axis, Report
from equibacksolve.measurements._sources import tabulate
from equibacksolve.measurements._table import Table
from equibacksolve.measurements._uncertainty import check_deviations, standard_deviations


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What `read` returns: `observations` for `backsolve`, and the `report` of what was read. Stable."""

    observations: Observations
    report: Report


def read(
    source: Any,
    *,
    value: str = "G",
    flux: str | float | int | None = None,
    energy: str | float | int | None = None,
    variables: Mapping[str, str | float | int] | None = None,
    cell_area: Any = None,
    field_offset: Any = None,
    lever_arm: Any = None,
    offset: Any = None,
    hopping: Any = None,
    value_unit: str | None = None,
    units: Mapping[str, str] | None = None,
    convert: Mapping[str, str] | None = None,
    sigma: Any = None,
    relative_sigma: Any = None,
    sigma_column: str | None = None,
    mask: Any = None,
    form: str | None = None,
    same_setting: float = 1e-9,
) -> Measurement:
    """Observations from a measurement, and a report of what was read. Stable.

        read("dot.csv", flux="B", energy="Vg", cell_area="400 nm^2", lever_arm="0.1 eV/V", hopping="2 meV", sigma="5 nS")
        read(dataset, value="counts", variables={"time": "t"})

    **Arguments**

    - `source`: a path, an xarray Dataset or DataArray, a QCoDeS data set, a DataFrame, or a dict of arrays by header
      (see `tabulate`). A column is named by its header `B (T)` or by the name in it, `B`.
    - `value`: the column of the conductance or resistance. A map in matrix form has one value, whatever it is called.
    - `flux`, `energy`: columns of the field and the gate (or of flux and energy as they are), or a number if it was
      not swept. Left out, they are columns `flux` or `B`, `energy` or `Vg`.
    - `variables`: other settings, {keyword of the simulator: column or number}. They are taken as they are. If it is
      given without `flux` and `energy`, the value is taken as it is, too, whatever its unit.
    - `cell_area`: of the lattice, "400 nm^2"; turns T into h/e. `field_offset`: what the field reads at none.
    - `lever_arm`: "0.1 eV/V" or 0.1; `offset`: the gate voltage (or energy) where the simulator's energy is 0;
      `hopping`: "2 meV". Together they turn V into hoppings. Numbers without a unit are in that of the column.
    - `value_unit`, `units`: the unit of the value, and of any column by name. They have the last word over the source.
    - `convert`: {keyword of the simulator, or "value": unit} for what is taken as it is otherwise.
    - `sigma`: standard deviation, one number or an array in the unit of the value's column, or text: "5 nS";
      `relative_sigma`: a fraction; `sigma_column`: a column. Those that are given are added in quadrature.
    - `mask`: a column, or an array of the shape of the readings: True (1) where a value counts; "~bad" turns a column
      of bad points around. NaN and infinite values never count.
    - `form`: "long" or "matrix", for text files whose form is not recognised.
    - `same_setting`: settings that differ by less than this fraction of their range are the same.

    The observations lie on a mesh (`grid`) if no setting is repeated and half of all combinations were read; else they
    are a list, with repeated settings as separate points. Both are sorted, the first variable slowest.

    **Raises** ValueError that names the column, what was expected and which columns exist; for arguments that nothing
    needs; for sigma that is not positive where a value counts. ImportError that names the extra to install.
    """
    table = tabulate(source, value=value, form=form)
    units = dict(units or {}) | ({value: value_unit} if value_unit is not None else {})
    transport = variables is None or flux is not None or energy is not None
    settings, unused = _settings(table, units, transport, flux, energy, variables or {}, convert or {}, {
        "flux": {"cell_area": cell_area, "field_offset": field_offset},
        "energy": {"lever_arm": lever_arm, "offset": offset, "hopping": hopping},
    })
    measured = _value(table, value, units, transport, convert or {})
    ...
