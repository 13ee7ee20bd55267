"""Unknowns against the parameter of a series."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from equibacksolve.plotting._style import TICKS, Quantity, labelled

LINES = 10
"""Most entries that are drawn as lines; of more, colours are."""

PARAMETER, FOUND = Quantity("parameter"), Quantity("found")


def draw_series(
    axes: Axes,
    parameter: Float[Any, " sets"],
    values: Float[Any, "sets *entries"],
    *,
    errors: Float[Any, "sets *entries"] | None = None,
    along: Quantity = PARAMETER,
    quantity: Quantity = FOUND,
    title: str = "",
) -> Any:
    """A line for each entry, with its errors as a band; of more than ten entries a row of colours each.

    Returns what a colour bar belongs to, or None.
    """
    order = np.argsort(along.of(parameter), kind="stable")
    across = along.of(parameter)[order]
    heights = quantity.of(values).reshape(across.size, -1)[order]
    if heights.shape[1] > LINES:
        labelled(axes, title, along.label, "entry")
        return axes.pcolormesh(_edges(across), np.arange(heights.shape[1] + 1) - 0.5, heights.T, cmap="viridis")
    widths = None if errors is None else quantity.of_errors(errors).reshape(across.size, -1)[order]
    for entry, line in enumerate(heights.T):
        axes.plot(across, line, ".-", markersize=4, linewidth=1, color=f"C{entry}", label=str(entry))
        if widths is not None:
            axes.fill_between(across, line - widths[:, entry], line + widths[:, entry], color=f"C{entry}", alpha=0.25)
    labelled(axes, title, along.label, quantity.label)
    if heights.shape[1] > 1:
        axes.legend(fontsize=TICKS, frameon=False, title="entry", title_fontsize=TICKS)
    return None


def _edges(across: Float[np.ndarray, " sets"]) -> Float[np.ndarray, " edges"]:
    """Half way between neighbours, for the steps of a parameter need not be equal."""
    if across.size == 1:
        return across + np.array([-0.5, 0.5])
    middles = (across[1:] + across[:-1]) / 2
    return np.r_[2 * across[0] - middles[0], middles, 2 * across[-1] - middles[-1]]
