"""Colours: each map is perceptually uniform, so that equal steps of a number look like equal steps."""

import numpy as np
from matplotlib.colors import Colormap, ListedColormap

from equibacksolve.plotting._oklab import rgb_of_oklab

MISSING = "0.6"
"""Grey: no number here. No map of ours holds it."""

WHITE = np.array([0.965, 0.0, 0.0])
"""Almost white in OKLab: lightness, green to red, blue to yellow."""


def _end(lightness: float, chroma: float, degrees: float | int) -> np.ndarray:
    hue = np.radians(degrees)
    return np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])


def _signed() -> Colormap:
    """Blue to white to red, on two straight lines of equal length in OKLab."""
    up = np.linspace(0, 1, 128)[:, None]
    blue, red = (WHITE + up * (_end(0.37, 0.13, hue) - WHITE) for hue in (258, 24))
    rgb = np.clip(rgb_of_oklab(np.concatenate([blue[::-1], red])), 0, 1)
    return ListedColormap(rgb, name="equibacksolve_signed").with_extremes(bad=MISSING)


LANDSCAPE_COLOURS = _signed()
"""Signed quantities, zero in the middle."""

DATA_COLOURS = "viridis"
"""Measured quantities."""

ERROR_COLOURS = "magma"
"""Standard errors, black where there are none."""

COST_COLOURS = "cividis"
"""Costs, on a logarithmic scale: dark is low."""

ANGLE_COLOURS = "twilight"
"""Angles: the two ends are one colour."""
