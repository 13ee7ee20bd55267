"""The look that all pictures share: sizes of text, axes with units, colour bars, what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from equibacksolve.plotting._colours import MISSING

TITLE, LABEL, TICKS = 9, 8, 7
"""Sizes of text, in points."""


class Quantity(NamedTuple):
    """How a quantity stands on an axis: its name, its unit, and the units in one of the numbers that are drawn.

    `Quantity("magnetic field", "T", 4.1)` draws a flux of 0.1 at 0.41 T.
    """

    name: str
    unit: str = ""
    scale: float | int = 1.0

    @property
    def label(self) -> str:
        """The name with the unit, e.g. "energy (hopping)"."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def of(self, values: Any) -> Float[np.ndarray, "..."]:
        """Values in this unit, as NumPy floats."""
        return np.asarray(np.asarray(values, float) * self.scale)


FLUX, ENERGY = Quantity("flux per plaquette", "h/e"), Quantity("energy", "hopping")
POTENTIAL = Quantity("potential", "hopping")
CONDUCTANCE = Quantity("G", "e²/h")
SITES = (Quantity("x", "site"), Quantity("y", "site"))

SETTINGS: Mapping[str, Quantity] = {"flux": FLUX, "energy": ENERGY}
"""Settings that have a unit by convention; others carry their own name."""


def reading_quantity(variables: Mapping[str, Any], given: Quantity | None) -> Quantity:
    """The quantity that was read: the one given, or a conductance if there is a flux, or just a reading."""
    return given or (CONDUCTANCE if "flux" in variables else Quantity("reading"))


def setting_quantity(name: str, given: Mapping[str, Quantity] | None) -> Quantity:
    """The quantity that stands for a setting: the one given, or that of the convention, or its bare name."""
    return {**SETTINGS, **(given or {})}.get(name, Quantity(name))


def labelled(axes: Axes, title: str, across: str = "", up: str = "") -> None:
    """Title and axis labels in the sizes of the house."""
    axes.set_title(title, fontsize=TITLE)
    axes.set_xlabel(across, fontsize=LABEL)
    axes.set_ylabel(up, fontsize=LABEL)
    axes.tick_params(which="both", labelsize=TICKS)
    axes.yaxis.get_offset_text().set_fontsize(TICKS)


def bare(axes: Axes, title: str) -> None:
    """A panel that shows sites: no ticks, a title, square sites."""
    axes.set_title(title, fontsize=TITLE)
    axes.set_xticks([])
    axes.set_yticks([])


def site_axes(axes: Axes, title: str) -> None:
    """A panel that shows sites, numbered from 0 along (across the picture) and across (up) the current."""
    labelled(axes, title, *(quantity.label for quantity in SITES))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def with_colour_bar(figure: FigureBase, mappable: Any, axes: Axes | Sequence[Axes], label: str) -> None:
    """A thin colour bar beside the panel (or the last of a row of panels)."""
    bar = figure.colorbar(mappable, ax=axes if isinstance(axes, Axes) else list(axes), shrink=0.85, pad=0.02)
    bar.set_label(label, fontsize=LABEL)
    bar.ax.tick_params(labelsize=TICKS)
    bar.ax.yaxis.get_offset_text().set_fontsize(TICKS)


def colours_with_gaps(colours: str | Colormap) -> Colormap:
    """A colour map that shows what is missing in grey."""
    named = matplotlib.colormaps[colours] if isinstance(colours, str) else colours
    return named.with_extremes(bad=MISSING)


def largest_magnitude(*landscapes: Shaped[Any, "..."] | Float[Any, "..."]) -> float:
    """The colour scale that fits all of them, symmetric about zero; NaN does not count."""
    sizes = [np.abs(np.asarray(landscape, float)) for landscape in landscapes]
    return max(1e-12, max(float(np.max(size, initial=0.0, where=np.isfinite(size))) for size in sizes))
