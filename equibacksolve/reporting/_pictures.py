"""One picture for each hidden leaf, chosen by what the leaf is."""

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from equibacksolve import plotting
from equibacksolve.diagnostics import Selector
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting import (
    SITE,
    TICKS,
    draw_map,
    labelled,
    largest_magnitude,
    new_figure,
    quantity_in,
    with_colour_bar,
)
from equibacksolve.reporting._leaves import HiddenLeaf, leaves_of
from equibacksolve.simulators import AbstractSimulator


def leaf_figures(
    simulator: AbstractSimulator,
    *,
    where: Selector,
    errors: AbstractSimulator | None = None,
    units: LaboratoryUnits | None = None,
) -> dict[str, Figure]:
    """A picture of each hidden leaf by its path in the simulator; none of a number or two.

    `errors`: the simulator with standard errors in place of its hidden leaves, see `diagnostics.standard_errors`;
    `units`: those of the laboratory.
    """
    drawn = {leaf.name: leaf_figure(leaf) for leaf in leaves_of(simulator, where, errors, None, None, units=units)}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def leaf_figure(leaf: HiddenLeaf) -> Figure | None:
    """What was found, with errors, start and truth as far as known; None for what a table says better."""
    if leaf.sites is not None:
        layout, values, errors, start, truth = leaf.sites
        return plotting.sites_figure(layout, values, errors=errors, start=start, truth=truth, quantity=leaf.quantity)
    if leaf.is_a_magnetization:
        return _magnetization(leaf)
    if leaf.is_a_map:
        beside = {"errors": leaf.errors, "start": leaf.start, "truth": leaf.truth}
        return plotting.landscape_figure(leaf.values, **beside, quantity=leaf.quantity, units=leaf.units)
    if leaf.is_a_structure:
        return _structure(leaf)
    if leaf.kind.picture == "atoms":
        return None  # atoms in space: their curves and bonds tell more
    return _curve(leaf) if leaf.values.size > 2 else None


def _magnetization(leaf):
    shown, sites = {"start": leaf.start, "found": leaf.values, "truth": leaf.truth}, quantity_in(leaf.units, SITE)
    shown = {title: angle for title, angle in shown.items() if angle is not None}
    figure = new_figure(3.4 * (len(shown) + (leaf.errors is not None)) + 0.6, 3.2)
    panels = list(figure.subplots(1, len(shown) + (leaf.errors is not None), squeeze=False)[0])
    for axes, (title, angle) in zip(panels, shown.items()):
        drawn = plotting.draw_magnetization(axes, angle, title, sites=sites)
    with_colour_bar(figure, drawn, panels[: len(shown)], "m_z = cos θ; arrows (m_x, m_z)")
    if leaf.errors is not None:
        with_colour_bar(figure, plotting.draw_errors(panels[-1], leaf.errors, sites=sites), panels[-1], "θ (rad)")
    return figure


def _structure(leaf):
    others = {"start": leaf.start, "true": leaf.truth}
    others = {name: other for name, other in others.items() if other is not None} or {"": None}
    figure = new_figure(4.6 * len(others), 4.4)
    periodic = bool(getattr(leaf.box, "periodic", True))
    for axes, (name, other) in zip(figure.subplots(1, len(others), squeeze=False)[0], others.items()):
        title = "found" if other is None else f"found, and {name}"
        box = float(leaf.box.box_length)
        plotting.draw_atoms(axes, leaf.values, box, title, other=other, other_name=name or "other", periodic=periodic)
    return figure


def _curve(leaf):
    figure = new_figure(6.5, 2.8)
    axes = figure.subplots()
    number = np.arange(leaf.values.size)
    for other, name, look in ((leaf.start, "start", ":"), (leaf.truth, "truth", "--")):
        if other is not None:
            axes.plot(number, leaf.quantity.of(other).ravel(), look, color="0.5", linewidth=1, label=name)
    errors = None if leaf.errors is None else leaf.quantity.of_errors(leaf.errors).ravel()
    axes.errorbar(
        number, leaf.quantity.of(leaf.values).ravel(), errors, fmt=".-", markersize=4, linewidth=0.9, label="found"
    )
    labelled(axes, leaf.name, "entry", leaf.quantity.label)
    axes.legend(fontsize=TICKS, frameon=False)
    return figure


def direction_figure(
    singular_values, rank: int, directions: dict[int, tuple[Float[np.ndarray, "..."], plotting.SiteLayout | None]]
) -> Figure:
    """The singular values, and some directions by their number: maps, sites of a layout, or all unknowns in a row.

    A direction has the length 1: a step of that length along it changes the residuals by the singular value.
    """
    figure = new_figure(3.1 * (1 + len(directions)), 3.0)
    first, *panels = figure.subplots(1, 1 + len(directions), squeeze=False)[0]
    values = np.asarray(singular_values)
    # What rounding left of a zero would stretch the scale over decades that mean nothing.
    drawn = first.semilogy if rank else first.plot
    drawn(np.arange(1, rank + 1), values[:rank], ".-", markersize=3, linewidth=1)
    labelled(first, f"singular values, rank {rank} of {values.size}", "number", "singular value")
    for axes, (number, (direction, layout)) in zip(panels, directions.items()):
        title = f"direction {number + 1}, s = {values[number]:.1e}"
        if direction.ndim == 2 or layout is not None:
            drawn = draw_map(axes, direction, largest_magnitude(direction), title, layout)
            with_colour_bar(figure, drawn, axes, "share")
        else:
            axes.bar(np.arange(direction.size), direction)
            labelled(axes, title, "unknown, in the order of the fields", "share")
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return figure


def evolution_figure(frames: list[tuple[str, HiddenLeaf]]) -> Figure:
    """Maps or sites in a row, each under its title, in the colours of the last; of angles, the cosine."""
    of = lambda leaf: np.cos(leaf.values) if leaf.is_a_magnetization else leaf.quantity.of(leaf.shown[0])
    figure = new_figure(11, 2.6)
    panels = list(figure.subplots(1, len(frames), squeeze=False)[0])
    last = frames[-1][1]
    scale = largest_magnitude(of(last))
    for axes, (title, leaf) in zip(panels, frames):
        drawn = draw_map(axes, of(leaf), scale, title, leaf.shown[1])
    label = "m_z" if last.is_a_magnetization else last.quantity.label
    with_colour_bar(figure, drawn, panels, label)
    return figure
