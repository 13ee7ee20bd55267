"""How large the errors of what was found are, to first order in the noise (Laplace's approximation)."""

from typing import Any, Generic

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from equibacksolve.diagnostics._held_by_bounds import covariance_with_held, held_by_bounds
from equibacksolve.diagnostics._identifiability import residual_jacobian
from equibacksolve.diagnostics._information import information_jacobian, is_gaussian
from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import AbstractObservations, residuals
from equibacksolve.simulators import Simulator


class Uncertainty(eqx.Module, Generic[Simulator]):
    """Covariance of the unknowns, C = (J^T J + P)^-1, with P the precision of the prior.

    **Fields**

    - `covariance`: in the order of the simulator's fields, in the units of the unknowns squared.
    - `prior_share`: the diagonal of C P: how much of what is known of each unknown came from the prior and not from the
      data. For independent priors it is (error after / error before)^2, from 0 to 1; its sum is the number of unknowns
      that the prior determines.
    - `errors`: the simulator, its hidden leaves replaced by their standard errors: `where(found.errors)` is a map.
    - `held`: unknowns that are held by a bound. Their covariance is zero, and their errors are one-sided: how far from
      the bound chi-squared is higher by one.
    """

    covariance: Float[Array, "unknowns unknowns"]
    prior_share: Float[Array, " unknowns"]
    errors: Simulator
    held: Bool[Array, " unknowns"]


def standard_errors(
    simulator: Simulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    prior_precision: Float[Any, "*shape"] | float | int = 0.0,
    bounds: Any = None,
) -> Uncertainty[Simulator]:
    """Standard errors and covariance of the hidden leaves at a point, by Laplace's approximation.

    The cost is taken as quadratic around the point: the truth, or what a search found. J is the Jacobian of the
    residuals over sigma (D. J. C. MacKay, Neural Computation 4, 415 (1992), has the approximation and the share). With
    `noise`, errors are those of the scatter of such fits, from the residuals (P. J. Huber, Ann. Stat. 1, 799 (1973)).

    **Arguments**

    - `simulator`: the point; `observed`: the data, with sigma; `where`: returns the hidden leaves.
    - `prior_precision`: what was known beforehand: 1 / standard deviation^2, one for all unknowns or one for each, or a
      matrix, in the order of the simulator's fields.
    - `bounds`: as in `backsolve`: what is held by them is determined by them.

    **Raises** ValueError if sigma is unknown, if data and prior together leave some unknown undetermined, or if the
    precision is negative or of another shape.
    """
    if observed.sigma is None:
        raise ValueError("observed has no sigma, without which errors have no scale; pass sigma= to Observations.")
    jacobian = information_jacobian(simulator, observed, where=where)
    prior = prior_matrix(jnp.asarray(prior_precision, jacobian.dtype), jacobian.shape[1])
    gradient = jacobian if is_gaussian(observed) else residual_jacobian(simulator, observed, where=where)
    slope = jnp.asarray(np.asarray(gradient).T @ np.asarray(residuals(simulator, observed)))
    held = held_by_bounds(simulator, slope, bounds, where)
    jacobian, prior = np.asarray(jacobian), np.asarray(prior)
    inverse_of = lambda chosen: _inverse_of_sum(jacobian[:, chosen], prior[chosen][:, chosen])
    covariance, errors = covariance_with_held(inverse_of, slope, held)
    hidden, known = hidden_and_known(simulator, where)
    errors = eqx.combine(ravel_pytree(hidden)[1](jnp.asarray(errors)), known)
    share = np.sum(covariance * prior, axis=1)
    return Uncertainty(jnp.asarray(covariance), jnp.asarray(share), errors, jnp.asarray(held))


def _inverse_of_sum(
    jacobian: Float[np.ndarray, "data unknowns"], prior: Float[np.ndarray, "unknowns unknowns"]
) -> Float[np.ndarray, "unknowns unknowns"]:
    """(J^T J + P)^-1, by the singular values of J over a root of P, each unknown in units of its own curvature.

    In these units the matrix has ones on its diagonal, so that its rank depends on no unit; and J is not squared, which
    would lose half of the digits. Raises ValueError if the rank is not full.
    """
    unit = np.sqrt(np.sum(jacobian**2, axis=0) + np.diagonal(prior))
    unit = np.where(unit > 0, unit, np.ones_like(unit))
    heights, axes = np.linalg.eigh(prior / unit / unit[:, None])
    root = np.sqrt(np.maximum(heights, 0.0))[:, None] * axes.T
    _, values, rows = np.linalg.svd(np.concatenate([jacobian / unit, root]), full_matrices=False)
    determined = int(np.sum(values > max(jacobian.shape) * np.finfo(values.dtype).eps * values[0]))
    if determined < unit.size:
        raise ValueError(
            f"data and prior determine only {determined} of {unit.size} combinations of the unknowns, so the errors "
            "of the others are infinite; pass prior_precision=, hide fewer leaves, or look at identifiability."
        )
    scaled = rows / values[:, None]
    return (scaled.T @ scaled) / unit / unit[:, None]


def prior_matrix(precision: Float[Array, "..."], size: int) -> Float[Array, "unknowns unknowns"]:
    """One number, one number per unknown or a matrix, as a matrix."""
    if precision.shape not in ((), (size,), (size, size)):
        raise ValueError(
            f"prior_precision has shape {precision.shape}, but there are {size} unknowns; give one number, one per "
            "unknown, or a matrix of them."
        )
    matrix = precision if precision.ndim == 2 else jnp.diag(jnp.broadcast_to(precision, (size,)))
    lowest = lowest_eigenvalue(matrix)
    if not lowest >= -1e-6:  # what rounding makes of zero, also where the numbers came in single precision
        raise ValueError(
            f"prior_precision has the eigenvalue {lowest:.3g} (over its diagonal); a precision is finite and not "
            "negative."
        )
    return matrix


def lowest_eigenvalue(precision: Float[Array, "unknowns unknowns"]) -> float:
    """Of a precision whose unknowns are counted in units of their own: with ones on its diagonal. NaN if not finite."""
    matrix = np.asarray(precision)
    if not np.all(np.isfinite(matrix)):
        return float("nan")
    unit = np.sqrt(np.abs(np.diagonal(matrix)))
    unit = np.where(unit > 0, unit, np.sqrt(np.max(np.abs(matrix), initial=0.0)) or 1.0)
    return float(np.linalg.eigvalsh(matrix / unit / unit[:, None])[0])
