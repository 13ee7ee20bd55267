"""What a finished search leaves in its directory: a table, labelled arrays, pictures, and a summary in words."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import jax
import numpy as np
from jaxtyping import Float

from equibacksolve import diagnostics
from equibacksolve._quantity import POTENTIAL, SITE
from equibacksolve.command_line._wording import in_options_of
from equibacksolve.inverse import Observations, count_unknowns, name_of_leaf, where_hidden
from equibacksolve.measurements import LaboratoryUnits, Quantity
from equibacksolve.search import Solution
from equibacksolve.simulators import AbstractSimulator


class Judged(NamedTuple):
    """How well it is known what was found.

    `errors`: the simulator with standard errors in place of its hidden leaves, or None; `sentences`: about both.
    """

    errors: AbstractSimulator | None
    sentences: list[str]


def judge(found: Solution, observed: Observations, map_of: Callable) -> Judged:
    """Standard errors and goodness of fit, where sigma and the data allow them; the former in words for the map."""
    where = where_hidden(found.hidden)
    if observed.sigma is None:
        return Judged(None, ["Standard errors need sigma, the error of a reading: pass --sigma."])
    if diagnostics.largest_matrix(found.simulator, observed, where=where) > diagnostics.LARGEST_MATRIX:
        unknowns = count_unknowns(found.hidden)
        return Judged(None, [f"Standard errors are left out: {observed.values.size} data of {unknowns} unknowns."])
    judged = diagnostics.judgement(found.simulator, observed, where=where)
    errors, fit, remark = judged.errors, judged.verdict, judged.remark
    if errors is None:
        return Judged(None, [f"Standard errors and goodness of fit: {fit}"])
    values = np.asarray(map_of(errors))
    told = [f"Standard errors: {np.median(values):.2g} typical, {values.max():.2g} at most.", f"Goodness of fit: {fit}"]
    if not found.converged:
        told.append("Standard errors count only where the data are explained.")
    return Judged(errors, [*told, remark] if remark else told)


def write_sites(
    table: Path,
    found: Solution,
    observed: Observations,
    where: Callable,
    told: Callable,
    units: LaboratoryUnits,
    name: str,
    **derived: Float[Any, "..."],
) -> tuple[list[str], list[str]]:
    """A landscape as a table (`name`, its standard error, what is `derived` from it), labelled arrays and pictures.

    `told` makes sentences on what else was found, of the solution, its errors and the units. Returns the names of the
    files, and those sentences with others on errors and goodness of fit.
    """
    errors, sentences = judge(found, observed, where)
    of_sites = None if errors is None else where(errors)
    columns = site_columns(**{name: where(found.simulator), "standard_error": of_sites}, **derived)
    write_table(table, columns | in_laboratory(columns, units))
    units.save(table.parent)
    labelled = ["result.nc"] * write_dataset(table.parent / "result.nc", found, observed, errors, units)
    pictures = draw(table.parent, found, observed, errors, units=units)
    return [table.name, *labelled, *pictures], [*told(found, errors, units), *sentences]


def site_columns(**maps: Float[Any, "length width"] | None) -> dict[str, Any]:
    """Columns of a table with one row a site: x and y counted from 1 as in the conventions, then the maps."""
    known = {name: np.asarray(values) for name, values in maps.items() if values is not None}
    x, y = np.indices(next(iter(known.values())).shape) + 1
    return {"x": x.ravel(), "y": y.ravel()} | {name: values.ravel() for name, values in known.items()}


def in_laboratory(columns: dict[str, Any], units: LaboratoryUnits) -> dict[str, Any]:
    """Columns of a table of sites that are known in units of the laboratory, too: "x (nm)", "potential (meV)"."""
    package = {name: SITE._replace(name=name) for name in ("x", "y")}
    if "potential" in columns:
        package |= {name: POTENTIAL._replace(name=name) for name in ("potential", "standard_error")}
    shown = {name: units.of(one) for name, one in package.items() if name in columns and units.of(one) != one}
    of = lambda name, one: one.of_errors(columns[name]) if name == "standard_error" else one.of(columns[name])
    return {one.label: of(name, one) for name, one in shown.items()}


def write_table(path: Path, columns: dict[str, Any]) -> None:
    """A CSV file whose numbers read back as the very same."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(column).tolist() for column in columns.values())))


def write_dataset(
    path: Path,
    found: Solution,
    observed: Observations,
    errors: AbstractSimulator | None,
    units: LaboratoryUnits | None = None,
) -> bool:
    """Data, fit, residual, hidden leaves, errors and history as netCDF; False without xarray."""
    try:
        labelled = found.to_xarray(observed)
    except ImportError:
        return False
    labelled = labelled if units is None else units.labelled(labelled)
    if errors is not None:
        for (key, _), leaf in zip(
            jax.tree_util.tree_leaves_with_path(found.hidden), where_hidden(found.hidden)(errors)
        ):
            name = name_of_leaf(key)
            labelled[f"{name}.standard_error"] = (labelled[name].dims, np.asarray(leaf))
    labelled.to_netcdf(path, engine="scipy")
    return True


def draw(
    out: Path,
    found: Solution,
    observed: Observations,
    errors: AbstractSimulator | None,
    reading: Quantity | None = None,
    largest_momentum: float | None = None,
    units: LaboratoryUnits | None = None,
) -> list[str]:
    """A picture of each hidden leaf, named by its field, and one of the fit; none without matplotlib.

    `reading`: what was measured; `largest_momentum`: at the edge of an image in momentum space; `units`: those of the
    laboratory.
    """
    try:
        from equibacksolve.plotting import fit_figure
        from equibacksolve.reporting import leaf_figures
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        return []
    of_leaves = leaf_figures(found.simulator, where=where_hidden(found.hidden), errors=errors, units=units)
    figures = {f"{name.rsplit('.', 1)[-1]}.png": figure for name, figure in of_leaves.items()}
    look = {"reading": reading, "largest_momentum": largest_momentum, "units": units}
    figures["fit.png"] = fit_figure(observed, found.simulator.predict(**observed.variables), **look)
    for name, figure in figures.items():
        figure.savefig(out / name, dpi=150)
    return list(figures)


def summarise(out: Path, found: Solution, about: Sequence[str], files: Sequence[str]) -> None:
    """The summary in words, into summary.txt and to standard output."""
    history = found.history
    course = (
        f"{history.evaluations[-1]} simulations of the data set in {history.seconds_now:.1f} s" if len(history) else ""
    )
    asked = click.get_current_context(silent=True)
    reason = found.reason if asked is None else in_options_of(found.reason, asked.command)
    verdict = reason[0].upper() + reason[1:] + "."
    lines = [verdict, *about, f"{course}, {len(history)} steps, {history.start[-1] + 1} start(s)." if course else ""]
    text = "\n".join(line for line in lines if line) + "\n"
    (out / "summary.txt").write_text(text, encoding="utf-8")
    click.echo(text + f"In {out}: {', '.join([*files, 'summary.txt'])}")
