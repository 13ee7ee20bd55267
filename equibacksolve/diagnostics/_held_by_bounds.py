"""Unknowns that a search left at a bound: the bound determines them, and they can be off on one side only."""

from typing import Any

import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import bounds_on_leaves, pressed_against
from equibacksolve.simulators import AbstractSimulator


def held_by_bounds(
    simulator: AbstractSimulator, slope: Float[Array, " unknowns"], bounds: Any, where: Selector
) -> Bool[np.ndarray, " unknowns"]:
    """Which unknowns are at a bound of `bounds` that they are pushed against: `slope` is J^T r, half that of chi^2."""
    hidden, _ = hidden_and_known(simulator, where)
    flat = ravel_pytree(hidden)[0]
    if bounds is None:
        return np.zeros(flat.shape, bool)
    return np.asarray(pressed_against(*bounds_on_leaves(bounds, simulator, where, hidden), flat, slope))


def one_sided_error(slope: float, curvature: float) -> float:
    """How far from its bound chi-squared is higher by one: 2 |g| d + H d^2 = 1.

    g is half the slope of chi-squared, H half its curvature, both with the other unknowns fitted anew.
    """
    slope = abs(slope)
    return 1 / (slope + np.sqrt(slope**2 + curvature))


def covariance_with_held(
    inverse_of: Any, slope: Float[Array, " unknowns"], held: Bool[np.ndarray, " unknowns"]
) -> tuple[Float[np.ndarray, "unknowns unknowns"], Float[np.ndarray, " unknowns"]]:
    """The covariance of the others, with zeros for what is held, and the errors: one-sided for what is held.

    `inverse_of(chosen)` is the inverse of the precision of some of the unknowns, by their numbers.
    """
    free = np.flatnonzero(~held)
    covariance = np.zeros((held.size,) * 2)
    if free.size:
        covariance[np.ix_(free, free)] = inverse_of(free)
    errors = np.sqrt(np.diagonal(covariance)).copy()
    for one in np.flatnonzero(held):
        curvature = 1 / inverse_of(np.append(free, one))[-1, -1]
        errors[one] = one_sided_error(float(slope[one]), curvature)
    return covariance, errors
