"""The guess turning into the result, as a film for talks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.animation import FuncAnimation

from equibacksolve.plotting._atoms import draw_atoms
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._panels import draw_history
from equibacksolve.plotting._sites import SiteLayout, draw_map, show_on
from equibacksolve.plotting._style import POTENTIAL, Quantity, largest_magnitude, with_colour_bar
from equibacksolve.search import History

FRAME = 120
"""Milliseconds that each frame stands."""


def evolution_animation(
    evolution: Sequence[tuple[int, Float[Any, "*shape"]]],
    history: History,
    quantity: Quantity = POTENTIAL,
    *,
    scale: float | int | None = None,
    layout: SiteLayout | None = None,
) -> FuncAnimation:
    """Landscapes one after another, with the cost beside them and a dot where the film stands.

        at = lambda leaves: where(ebs.inverse.with_leaves(found.simulator, leaves))
        frames = [(step, at(leaves)) for step, leaves in found.history.course(60)]
        film = plotting.evolution_animation(frames, found.history)
        film.save("evolution.gif", writer=plotting.GifWriter())  # or "evolution.mp4", writer="ffmpeg"

    `evolution` holds (step, landscape) pairs; colours span -scale..scale, the largest value of the last one if left
    out. In a notebook, `HTML(film.to_jshtml())` shows it. With a `layout`, landscapes are energies of its sites.
    """
    frames = [(step, quantity.of(landscape)) for step, landscape in evolution]
    figure = new_figure(7.6, 3.4)
    left, right = figure.subplots(1, 2)
    drawn = draw_map(left, frames[0][1], scale or largest_magnitude(frames[-1][1]), "", layout)
    with_colour_bar(figure, drawn, left, quantity.label)
    return _film(figure, left, right, history, frames, lambda landscape: show_on(drawn, landscape))


def atoms_animation(
    evolution: Sequence[tuple[int, Float[Any, "atoms 2"]]], history: History, box_length: float | int
) -> FuncAnimation:
    """Atoms on their way, in a periodic box; otherwise as `evolution_animation`."""
    frames = [(step, np.mod(np.asarray(positions, float), box_length)) for step, positions in evolution]
    figure = new_figure(7.6, 3.6)
    left, right = figure.subplots(1, 2)
    draw_atoms(left, frames[0][1], box_length, "")
    dots = left.lines[0]
    return _film(figure, left, right, history, frames, lambda positions: dots.set_data(*positions.T))


def _film(figure, left, right, history, frames, show):
    """A frame for each (step, what `show` takes); the dot on the cost history goes along."""
    draw_history(right, history)
    # The layout is made once, for a title of the usual length: the panels stand still, and a frame is drawn fast.
    left.title.set_text("step 100, cost 1e-10")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    (dot,) = right.plot([], [], "o", color="black", markersize=6, zorder=5)

    def frame(number):
        step, shown = frames[number]
        show(shown)
        dot.set_data([history.evaluations[step]], [max(history.cost[step], 1e-32)])
        left.title.set_text(f"step {step + 1}, cost {history.cost[step]:.0e}")
        return [left.title, dot]

    return FuncAnimation(figure, frame, frames=len(frames), interval=FRAME)
