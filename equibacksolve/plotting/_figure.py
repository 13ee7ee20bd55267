"""Figures that a notebook shows by itself."""

import io

from matplotlib import figure


class Figure(figure.Figure):
    """A figure with its picture, so that a notebook needs neither pyplot nor a magic word to show it."""

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=self.dpi)
        return drawn.getvalue()


def new_figure(width: float | int, height: float | int) -> figure.Figure:
    """An empty figure of this size in inches, whose panels keep out of each other's way."""
    return Figure(figsize=(width, height), layout="constrained")
