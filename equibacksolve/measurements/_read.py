"""From a file or a data set to Observations, in one call."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from equibacksolve.inverse import Observations, coarseness
from equibacksolve.measurements._account import Fate, report_of
from equibacksolve.measurements._arrangement import arrange, spread_out
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._laboratory import LaboratoryUnits, units_of
from equibacksolve.measurements._masking import mask_of
from equibacksolve.measurements._report import Report
from equibacksolve.measurements._requests import check_names, check_texts, one_number
from equibacksolve.measurements._sources import tabulate
from equibacksolve.measurements._table import Table
from equibacksolve.measurements._uncertainty import check_deviations, standard_deviations
from equibacksolve.measurements._variables import Sample, converted_value, converted_variables, is_transport


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What `read` returns. Stable.

    - `observations`: for `backsolve`.
    - `report`: of what was read.
    - `units`: those of the laboratory, for figures and reports of what is found.
    """

    observations: Observations
    report: Report
    units: LaboratoryUnits


def read(
    source: Any,
    *,
    value: Any = None,
    flux: Any = None,
    energy: Any = None,
    variables: Any = None,
    cell_area: Any = None,
    field_offset: Any = None,
    lever_arm: Any = None,
    offset: Any = None,
    hopping: Any = None,
    value_unit: Any = None,
    bias: Any = None,
    units: Any = None,
    convert: Any = None,
    sigma: Any = None,
    relative_sigma: Any = None,
    sigma_column: Any = None,
    mask: Any = None,
    form: Any = None,
    skip: Any = None,
    header: Any = None,
    separator: Any = None,
    decimal: Any = None,
    same_setting: Any = 1e-9,
) -> Measurement:
    """Observations from a measurement, and a report of what was read. Stable.

        read("dot.csv", flux="B", energy="Vg", cell_area="400 nm^2", lever_arm="0.1 eV/V", hopping="2 meV")
        read(dataset, value="counts", variables={"time": "t"})

    **Arguments**

    - `source`: a path, an xarray Dataset or DataArray, a QCoDeS data set, a DataFrame, or a dict of arrays by header
      (see `tabulate`). A column is named by its header `B (T)` or by the name in it, `B`.
    - `value`: the column of the conductance or resistance. Left out, it is `G`, or the only one of a map. It may be of
      a current, with `bias="10 uV"`, the voltage at which it was read, or of a voltage, with `bias="1 nA"`.
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
    - `form`: "long" or "matrix", for text files whose form is not recognised; `skip`: the number of lines above the
      headers; `header`: the headers, ["B (T)", "Vg (V)", "G (uS)"], in place of those in the file; `separator`: what
      stands between cells, ";" or "tab"; `decimal`: "," or ".".
    - `same_setting`: settings that differ by less than this fraction of their range are the same.

    The observations lie on a mesh (`grid`) if no setting is repeated and more than half of all combinations were read;
    else they are a list, with repeated settings as separate points. Both are sorted, the first variable slowest.

    **Raises** ValueError that names the column, what was expected and which columns exist; for arguments that nothing
    needs; for sigma that is not positive where a value counts. ImportError that names the extra to install.
    """
    check_texts(value=value, value_unit=value_unit, sigma_column=sigma_column)
    check_names("{'B': 'mT'}", units=units)
    check_names("{'value': 'nA'}", convert=convert)
    check_names("{'time': 't (s)'}", of_texts=False, variables=variables)
    same_setting = one_number(same_setting, "same_setting")
    table = tabulate(source, value=value, form=form, skip=skip, header=header, separator=separator, decimal=decimal)
    if value_unit is not None:
        units = {**(units or {}), value or table.value or "G": value_unit}
    table = table.with_units(units or {})
    sample = Sample(cell_area, field_offset, lever_arm, offset, hopping)
    settings = converted_variables(table, flux, energy, variables, sample, convert or {})
    measured = converted_value(table, value, is_transport(flux, energy, variables), convert or {}, bias)
    uncertain = None if sigma_column is None else table.column(sigma_column, "sigma_column")
    deviations, words = standard_deviations(measured, table, sigma, relative_sigma, uncertain)
    usable, masking = mask_of(table, mask)
    used = {uncertain and uncertain.header, masking, measured.column.header}
    observations, report = _assembled(table, settings, measured, (deviations, words), usable, used, same_setting)
    return Measurement(observations, report, units_of(settings, measured, sample))


def _assembled(
    table: Table,
    settings: dict[str, Converted],
    measured: Converted,
    sigma: tuple[Float[np.ndarray, " points"] | None, str],
    usable: Bool[np.ndarray, " points"],
    used: set[str | None],
    same_setting: float,
) -> tuple[Observations, Report]:
    """Count, put in order, and look at what came out."""
    known = np.asarray(np.isfinite(np.stack([setting.values for setting in settings.values()])).all(axis=0))
    if not known.any():
        raise ValueError(f"{table.source} has no point of which all of {', '.join(settings)} are known numbers.")
    deviations, words = sigma
    check_deviations(deviations, Fate.of(measured.values, known, usable).counts, words)
    if deviations is not None:  # a value that is infinitely uncertain says nothing
        usable = usable & ~(np.isinf(deviations) & np.isfinite(measured.values))
    fate = Fate.of(measured.values, known, usable)
    pick = lambda array: array[known]
    keys = [pick(measured.values), pick(fate.counts)] + ([] if deviations is None else [pick(deviations)])
    placed = arrange(
        {name: pick(setting.values) for name, setting in settings.items()},
        np.stack(keys, axis=1).astype(float),
        same_setting,
    )
    observations = Observations(
        spread_out(pick(measured.values), placed.taken, np.nan),
        sigma=None if deviations is None else spread_out(pick(deviations), placed.taken, np.nan),
        mask=spread_out(pick(fate.counts), placed.taken, False),
        grid=placed.grid,
        **placed.settings,
    )
    coarse = coarseness(observations)
    return observations, report_of(table, settings, measured, sigma, fate, placed, used, same_setting, coarse)
