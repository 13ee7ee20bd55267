"""The section of a report on curves of diffraction, and on the structure that shows them."""

import numpy as np

from equibacksolve import atoms, plotting
from equibacksolve.inverse import Observations
from equibacksolve.reporting._page import paragraph, picture, section, table


def structure_section(title: str, seen: atoms.Observables, observed: Observations) -> str:
    """Each curve with its data, the misfit of each part, and which bonds the structure has."""
    within = atoms.bond_length(seen)
    found = atoms.statistics(seen.structure(), within)
    figure = plotting.structure_figure(seen, observed, found)
    head = "mean squared residual" + ("" if observed.sigma is None else " over sigma squared")
    misfits = [(name, f"{value:.3g}") for name, value in seen.misfits(observed).items()]
    common = int(np.argmax(found.coordination))
    told = (
        f"Atoms within {within:.4g} count as bonded. An atom has {found.mean_coordination:.3g} neighbours on average; "
        f"{100 * found.coordination[common]:.3g} % have {common}. Angles between bonds: {found.mean_angle:.4g} +- "
        f"{found.angle_deviation:.3g} degrees. The closest pair is {found.closest:.4g} apart."
    )
    spread = (
        "Curves do not fix a structure: make several models, from other starts and keys, and look at "
        "atoms.spread_over_models."
    )
    pictured = picture(figure, "curves, neighbours and angles between bonds")
    return section(title, pictured, table(("part", head), misfits), paragraph(told), paragraph(spread))
