"""Atoms in their box: where they were found, and where they started or truly are."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from equibacksolve.plotting._style import TICKS, labelled


def draw_atoms(
    axes: Axes,
    positions: Float[Any, "atoms 2"],
    box_length: float | int,
    title: str,
    *,
    other: Float[Any, "others 2"] | None = None,
    other_name: str = "true",
    periodic: bool = True,
    unit: str = "length",
) -> None:
    """Dots where the atoms are, circles where the `other` structure has them, in the box [0, L] x [0, L].

    In a periodic box an atom that left it is drawn where its image comes in. An image does not fix the whole: compare
    atoms one by one only after the other structure was shifted to match (`imaging.matched_distance`).
    """
    box = float(box_length)
    if other is not None:
        x, y = _in_box(other, box, periodic).T
        axes.plot(x, y, "o", color="0.45", markerfacecolor="none", markersize=5, linewidth=0.8, label=other_name)
    x, y = _in_box(positions, box, periodic).T
    axes.plot(x, y, ".", color="tab:blue", markersize=4, label="found")
    labelled(axes, title, f"x ({unit})", f"y ({unit})")
    axes.set(xlim=(0, box), ylim=(0, box), aspect="equal")
    if other is not None:
        axes.legend(fontsize=TICKS, loc="upper right", framealpha=0.9)


def _in_box(positions, box, periodic):
    positions = np.asarray(positions, float)
    return np.mod(positions, box) if periodic else positions
