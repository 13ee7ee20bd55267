"""The look that all pictures share: sizes of text, axes with units, colour bars, what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from equibacksolve._quantity import POTENTIAL as POTENTIAL
from equibacksolve._quantity import SITE, Quantity
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting._colours import MISSING

TITLE, LABEL, TICKS = 9, 8, 7
"""Sizes of text, in points."""


FLUX, ENERGY = Quantity("flux per plaquette", "h/e"), Quantity("energy", "hopping")
CONDUCTANCE = Quantity("G", "e²/h")

SETTINGS: Mapping[str, Quantity] = {"flux": FLUX, "energy": ENERGY}
"""Settings that have a unit by convention; others carry their own name."""


def reading_quantity(
    variables: Mapping[str, Any], given: Quantity | None, units: LaboratoryUnits | None = None
) -> Quantity:
    """The quantity that was read: the one given, that of the units, a conductance if there is a flux, or a reading."""
    return given or (units and units.reading) or (CONDUCTANCE if "flux" in variables else Quantity("reading"))


def settings_in(units: LaboratoryUnits | None, given: Mapping[str, Quantity] | None) -> Mapping[str, Quantity] | None:
    """How settings are shown: as given, else as the units say."""
    return given if units is None else {**units.settings, **(given or {})}


def quantity_in(units: LaboratoryUnits | None, quantity: Quantity) -> Quantity:
    """A quantity in the units of the laboratory, if there are any."""
    return quantity if units is None else units.of(quantity)


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


def site_axes(axes: Axes, title: str, sites: Quantity = SITE) -> None:
    """A panel that shows sites, numbered from 1 along (across the picture) and across (up) the current."""
    labelled(axes, title, *(sites._replace(name=name).label for name in ("x", "y")))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=sites == SITE))


def site_extent(shape: tuple[int, ...], sites: Quantity = SITE) -> tuple[float, float, float, float]:
    """The edges of a map of sites, for `imshow`: each cell lies about its site."""
    low, right, top = sites.of([0.5, shape[0] + 0.5, shape[1] + 0.5]).tolist()
    return (low, right, low, top)


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
