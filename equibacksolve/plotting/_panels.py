"""Panels: a landscape, a data map, a history. Each draws into axes that the caller owns."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from equibacksolve.inverse import History
from equibacksolve.plotting._style import DATA_COLOURS, LANDSCAPE_COLOURS, bare


def draw_landscape(axes: Axes, values: Float[Any, "length width"], scale: float, title: str) -> Any:
    """A landscape seen from above, the current running to the right; colours span -scale..scale."""
    drawn = axes.imshow(np.asarray(values).T, origin="lower", cmap=LANDSCAPE_COLOURS, vmin=-scale, vmax=scale)
    bare(axes, title)
    return drawn


def draw_data(
    axes: Axes, flux: Float[Any, " flux"], energy: Float[Any, " energy"], values: Float[Any, "flux energy"], title: str
) -> Any:
    """A conductance map over flux (across, h/e per plaquette) and energy (up, hoppings)."""
    drawn = axes.pcolormesh(
        np.asarray(flux), np.asarray(energy), np.asarray(values).T, cmap=DATA_COLOURS, shading="auto"
    )
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("flux per plaquette (h/e)", fontsize=8)
    axes.set_ylabel("energy (hopping)", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.locator_params(axis="x", nbins=5)  # fluxes of large samples are long numbers
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
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("simulations of the data set", fontsize=8)
    axes.tick_params(labelsize=7)
    if len(np.unique(history.start)) <= 8:
        axes.legend(fontsize=6, frameon=False)
