"""One picture of a reconstruction, laid out as Figs. 2 and 3 of the paper."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from equibacksolve.inverse import History, Observations
from equibacksolve.plotting._panels import draw_data, draw_history, draw_landscape
from equibacksolve.plotting._style import largest_magnitude, with_colour_bar


def reconstruction_figure(
    truth: Float[Any, "length width"],
    observed: Observations,
    evolution: Sequence[tuple[str, Float[Any, "length width"]]],
    history: History,
    label: str,
) -> Figure:
    """Truth, data and cost above; the guess turning into the result below.

    `evolution` holds (title, landscape) pairs, first the start, last the result; `label` names the landscape with its
    unit. `observed` must be a mesh of flux and energy.
    """
    figure = Figure(figsize=(11, 6), layout="constrained")
    upper, lower = figure.subfigures(2, 1)
    left, middle, right = upper.subplots(1, 3)
    scale = largest_magnitude(truth)
    with_colour_bar(upper, draw_landscape(left, truth, scale, "truth"), left, label)
    flux, energy = (np.unique(np.asarray(observed.variables[name])) for name in ("flux", "energy"))
    mesh = np.asarray(observed.values).reshape(observed.grid)
    with_colour_bar(upper, draw_data(middle, flux, energy, mesh, "data"), middle, "G (e²/h)")
    draw_history(right, history)
    panels = lower.subplots(1, len(evolution), squeeze=False)[0]
    for axes, (title, landscape) in zip(panels, evolution):
        drawn = draw_landscape(axes, landscape, scale, title)
    with_colour_bar(lower, drawn, list(panels), label)
    return figure
