"""Data and fit side by side, and what is left between them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equibacksolve.inverse import Observations
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting._colours import LANDSCAPE_COLOURS
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._readings import draw_readings, is_a_map, place_on_line
from equibacksolve.plotting._style import (
    TICKS,
    TITLE,
    Quantity,
    largest_magnitude,
    reading_quantity,
    settings_in,
    with_colour_bar,
)


def fit_figure(
    observed: Observations,
    predicted: Float[Any, "*data"],
    *,
    settings: Mapping[str, Quantity] | None = None,
    reading: Quantity | None = None,
    largest_momentum: float | int | None = None,
    units: LaboratoryUnits | None = None,
) -> Figure:
    """Data, fit, and (fit - data) / sigma; the plain difference where sigma is unknown.

    Data and fit share their colours, or one panel where they are lines (with sigma as error bars). With `units`, the
    axes are as the instrument had them; `settings` and `reading` go before. Other arguments as for `draw_readings`.
    """
    reading, settings = reading_quantity(observed.variables, reading, units), settings_in(units, settings)
    look = {"settings": settings, "reading": reading, "largest_momentum": largest_momentum}
    if is_a_map(observed):
        figure = new_figure(11, 3.2)
        left, middle, right = figure.subplots(1, 3)
        limits = _shared_limits(observed, predicted, reading, largest_momentum)
        drawn = draw_readings(left, observed, title="data", limits=limits, **look)
        draw_readings(middle, observed, predicted, "fit", limits=limits, everywhere=True, **look)
        with_colour_bar(figure, drawn, [left, middle], reading.label)
    else:
        figure = new_figure(8, 3.2)
        left, right = figure.subplots(1, 2)
        draw_readings(left, observed, **look)
        _add_fit(left, observed, predicted, settings, reading)
    draw_residuals(right, observed, predicted, figure=figure, **look)
    return figure


def _shared_limits(observed, predicted, reading, largest_momentum):
    """Ends of the colours that fit both; the Bragg peaks of an image in momentum space may be brighter."""
    counted = slice(None) if observed.mask is None else np.asarray(observed.mask)
    both = reading.of([np.asarray(observed.values)[counted], np.asarray(predicted)[counted]])
    return float(both.min()), float(both.max() if largest_momentum is None else np.percentile(both, 99.8))


def draw_residuals(
    axes: Axes,
    observed: Observations,
    predicted: Float[Any, "*data"],
    *,
    figure: Figure | None = None,
    reading: Quantity | None = None,
    **look: Any,
) -> Any:
    """(fit - data) / sigma, or the plain difference where sigma is unknown; blue is a fit too low.

    With a `figure`, a colour bar is added to it. Further arguments as for `draw_readings`.
    """
    reading = reading_quantity(observed.variables, reading)
    known = observed.sigma is not None
    difference = np.asarray(predicted, float) - np.asarray(observed.values, float)
    difference = difference / np.asarray(observed.sigma) if known else difference
    unit = Quantity("(fit - data) / sigma") if known else reading._replace(name=f"fit - data, {reading.name}")
    counted = difference if observed.mask is None else np.where(observed.mask, difference, 0.0)
    unit = unit._replace(zero=0.0)  # of differences
    largest = largest_magnitude(unit.of(counted))
    shared = {"reading": unit, "colours": LANDSCAPE_COLOURS, "limits": (-largest, largest), **look}
    drawn = draw_readings(axes, observed, difference, "residual over sigma" if known else "residual", **shared)
    if drawn is None:
        axes.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    elif figure is not None:
        with_colour_bar(figure, drawn, axes, unit.label)
    return drawn


def _add_fit(axes, observed, predicted, settings, reading):
    """The line of the fit beside the dots of the data, these with error bars."""
    axes.lines[0].set(linestyle="none", color="black", label="data")
    _, place = place_on_line(observed, settings)
    values = reading.of(observed.values).ravel()
    if observed.sigma is not None:
        there = slice(None) if observed.mask is None else np.asarray(observed.mask).ravel()
        bars = {"fmt": "none", "ecolor": "0.5", "elinewidth": 0.8, "zorder": 1}
        axes.errorbar(place[there], values[there], reading.of_errors(observed.sigma).ravel()[there], **bars)
    order = np.argsort(place)
    axes.plot(place[order], reading.of(predicted).ravel()[order], color="tab:red", linewidth=1, label="fit")
    axes.set_title("data and fit", fontsize=TITLE)
    axes.legend(fontsize=TICKS, frameon=False)
