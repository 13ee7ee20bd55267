"""Readings as they lie: a mesh, scattered points, a line, an image, or a plain list."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from equibacksolve.inverse import Observations
from equibacksolve.plotting._colours import DATA_COLOURS, MISSING
from equibacksolve.plotting._style import (
    ENERGY,
    FLUX,
    Quantity,
    colours_with_gaps,
    labelled,
    reading_quantity,
    setting_quantity,
)

Limits = tuple[float | int, float | int] | None


def draw_data(
    axes: Axes,
    flux: Float[Any, " flux"],
    energy: Float[Any, " energy"],
    values: Float[Any, "flux energy"],
    title: str,
    across: Quantity = FLUX,
    up: Quantity = ENERGY,
) -> Any:
    """A conductance map over flux (across) and energy (up); NaN is grey.

    `across` and `up` name the axes and their units: `across=Quantity("magnetic field", "T", 4.1)` for a plaquette on
    which h/e is 4.1 T.
    """
    drawn = _mesh(axes, across.of(flux), up.of(energy), np.asarray(values, float), DATA_COLOURS, None)
    labelled(axes, title, across.label, up.label)
    return drawn


def draw_readings(
    axes: Axes,
    observed: Observations,
    values: Float[Any, "*data"] | None = None,
    title: str = "",
    *,
    settings: Mapping[str, Quantity] | None = None,
    reading: Quantity | None = None,
    colours: str | Colormap = DATA_COLOURS,
    limits: Limits = None,
    largest_momentum: float | int | None = None,
    everywhere: bool = False,
) -> Any:
    """Values at the settings of the observations (the observed ones if left out), as these lie.

    Two settings that vary make a map: cells of a mesh, or dots where the points are scattered. One makes a line, none a
    list; an image is shown as it is, the first axis across. What is masked is grey, or a gap in a line with a grey mark
    below it; nothing is interpolated.

    **Arguments**

    - `settings`: a `Quantity` for each setting that has another label or unit than its name.
    - `reading`: that of the values, a conductance if left out and there is a flux.
    - `limits`: ends of the colours.
    - `largest_momentum`: pi M / L, says that an image is one in momentum space, with zero first.
    - `everywhere`: draw also what is masked, for a prediction is known there, too.

    Returns what a colour bar needs, or None for lines.
    """
    reading = reading_quantity(observed.variables, reading)
    kept = np.asarray(observed.values if values is None else values, float)
    kept = reading.of(kept if observed.mask is None or everywhere else np.where(observed.mask, kept, np.nan))
    quantities, places = varying_settings(observed, settings)
    if len(places) == 2:
        labelled(axes, title, *(quantity.label for quantity in quantities))
        if observed.grid is None:
            return _scattered(axes, places[0], places[1], kept, colours, limits)
        shape = [n for n in observed.grid if n > 1]
        across, up = places[0].reshape(shape)[:, 0], places[1].reshape(shape)[0]
        return _mesh(axes, across, up, kept.reshape(shape), colours, limits)
    if kept.ndim == 2:
        return _image(axes, kept, title, colours, limits, largest_momentum)
    across, place = place_on_line(observed, settings)
    labelled(axes, title, across, reading.label)
    _line(axes, place, kept.ravel())
    return None


def varying_settings(
    observed: Observations, settings: Mapping[str, Quantity] | None
) -> tuple[list[Quantity], list[Float[np.ndarray, " points"]]]:
    """The settings of which there is more than one value: how each is labelled, and its values in that unit."""
    names = [name for name, setting in observed.variables.items() if np.ptp(np.asarray(setting)) > 0]
    quantities = [setting_quantity(name, settings) for name in names]
    return quantities, [quantity.of(observed.variables[name]) for name, quantity in zip(names, quantities)]


def is_a_map(observed: Observations) -> bool:
    """Whether the readings are drawn as colours in a plane, and not as a line."""
    return observed.values.ndim == 2 or len(varying_settings(observed, None)[1]) == 2


def place_on_line(
    observed: Observations, settings: Mapping[str, Quantity] | None
) -> tuple[str, Float[np.ndarray, " data"]]:
    """The label and the values of the one setting that varies; the numbers of the data if there is not just one."""
    quantities, places = varying_settings(observed, settings)
    if len(places) == 1:
        return quantities[0].label, places[0]
    return "number of the datum", np.arange(observed.values.size, dtype=float)


def _mesh(axes, across, up, values, colours, limits):
    """Cells around the mesh points, in rising order."""
    first, second = np.argsort(across), np.argsort(up)
    cells = np.ma.masked_invalid(values[np.ix_(first, second)].T)
    low, high = limits or (None, None)
    colours = colours_with_gaps(colours)
    drawn = axes.pcolormesh(across[first], up[second], cells, cmap=colours, vmin=low, vmax=high, shading="nearest")
    # A masked cell is left out by matplotlib's meshes unless something lies behind it.
    axes.set_facecolor(MISSING)
    axes.locator_params(axis="x", nbins=5)  # fluxes are long numbers
    return drawn


def _scattered(axes, across, up, values, colours, limits):
    there = np.isfinite(values)
    axes.plot(across[~there], up[~there], "x", color=MISSING, markersize=4, zorder=1)
    low, high = limits or (None, None)
    colours = colours_with_gaps(colours)
    return axes.scatter(across[there], up[there], c=values[there], s=14, cmap=colours, vmin=low, vmax=high)


def _image(axes, image, title, colours, limits, largest_momentum):
    low, high = limits or (None, None)
    extent, labels = None, ("x (pixel)", "y (pixel)")
    if largest_momentum is not None:
        image, labels = np.fft.fftshift(image), ("$k_x$ (1 / length)", "$k_y$ (1 / length)")
        step = 2 * largest_momentum / image.shape[0]
        # Pixels are cells about their momenta, of which zero is number M // 2 after the shift.
        left = -(image.shape[0] // 2 + 0.5) * step
        extent = (left, left + 2 * largest_momentum) * 2
    cells = np.ma.masked_invalid(image.T)
    colours = colours_with_gaps(colours)
    labelled(axes, title, *labels)
    return axes.imshow(cells, origin="lower", cmap=colours, vmin=low, vmax=high, extent=extent, interpolation="none")


def _line(axes, place, values):
    """Dots in rising order of the setting, joined unless one between them is missing."""
    order = np.argsort(place)
    axes.plot(place[order], values[order], ".-", markersize=4, linewidth=0.9)
    gone = ~np.isfinite(values[order])
    if gone.any():
        below = axes.get_xaxis_transform()
        axes.plot(place[order][gone], np.full(gone.sum(), 0.02), "|", color=MISSING, transform=below, zorder=0)
