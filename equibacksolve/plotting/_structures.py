"""Curves of diffraction with their fit, and the bonds of the structure that shows them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equibacksolve.atoms import AbstractCurve, Observables, ReciprocalSpaceCurve, Spread, Statistics
from equibacksolve.inverse import Observations
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._style import TICKS, labelled

_FOUND, _TRUE = "tab:blue", "0.45"


def structure_figure(
    seen: Observables,
    observed: Observations,
    models: Spread | Statistics,
    *,
    truth: Statistics | None = None,
    unit: str = "length",
) -> Figure:
    """Each curve with its data, neighbours, and angles between bonds.

    **Arguments**

    - `seen`, `observed`: a simulator with its structure, and the data.
    - `models`: the statistics of the structure, or their spread over several models, which is drawn as bars and bands.
    - `truth`: statistics to compare with.
    - `unit`: that of lengths.
    """
    curves = [name for name in sorted(seen.parts) if isinstance(seen.parts[name], AbstractCurve)]
    across = max(len(curves), 2)
    figure = new_figure(4.2 * across, 6.4)
    above, below = figure.subplots(2, across, squeeze=False)
    data, predicted = seen.by_part(observed.values), seen.by_part(seen.predict())
    sigma = dict.fromkeys(data) if observed.sigma is None else seen.by_part(observed.sigma)
    for axes, name in zip(above, curves):
        _draw_curve(axes, seen.parts[name], data[name], predicted[name], sigma[name], unit)
    draw_coordination(below[0], models, truth=truth)
    draw_bond_angles(below[1], models, truth=truth)
    for axes in (*above[len(curves) :], *below[2:]):
        axes.set_axis_off()
    return figure


def draw_coordination(axes: Axes, models: Spread | Statistics, *, truth: Statistics | None = None) -> None:
    """The share of the atoms that have so many neighbours, beside the truth; error bars are deviations of one model."""
    mean, deviation, label = _mean_and_deviation(models)
    seen = [one.coordination for one in (mean, truth) if one is not None]
    last = max(int(np.flatnonzero(shares > 0)[-1]) for shares in seen) + 2
    width = 0.8 if truth is None else 0.4
    bars = {} if deviation is None else {"yerr": deviation.coordination[:last], "capsize": 3}
    shift = 0.0 if truth is None else 0.2
    axes.bar(mean.neighbours[:last] + shift, mean.coordination[:last], width, color=_FOUND, label=label, **bars)
    if truth is not None:
        axes.bar(truth.neighbours[:last] - shift, truth.coordination[:last], width, color=_TRUE, label="truth")
    labelled(axes, "neighbours", "bonds of an atom", "share of the atoms")
    axes.legend(fontsize=TICKS, frameon=False)


def draw_bond_angles(axes: Axes, models: Spread | Statistics, *, truth: Statistics | None = None) -> None:
    """The density of angles between the bonds of an atom, beside the truth; the band is the deviation of one model."""
    mean, deviation, label = _mean_and_deviation(models)
    if deviation is not None:
        ends = mean.bond_angles - deviation.bond_angles, mean.bond_angles + deviation.bond_angles
        axes.fill_between(mean.angles, *ends, color=_FOUND, alpha=0.3)
    axes.plot(mean.angles, mean.bond_angles, color=_FOUND, linewidth=1, label=label)
    if truth is not None:
        axes.plot(truth.angles, truth.bond_angles, "--", color=_TRUE, linewidth=1, label="truth")
    labelled(axes, "angles", "angle between bonds (degrees)", "density (1 / degree)")
    axes.set_xlim(0, 180)
    axes.legend(fontsize=TICKS, frameon=False)


def _mean_and_deviation(models):
    if isinstance(models, Spread):
        return models.mean, models.deviation, f"{models.models} models"
    return models, None, "model"


def _draw_curve(axes: Axes, curve: Any, data, predicted, sigma, unit: str) -> None:
    place = np.asarray(curve.places)
    axes.errorbar(place, data, sigma, fmt=".", color="0.6", markersize=3, elinewidth=0.6, label="data")
    axes.plot(place, predicted, color=_FOUND, linewidth=1, label="model", zorder=3)
    across = f"Q (1 / {unit})" if isinstance(curve, ReciprocalSpaceCurve) else f"r ({unit})"
    labelled(axes, "-".join(curve.pair or ()), across, curve.convention)
    axes.legend(fontsize=TICKS, frameon=False)
