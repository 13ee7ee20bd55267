"""A landscape with its uncertainty beside it, and with the truth where that is known."""

from typing import Any

from jaxtyping import Float
from matplotlib.figure import Figure

from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting._figure import new_figure
from equibacksolve.plotting._panels import draw_errors, draw_landscape
from equibacksolve.plotting._style import (
    POTENTIAL,
    SITE,
    Quantity,
    largest_magnitude,
    quantity_in,
    site_axes,
    with_colour_bar,
)


def landscape_figure(
    values: Float[Any, "length width"],
    *,
    errors: Float[Any, "length width"] | None = None,
    start: Float[Any, "length width"] | None = None,
    truth: Float[Any, "length width"] | None = None,
    quantity: Quantity = POTENTIAL,
    units: LaboratoryUnits | None = None,
) -> Figure:
    """What was found, seen from above; beside it, as far as given, the start, the truth, and the standard errors.

    The landscapes share their colours, symmetric about zero; the errors have their own. With `units`, energies are in
    meV and positions in nm, as far as the units know them.
    """
    quantity, sites = quantity_in(units, quantity), quantity_in(units, SITE)
    shown = {"start": start, "found": values, "truth": truth}
    shown = {title: quantity.of(one) for title, one in shown.items() if one is not None}
    figure = new_figure(3.4 * (len(shown) + (errors is not None)) + 0.6, 3.2)
    panels = list(figure.subplots(1, len(shown) + (errors is not None), squeeze=False)[0])
    # A start far outside must not bleach what was found.
    scale = largest_magnitude(*(one for title, one in shown.items() if title != "start"))
    for axes, (title, one) in zip(panels, shown.items()):
        drawn = draw_landscape(axes, one, scale, title, sites=sites)
        site_axes(axes, title, sites)
    with_colour_bar(figure, drawn, panels[: len(shown)], quantity.label)
    if errors is not None:
        drawn = draw_errors(panels[-1], quantity.of_errors(errors), sites=sites)
        with_colour_bar(figure, drawn, panels[-1], quantity.label)
    return figure
