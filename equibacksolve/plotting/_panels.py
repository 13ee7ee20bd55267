"""Panels: a landscape, its errors, a magnetization, a history. Each draws into axes that the caller owns."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from equibacksolve.plotting._colours import ERROR_COLOURS, LANDSCAPE_COLOURS
from equibacksolve.plotting._style import SITE, TICKS, Quantity, bare, labelled, site_axes, site_extent
from equibacksolve.search import History


def draw_landscape(
    axes: Axes, values: Float[Any, "length width"], scale: float | int, title: str, *, sites: Quantity | None = None
) -> Any:
    """A landscape seen from above, the current running to the right; colours span -scale..scale.

    `values[i, j]` lies at (i, j), or where `sites` puts site (i + 1, j + 1): `units.position` puts it at nanometres.
    """
    shown = np.asarray(values).T
    extent = None if sites is None else site_extent(shown.T.shape, sites)
    drawn = axes.imshow(shown, origin="lower", cmap=LANDSCAPE_COLOURS, vmin=-scale, vmax=scale, extent=extent)
    bare(axes, title)
    return drawn


def draw_errors(
    axes: Axes, errors: Float[Any, "length width"], title: str = "standard error", *, sites: Quantity = SITE
) -> Any:
    """Standard errors of a landscape, one for each site; colours span 0..largest."""
    values = np.asarray(errors, float)
    look = {"vmin": 0.0, "vmax": float(np.max(values)) or 1.0, "extent": site_extent(values.shape, sites)}
    drawn = axes.imshow(values.T, origin="lower", cmap=ERROR_COLOURS, **look)
    site_axes(axes, title, sites)
    return drawn


def draw_magnetization(axes: Axes, angle: Float[Any, "length width"], title: str, *, sites: Quantity = SITE) -> Any:
    """Moments (sin theta, 0, cos theta): m_z in colours from -1 to 1, and an arrow for each site.

    The arrows lie in the x-z plane of the spins, m_x to the right and m_z up, whatever the directions of the sample.
    """
    angle = np.asarray(angle, float)
    drawn = draw_landscape(axes, np.cos(angle), 1.0, title, sites=sites)
    x, y = np.meshgrid(*(sites.of(np.arange(n) + 1) for n in angle.shape), indexing="ij")
    arrows = {"pivot": "mid", "angles": "xy", "scale_units": "xy", "scale": 1.25 / sites.scale, "width": 0.006}
    axes.quiver(x, y, np.sin(angle), np.cos(angle), **arrows)
    site_axes(axes, title, sites)
    return drawn


def draw_history(axes: Axes, history: History, title: str = "cost") -> None:
    """Cost against simulations of the data set; each start in a colour of its own, stages separated by thin lines."""
    cost = np.maximum(history.cost, 1e-32)
    for start in np.unique(history.start):
        mine = history.start == start
        axes.semilogy(
            history.evaluations[mine], cost[mine], ".-", markersize=3, linewidth=1, label=f"start {start + 1}"
        )
    later = np.flatnonzero((np.diff(history.stage) != 0) & (np.diff(history.start) == 0)) + 1
    for step in later:
        axes.axvline(history.evaluations[step], color="0.85", linewidth=0.8, zorder=0)
    labelled(axes, title, "simulations of the data set", "cost")
    if len(np.unique(history.start)) <= 8:
        axes.legend(fontsize=TICKS, frameon=False)
