"""How well it is known what a search found: errors and chi-squared, with the prior of the search counted in."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from equibacksolve.diagnostics._goodness_of_fit import goodness_of_fit
from equibacksolve.diagnostics._smoothness_precision import search_precision
from equibacksolve.diagnostics._uncertainty import Uncertainty, standard_errors
from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import AbstractObservations, count_unknowns
from equibacksolve.simulators import AbstractSimulator

LARGEST_MATRIX = 4_000_000
"""Entries of a matrix that a command or a report still waits for: a few seconds."""


class Judgement(NamedTuple):
    """What errors and chi-squared say of what was found.

    - `errors`: the simulator, its hidden leaves replaced by their standard errors; None if these are infinite
    - `verdict`: whether the data are explained, in one sentence, or why nobody can say
    - `remark`: on the prior that both count in, or empty
    - `uncertainty`: the covariance that the errors are of; None if they are infinite
    """

    errors: AbstractSimulator | None
    verdict: str
    remark: str
    uncertainty: Uncertainty | None = None


def judgement(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    prior_precision: Float[Any, "*shape"] | float | int | None = None,
    bounds: Any = None,
) -> Judgement:
    """Judge what a search found: its standard errors and its goodness of fit, under one and the same prior.

    `prior_precision` is that of `standard_errors`; left out, `search_precision` at what was found. Pass 0 for a search
    without a smoothness prior. `bounds` are those of the search: what they hold is determined by them.

    Raises ValueError if sigma is unknown.
    """
    if observed.sigma is None:
        raise ValueError("observed has no sigma, without which nothing can be judged; pass sigma= to Observations.")
    remark = ""
    if prior_precision is None:
        prior_precision = search_precision(simulator, where=where)
        if np.any(prior_precision):
            remark = (
                "The smoothness prior of the default search is counted in, in the errors and in the goodness of fit."
            )
    chosen = {"where": where, "prior_precision": prior_precision, "bounds": bounds}
    try:
        uncertain = standard_errors(simulator, observed, **chosen)
    except ValueError as reason:
        return Judgement(None, f"not to be had: {reason}", remark)
    if bool(uncertain.held.any()):
        remark = (
            f"{remark} {int(uncertain.held.sum())} unknowns are held by bounds: their errors are one-sided.".strip()
        )
    verdict = goodness_of_fit(simulator, observed, **chosen).verdict
    return Judgement(uncertain.errors, verdict, remark, uncertain)


def largest_matrix(simulator: AbstractSimulator, observed: AbstractObservations, *, where: Selector) -> int:
    """Entries of the largest matrix that a judgement makes: unknowns x data, or unknowns x unknowns."""
    unknowns = count_unknowns(hidden_and_known(simulator, where)[0])
    return unknowns * max(unknowns, observed.values.size)
