"""The look that all pictures share."""

from typing import Any

from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

LANDSCAPE_COLOURS = "RdBu_r"
"""Signed quantities, zero in the middle."""

DATA_COLOURS = "viridis"
"""Measured quantities, perceptually uniform."""

COST_COLOURS = "cividis"
"""Costs, on a logarithmic scale: dark is low."""


def bare(axes: Axes, title: str) -> None:
    """A panel that shows sites: no ticks, a title, square sites."""
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])


def with_colour_bar(figure: FigureBase, mappable: Any, axes: Axes | list[Axes], label: str) -> None:
    """A thin colour bar beside the panel (or the last of a row of panels)."""
    figure.colorbar(mappable, ax=axes, label=label, shrink=0.85, pad=0.02)


def largest_magnitude(*landscapes: Shaped[Any, "..."] | Float[Any, "..."]) -> float:
    """The colour scale that fits all of them, symmetric about zero."""
    return max(1e-12, max(float(abs(landscape).max()) for landscape in landscapes))
