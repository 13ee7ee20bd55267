"""One picture of a reconstruction, laid out as Figs. 2 and 3 of the paper."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from matplotlib.figure import Figure

from equibacksolve.inverse import Observations
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._panels import draw_history
from equibacksolve.plotting._readings import draw_readings
from equibacksolve.plotting._sites import SiteLayout, draw_map
from equibacksolve.plotting._style import largest_magnitude, reading_quantity, with_colour_bar
from equibacksolve.search import History


def reconstruction_figure(
    truth: Float[Any, "*shape"],
    observed: Observations,
    evolution: Sequence[tuple[str, Float[Any, "*shape"]]],
    history: History,
    label: str,
    *,
    layout: SiteLayout | None = None,
) -> Figure:
    """Truth, data and cost above; the guess turning into the result below.

    `evolution` holds (title, landscape) pairs, first the start, last the result; `label` names the landscape with its
    unit. The data are drawn as they lie, see `draw_readings`. With a `layout`, landscapes are energies of its
    sites, and drawn where these are.
    """
    figure = new_figure(11, 6)
    upper, lower = figure.subfigures(2, 1, squeeze=False)[:, 0]
    left, middle, right = upper.subplots(1, 3)
    scale = largest_magnitude(truth)
    with_colour_bar(upper, draw_map(left, truth, scale, "truth", layout), left, label)
    data = draw_readings(middle, observed, title="data")
    if data is not None:
        with_colour_bar(upper, data, middle, reading_quantity(observed.variables, None).label)
    draw_history(right, history)
    panels = lower.subplots(1, len(evolution), squeeze=False)[0]
    for axes, (title, landscape) in zip(panels, evolution):
        drawn = draw_map(axes, landscape, scale, title, layout)
    with_colour_bar(lower, drawn, list(panels), label)
    return figure
