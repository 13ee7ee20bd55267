"""Panels of diagnostics: the cost over two unknowns, and singular values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogFormatterSciNotation, LogLocator

from equibacksolve.diagnostics import CostSurface, Identifiability, LocalMinimum
from equibacksolve.plotting._colours import COST_COLOURS
from equibacksolve.plotting._style import CONDUCTANCE, FLUX, LABEL, TICKS, labelled


def draw_cost_surface(
    axes: Axes,
    surface: CostSurface,
    labels: tuple[str, str],
    title: str = "",
    truth: tuple[float, float] | None = None,
    traps: Sequence[LocalMinimum] = (),
) -> Any:
    """Contours of the cost, four to a decade; the truth as a star, local minima as crosses."""
    height = np.asarray(surface.cost).T
    # Rounding at the truth itself would stretch the scale: contours begin where the mesh can show them.
    floor = max(np.partition(height.ravel(), 1)[1], height.max() * 1e-8, 1e-300)
    levels = np.geomspace(floor, height.max() * 1.001, int(4 * np.log10(height.max() / floor)) + 2)
    x, y = np.asarray(surface.first_values), np.asarray(surface.second_values)
    clipped = np.maximum(height, floor)
    drawn = axes.contourf(x, y, clipped, levels=levels, norm=LogNorm(floor, height.max()), cmap=COST_COLOURS)
    axes.contour(x, y, clipped, levels=levels, colors="white", linewidths=0.3)
    if truth is not None:
        axes.plot(*truth, "*", color="white", markeredgecolor="black", markersize=10)
    for trap in traps:
        axes.plot(trap.first, trap.second, "X", color="tab:red", markeredgecolor="white", markersize=8)
    labelled(axes, title, *labels)
    axes.yaxis.labelpad = 1
    return drawn


def add_cost_scale(figure: Any, drawn: Any, axes: Axes) -> None:
    """A logarithmic colour bar with whole decades marked."""
    bar = figure.colorbar(drawn, ax=axes, pad=0.02, ticks=LogLocator(), format=LogFormatterSciNotation())
    bar.ax.tick_params(labelsize=TICKS)
    bar.ax.minorticks_off()
    bar.set_label("cost", fontsize=LABEL)


def draw_singular_values(
    axes: Axes, found: Sequence[tuple[str, Identifiability]], title: str = "singular values of the Jacobian"
) -> None:
    """Singular values, largest first, one line for each data set; the legend gives the ranks."""
    for name, one in found:
        values = np.asarray(one.singular_values)
        kept = values[: one.rank]
        axes.semilogy(np.arange(1, kept.size + 1), kept, label=f"{name}: rank {one.rank} of {values.size}")
    labelled(axes, title, "number", "singular value")
    axes.legend(fontsize=TICKS, frameon=False)


def draw_flux_scan(
    axes: Axes, flux: Float[Any, " flux"], values: Float[Any, " flux"], title: str, markers: bool = False
) -> None:
    """Conductance against flux at one energy; markers where the points are few."""
    axes.plot(np.asarray(flux), np.asarray(values), ".-" if markers else "-", markersize=4, linewidth=0.9)
    labelled(axes, title, FLUX.label, CONDUCTANCE.label)
