"""One report of a whole series."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from equibacksolve.diagnostics import Selector, derived_of_series, hidden_and_known
from equibacksolve.inverse import AbstractObservations, kinds_of_leaves, name_of_leaf, where_hidden
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting import Quantity, draw_series, fit_figure, new_figure, quantity_in, with_colour_bar
from equibacksolve.reporting._page import Page, paragraph, picture, section, table, verdict
from equibacksolve.search import SolutionSeries


def write_series_report(
    found: SolutionSeries,
    series: Mapping[Any, AbstractObservations],
    *,
    where: Selector,
    path: str | pathlib.Path = "series.html",
    title: str = "What was found along the series",
    along: Quantity | None = None,
    units: LaboratoryUnits | None = None,
    **more: Any,
) -> pathlib.Path:
    """Write a report of a series as one HTML file, pictures inside, and return its path.

    Whether each data set is explained, the unknowns against the parameter (with errors where sigma is known and the
    data determine them), and data and fit of the data set that is explained worst.

    **Arguments**

    - `found`, `series`, `where`: the result of `search.backsolve_series`, and what it was given.
    - `along`: name, unit and scale of the parameter; `units`: those of the laboratory, as for `report`.
    - `more`: `prior_precision=` and `bounds=` of the errors, as for `diagnostics.derived`.
    """
    along = along or Quantity("parameter")
    explained = sum(one.converged for one in found.solutions)
    parts = [
        section("Verdict", verdict(f"{explained} of {len(found.solutions)} data sets are explained.", found.converged)),
        section("Searches", _table_of_searches(found, series, along)),
        _unknowns_section(found, series, where, along, units, more),
        *_worst_fit(found, series, along, units),
    ]
    return Page(title, tuple(parts)).write(path)


def _table_of_searches(found: SolutionSeries, series: Mapping[Any, AbstractObservations], along: Quantity) -> str:
    rows = [
        (f"{value:.6g}", f"{float(one.cost):.3g}", len(one.history), f"{one.history.seconds_now:.1f}", one.reason)
        for value, one in zip(along.of(found.parameter), found.solutions)
    ]
    sigma_known = all(observed.sigma is not None for observed in series.values())
    cost = "chi-squared per datum" if sigma_known else "cost"
    return table((along.label, cost, "steps", "seconds", "how it ended"), rows)


def _unknowns_section(found, series, where: Selector, along: Quantity, units, more: dict[str, Any]) -> str:
    """A panel for each hidden leaf."""
    hidden = hidden_and_known(found.solutions[0].simulator, where)[0]
    names = [name_of_leaf(path) for path, _ in jax.tree_util.tree_leaves_with_path(hidden)]
    leaves_of = where_hidden(hidden)
    values, remark = found.of(leaves_of), ""
    try:
        errors = derived_of_series(found, series, leaves_of, where=where, **more).error
    except ValueError as reason:
        errors, remark = [None] * len(names), f"Without errors: {reason}"
    figure = new_figure(max(4.0 * len(names), 5.0), 3.4)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name, kind, value, error in zip(panels, names, kinds_of_leaves(hidden), values, errors):
        quantity = quantity_in(units, Quantity(kind.quantity or name, kind.unit or ""))
        drawn = draw_series(axes, found.parameter, value, errors=error, along=along, quantity=quantity, title=name)
        if drawn is not None:
            with_colour_bar(figure, drawn, axes, quantity.label)
    shown = [picture(figure, "unknowns against the parameter of the series")]
    return section("What was found", *shown, *([paragraph(remark)] if remark else []))


def _worst_fit(found: SolutionSeries, series: Mapping[Any, AbstractObservations], along: Quantity, units):
    """Data and fit where the cost is highest, of each of its sets."""
    worst = int(np.argmax([float(one.cost) for one in found.solutions]))
    simulator, observed = found.solutions[worst].simulator, list(series.values())[worst]
    value = float(along.of(found.parameter)[worst])
    for name, predicted in observed.split(simulator.predict(**observed.variables)).items():
        one = observed.sets[name]
        of_set = units if name == "" else None  # units are those of one file
        figure = fit_figure(one, np.asarray(predicted), units=of_set)
        told = f"Data and fit where it is worst, {along.name} {value:.6g}" + (f": {name}" if name else "")
        yield section(told, picture(figure, "data, fit and residuals"))
