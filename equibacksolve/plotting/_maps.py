"""A landscape with its uncertainty beside it, and with the truth where that is known."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from equibacksolve.plotting._panels import draw_errors, draw_landscape
from equibacksolve.plotting._style import POTENTIAL, Quantity, largest_magnitude, site_axes, with_colour_bar


def landscape_figure(
    values: Float[Any, "length width"],
    *,
    errors: Float[Any, "length width"] | None = None,
    start: Float[Any, "length width"] | None = None,
    truth: Float[Any, "length width"] | None = None,
    quantity: Quantity = POTENTIAL,
) -> Figure:
    """What was found, seen from above; beside it, as far as given, the start, the truth, and the standard errors.

    The landscapes share their colours, symmetric about zero; the errors have their own.
    """
    shown = {"start": start, "found": values, "truth": truth}
    shown = {title: quantity.of(one) for title, one in shown.items() if one is not None}
    figure = Figure(figsize=(3.4 * (len(shown) + (errors is not None)) + 0.6, 3.2), layout="constrained")
    panels = list(figure.subplots(1, len(shown) + (errors is not None), squeeze=False)[0])
    # A start far outside must not bleach what was found.
    scale = largest_magnitude(*(one for title, one in shown.items() if title != "start"))
    for axes, (title, one) in zip(panels, shown.items()):
        drawn = draw_landscape(axes, one, scale, title)
        site_axes(axes, title)
    with_colour_bar(figure, drawn, panels[: len(shown)], quantity.label)
    if errors is not None:
        drawn = draw_errors(panels[-1], np.abs(quantity.of(errors)))
        with_colour_bar(figure, drawn, panels[-1], quantity.label)
    return figure
