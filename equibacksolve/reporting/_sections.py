"""The sections of a report, each a function from what was found to HTML."""

import datetime
import importlib.metadata
import platform
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from equibacksolve import imaging, plotting
from equibacksolve.inverse import AbstractObservations, Observations
from equibacksolve.plotting import new_figure, setting_quantity
from equibacksolve.reporting._leaves import HiddenLeaf
from equibacksolve.reporting._page import paragraph, picture, section, table, verdict
from equibacksolve.reporting._pictures import leaf_figure
from equibacksolve.search import History, Solution

MOST_ROWS = 12
"""Entries of a leaf that a table lists one by one."""

PACKAGES = ("equibacksolve", "jax", "jaxlib", "equinox", "optax", "optimistix", "numpy", "matplotlib")


def verdict_section(found: Solution, judged: str | None) -> str:
    """Whether to believe it: the statistics where sigma is known, else how the search ended."""
    parts = [verdict(found.reason, found.converged)]
    if judged is not None:
        parts.append(paragraph(f"Goodness of fit: {judged}"))
    return section("Verdict", *parts)


def measured_sections(
    observed: AbstractObservations, settings: Any, readings: dict[str, plotting.Quantity]
) -> Iterator[str]:
    """For each data set: points, ranges, what is missing, how well it was measured."""
    for name, one in observed.sets.items():
        title = f"What was measured: {name}" if name else "What was measured"
        yield _measured_section(title, one, settings, readings[name])


def _measured_section(title: str, observed: Observations, settings: Any, reading: plotting.Quantity) -> str:
    there = np.ones(observed.values.shape, bool) if observed.mask is None else np.asarray(observed.mask)
    values = reading.of(observed.values)[there]
    missing = there.size - int(there.sum())
    points = f"{there.size}" + (f", of these {missing} missing or masked" if missing else ", none missing")
    lie = "x".join(str(n) for n in observed.grid or observed.values.shape)
    kind = "a mesh of" if observed.grid else "a list of" if observed.values.ndim == 1 else "an image of"
    rows = [("data", points), ("form", f"{kind} {lie}")]
    for name, setting in observed.variables.items():
        quantity = setting_quantity(name, settings)
        chosen = quantity.of(setting)
        distinct = np.unique(chosen).size
        rows.append((quantity.label, f"{chosen.min():.4g} to {chosen.max():.4g}, {distinct} values"))
    rows.append((reading.label, f"{values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"))
    if observed.sigma is None:
        rows.append(("sigma", "not known; the cost is the mean squared error (eq. 1)"))
    else:
        sigma = reading.of_errors(observed.sigma)[there]
        spread = f"{sigma.min():.3g}" if np.ptp(sigma) == 0 else f"{sigma.min():.3g} to {sigma.max():.3g}"
        spread += f" {reading.unit}" if reading.unit else ""
        rows.append(("sigma", f"{spread}; the cost is chi-squared per datum"))
    return section(title, table((), rows))


def found_section(leaves: list[HiddenLeaf], remark: str) -> str:
    """A line for each hidden leaf, and its picture."""
    header = ["hidden leaf", "shape", "smallest", "mean", "largest", "typical error", "rms difference to the truth"]
    rows = [_summary(leaf) for leaf in leaves]
    kept = [i for i in range(len(header)) if any(row[i] != "" for row in rows)]
    parts = [table([header[i] for i in kept], [[row[i] for i in kept] for row in rows])]
    if remark:
        parts.append(paragraph(remark))
    for leaf in leaves:
        figure = leaf_figure(leaf)
        if figure is not None:
            parts.append(picture(figure, f"{leaf.name}: what was found"))
        if leaf.values.size <= MOST_ROWS:
            parts.append(_entries(leaf))
    return section("What was found", *parts)


def _summary(leaf):
    quantity, errors = leaf.quantity, leaf.errors if leaf.sites is None else leaf.sites.errors
    values = quantity.of(leaf.values)
    error = "" if errors is None else f"{quantity.of_errors(np.sqrt(np.mean(errors**2))):.2g}"
    off = "" if leaf.truth is None else f"{quantity.of_errors(_distance(leaf)):.2g}"
    numbers = (f"{values.min():.4g}", f"{values.mean():.4g}", f"{values.max():.4g}")
    name = quantity._replace(name=leaf.name).label
    return (name, "x".join(map(str, values.shape)) or "one number", *numbers, error, off)


def _distance(leaf):
    """Root mean square of found minus true, the short way round for angles; of atoms, after these were matched.

    Of potentials on the sites of a device, that at the sites.
    """
    if leaf.sites is not None:
        return np.sqrt(np.mean((leaf.sites.values - leaf.sites.truth) ** 2))
    if leaf.is_a_structure and leaf.values.shape == leaf.truth.shape and getattr(leaf.box, "periodic", False):
        box = float(leaf.box.box_length)
        here, there = (imaging.wrapped(jnp.asarray(positions), box) for positions in (leaf.values, leaf.truth))
        return imaging.matched_distance(here, there, box)
    difference = leaf.values - leaf.truth
    period = leaf.kind.period
    off = difference if period is None else difference - period * np.round(difference / period)
    return np.sqrt(np.mean(off**2))


def _entries(leaf):
    columns = {"entry": [", ".join(map(str, index)) or "-" for index in np.ndindex(leaf.values.shape)]}
    quantity = leaf.quantity
    columns["found"] = [f"{value:.6g}" for value in quantity.of(leaf.values).ravel()]
    if leaf.errors is not None:
        columns["standard error"] = [f"{value:.4g}" for value in quantity.of_errors(leaf.errors).ravel()]
    for name, numbers in (("start", leaf.start), ("truth", leaf.truth)):
        if numbers is not None:
            columns[name] = [f"{value:.4g}" for value in quantity.of(numbers).ravel()]
    name = quantity._replace(name=leaf.name).label
    return paragraph(f"{name}, entry by entry:") + table(list(columns), list(zip(*columns.values())))


def history_section(history: History, evolution: str) -> str:
    """The cost on the way, and how each start ended."""
    if not len(history):
        return section("How it got there", paragraph("No step was recorded."))
    figure = new_figure(7, 3)
    plotting.draw_history(figure.subplots(), history)
    rows = []
    for start in np.unique(history.start):
        mine = history.start == start
        cost = history.cost[mine]
        stages = np.unique(history.stage[mine]).size
        rows.append((start + 1, stages, int(mine.sum()), f"{np.fmin.reduce(cost):.3g}", f"{cost[-1]:.3g}"))
    spent = f"{len(history)} steps, {history.evaluations[-1]} simulations of the data set, {history.seconds[-1]:.1f} s."
    ends = table(["start", "stages", "steps", "lowest cost", "last cost"], rows[:MOST_ROWS])
    more = [paragraph(f"and {len(rows) - MOST_ROWS} more starts.")] if len(rows) > MOST_ROWS else []
    return section("How it got there", paragraph(spent), picture(figure, "cost history"), ends, *more, evolution)


def versions_section(simulator: Any) -> str:
    """What is needed to repeat it."""
    rows = [(name, _version(name)) for name in PACKAGES]
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    rows += [("Python", platform.python_version()), ("machine", platform.platform()), ("report written", now)]
    return section("Versions", table((), [("simulator", type(simulator).__name__), *rows]))


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"
