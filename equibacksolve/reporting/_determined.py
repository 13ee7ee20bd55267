"""What the data determine: singular values, worst-known directions, errors, and whether the data are explained."""

from typing import Any, NamedTuple

import numpy as np

from equibacksolve import diagnostics
from equibacksolve.diagnostics import Selector, hidden_and_known
from equibacksolve.inverse import AbstractObservations, count_unknowns
from equibacksolve.reporting._leaves import leaves_of
from equibacksolve.reporting._page import paragraph, picture, section
from equibacksolve.reporting._pictures import direction_figure
from equibacksolve.simulators import AbstractSimulator


class Determined(NamedTuple):
    """The section of the report; and, where sigma is known, chi-squared in a sentence, and the errors as leaves.

    `uncertainty` has the covariance that these are of.
    """

    section: str
    verdict: str | None
    errors: AbstractSimulator | None
    uncertainty: diagnostics.Uncertainty | None = None


def determined(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    where: Selector,
    prior_precision: Any,
    bounds: Any,
    largest: int,
) -> Determined:
    """Errors and a verdict if sigma is known; neither if a matrix would have more than `largest` entries."""
    name = "What the data determine"
    unknowns = count_unknowns(hidden_and_known(simulator, where)[0])
    if diagnostics.largest_matrix(simulator, observed, where=where) > largest:
        size = f"{observed.values.size} data and {unknowns} unknowns"
        told = f"Left out: {size} make matrices above largest_jacobian={largest}."
        return Determined(section(name, paragraph(told)), None, None)
    known = diagnostics.identifiability(simulator, observed, where=where)
    told = f"The data determine {known.rank} of {unknowns} combinations of the unknowns at all"
    shown = picture(_directions(known, where), "singular values and worst-known directions")
    if observed.sigma is None:
        return Determined(section(name, paragraph(f"{told}; how well, they tell only with sigma."), shown), None, None)
    well = int(np.sum(np.asarray(known.singular_values) > 10))
    told = paragraph(f"{told}, and {well} of them to better than 0.1.")
    judged = diagnostics.judgement(simulator, observed, where=where, prior_precision=prior_precision, bounds=bounds)
    remark = paragraph(judged.remark) if judged.remark else ""
    return Determined(section(name, told, shown, remark), judged.verdict, judged.errors, judged.uncertainty)


def _directions(known, where):
    """The three worst-known directions: the map in which most of it lies, or all unknowns in a row."""
    size = known.singular_values.size
    shown = {}
    for number in range(size - 1, max(size - 4, -1), -1):
        leaves = leaves_of(known.direction(number), where, None, None, None)
        largest = max(leaves, key=lambda leaf: float(np.sum(leaf.values**2)))
        in_place = largest.is_a_map or largest.sites is not None
        shown[number] = largest.shown if in_place else (np.asarray(known.directions[number]), None)
    return direction_figure(known.singular_values, known.rank, shown)
