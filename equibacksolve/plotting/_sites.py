"""Devices of any shape: the sites where they are, the leads marked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting._colours import ERROR_COLOURS, LANDSCAPE_COLOURS
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._panels import draw_landscape
from equibacksolve.plotting._site_cells import cell_of_sites
from equibacksolve.plotting._style import (
    POTENTIAL,
    TICKS,
    Quantity,
    bare,
    colours_with_gaps,
    largest_magnitude,
    with_colour_bar,
)
from equibacksolve.simulators import TightBindingDevice

SITE_ENERGY = Quantity("potential")


class SiteLayout(NamedTuple):
    """Where sites are drawn, and which of them each lead touches.

    `SiteLayout.of(device)` reads both off a device; `SiteLayout(positions)` has no leads.
    """

    positions: Float[np.ndarray, "sites 2"]
    interfaces: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, device: TightBindingDevice) -> "SiteLayout":
        """The sites of a device in their first two coordinates; a single coordinate runs to the right."""
        positions = np.asarray(device.sample.positions, float)
        sites = np.asarray(device.sample.orbital_site)
        touched = tuple(np.unique(sites[np.asarray(terminal.interface)]) for terminal in device.terminals)
        return cls(np.pad(positions[:, :2], ((0, 0), (0, max(0, 2 - positions.shape[1])))), touched)


def draw_sites(
    axes: Axes,
    layout: SiteLayout,
    values: Float[Any, " sites"],
    scale: float | int,
    title: str,
    *,
    lowest: float | int | None = None,
    colours: str | Colormap = LANDSCAPE_COLOURS,
) -> Any:
    """A cell for each site, coloured by its value; sites that a lead touches have an edge, and the lead its number.

    Colours span -scale..scale, or lowest..scale. Returns what a colour bar needs. Raises ValueError if there is not one
    value a site.
    """
    values = np.asarray(values, float)
    positions = np.asarray(layout.positions, float)
    if values.shape != positions.shape[:1]:
        raise ValueError(f"values has shape {values.shape} for {len(positions)} sites; give one number a site.")
    cell = cell_of_sites(positions)
    cells = PolyCollection(
        list(positions[:, None] + cell),  # what matplotlib's types ask for
        array=np.ma.masked_invalid(values),
        cmap=colours_with_gaps(colours),
        linewidth=0.2,
    )
    # Cells have edges of their own colour, so that no paper shines through between them.
    cells.set(edgecolor="face", clim=(-scale if lowest is None else lowest, scale))
    axes.add_collection(cells)
    for number, touched in enumerate(layout.interfaces):
        _mark(axes, number, positions, np.asarray(touched), cell)
    low, high = _box(layout, cell)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_frame_on(False)
    bare(axes, title)
    return cells


def _box(layout, cell):
    """Corners of a box that holds all cells, and the numbers of the leads beside them."""
    positions, room = np.asarray(layout.positions), (3.8 if layout.interfaces else 1.4) * np.abs(cell).max()
    return positions.min(axis=0) - room, positions.max(axis=0) + room


def _mark(axes, number, positions, touched, cell):
    """Edges about the sites that a lead touches, and its number beside them, outside."""
    axes.add_collection(
        PolyCollection(positions[touched, None] + cell, facecolor="none", edgecolor="0.15", linewidth=0.9)
    )
    size = np.abs(cell).max()
    middle = positions[touched].mean(axis=0)
    outwards = _outwards(positions, touched, 4 * size)
    far = np.max((positions[touched] - middle) @ outwards)
    style = {"fontsize": TICKS, "ha": "center", "va": "center", "color": "0.15"}
    axes.text(*(middle + outwards * (far + 2.6 * size)), str(number), **style)


def _outwards(positions, touched, near):
    """The direction from the sites of the neighbourhood to those that are touched."""
    middle = positions[touched].mean(axis=0)
    reach = near + np.linalg.norm(positions[touched] - middle, axis=1).max()
    about = positions[np.linalg.norm(positions - middle, axis=1) <= reach]
    for centre in (about.mean(axis=0), positions.mean(axis=0)):
        away = middle - centre
        if np.linalg.norm(away) > 0.05 * near:
            return away / np.linalg.norm(away)
    return np.array([0.0, 1.0])


def draw_map(
    axes: Axes, values: Float[Any, "*shape"], scale: float | int, title: str, layout: SiteLayout | None = None
) -> Any:
    """A landscape, or the sites of a layout where there is one."""
    return (
        draw_landscape(axes, values, scale, title) if layout is None else draw_sites(axes, layout, values, scale, title)
    )


def show_on(drawn: Any, values: Float[np.ndarray, "*shape"]) -> None:
    """Other values on what `draw_map` has drawn."""
    if isinstance(drawn, PolyCollection):
        drawn.set_array(np.ma.masked_invalid(values))
    else:
        drawn.set_data(values.T)


def sites_figure(
    layout: SiteLayout,
    values: Float[Any, " sites"],
    *,
    errors: Float[Any, " sites"] | None = None,
    start: Float[Any, " sites"] | None = None,
    truth: Float[Any, " sites"] | None = None,
    quantity: Quantity = SITE_ENERGY,
    units: LaboratoryUnits | None = None,
) -> Figure:
    """What was found at each site; beside it, as far as given, the start, the truth, the difference, and the errors.

        energies = lambda s: s.device.sample.onsite.energies()
        layout = plotting.SiteLayout.of(found.simulator.device)
        plotting.sites_figure(layout, energies(found.simulator), truth=energies(true_simulator))

    The first three share their colours, symmetric about zero; difference (found - truth) and errors have their own.
    With `units`, energies are in meV; the unit of the device's energies is then the hopping that the units know.
    """
    if units is not None and quantity == SITE_ENERGY:
        quantity = units.of(POTENTIAL)
    shown = {"start": start, "found": values, "truth": truth}
    shown = {title: quantity.of(one) for title, one in shown.items() if one is not None}
    scale = largest_magnitude(*(one for title, one in shown.items() if title != "start"))
    alone = [] if truth is None else [("found - truth", shown["found"] - shown["truth"], {})]
    if errors is not None:
        alone.append(("standard error", quantity.of_errors(errors), {"lowest": 0.0, "colours": ERROR_COLOURS}))
    figure, panels = _panels(layout, len(shown) + len(alone))
    for axes, (title, one) in zip(panels, shown.items()):
        drawn = draw_sites(axes, layout, one, scale, title)
    with_colour_bar(figure, drawn, panels[: len(shown)], quantity.label)
    for axes, (title, one, look) in zip(panels[len(shown) :], alone):
        with_colour_bar(
            figure, draw_sites(axes, layout, one, largest_magnitude(one), title, **look), axes, quantity.label
        )
    return figure


def _panels(layout: SiteLayout, number: int) -> tuple[Figure, Sequence[Axes]]:
    """Panels side by side, or one above the other where the device is long."""
    low, high = _box(layout, cell_of_sites(np.asarray(layout.positions, float)))
    tall = float((high - low)[1] / (high - low)[0])
    if tall < 0.4:
        size, shape = (7.0, number * (5.6 * tall + 0.35) + 0.2), (number, 1)
    else:
        size, shape = (3.4 * number + 0.6, min(2.7 * tall, 6.0) + 0.5), (1, number)
    figure = new_figure(*size)
    return figure, list(figure.subplots(*shape, squeeze=False).ravel())
