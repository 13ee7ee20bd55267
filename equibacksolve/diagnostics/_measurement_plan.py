"""Which measurements tell most about the sample: greedy optimal design, before anything is measured.

To first order in the errors, the unknowns are known to within the covariance C = (P + sum_i j_i j_i^T)^-1, with P the
precision of the prior and j_i the sensitivity of reading i over its sigma. A reading more changes it by one rank
(Sherman and Morrison), and its determinant by one factor (the matrix determinant lemma):

    C' = C - (C j)(C j)^T / (1 + j^T C j),        det C' = det C / (1 + j^T C j).

D-optimal readings make the determinant small, which is the information gained: ln det falls by ln(1 + j^T C j).
A-optimal readings make the trace small, the summed variances: it falls by |C j|^2 / (1 + j^T C j). The greedy choice
takes the best reading, then the best next one, and so on. Information is submodular (a reading adds less where more is
known already), so that k greedy readings gain at least 1 - 1/e of what the best k would (Nemhauser, Wolsey and Fisher,
Math. Program. 14, 265 (1978)). For the trace there is no such bound, but it is the error that one wants small.
"""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import float_array
from equibacksolve.diagnostics._identifiability import residual_jacobian
from equibacksolve.diagnostics._uncertainty import lowest_eigenvalue, prior_matrix
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import Observations
from equibacksolve.simulators import AbstractSimulator


class MeasurementPlan(eqx.Module):
    """Readings in the order in which they should be made.

    **Fields**

    - `chosen`: their numbers among the candidates.
    - `errors`: the predicted root mean square standard error of the unknowns after each of them.
    - `information`: what is known by then beyond the prior, in nats: half the fall of ln det C.
    - `covariance`: predicted, of the unknowns, after the last.
    """

    chosen: Int[Array, " count"]
    errors: Float[Array, " count"]
    information: Float[Array, " count"]
    covariance: Float[Array, "unknowns unknowns"]


def plan_measurements(
    simulator: AbstractSimulator,
    candidates: dict[str, Float[Any, " points"]],
    *,
    where: Selector,
    count: int,
    sigma: Float[Any, "*points"] | float,
    prior_precision: Float[Any, "*shape"] | float | int,
    criterion: Literal["D", "A"] = "D",
) -> MeasurementPlan:
    """Choose the readings that tell most about the hidden leaves; each candidate at most once.

        plan = plan_measurements(guess, {"flux": flux, "energy": energy}, where=where, count=100, sigma=0.01,
                                 prior_precision=4.0)
        flux[plan.chosen], energy[plan.chosen]

    **Arguments**

    - `simulator`: a guess of the sample, at which the sensitivities are taken; `where`: returns the hidden leaves.
    - `candidates`: settings that could be measured, by name, shape (points,); `observed.variables` of a mesh is such.
    - `count`: how many are chosen. `sigma`: the standard deviation of a reading, one number or one for each candidate.
    - `prior_precision`: what is known beforehand, as in `standard_errors`, and positive: before the first reading
      nothing else limits the errors. With readings made already, add their J^T J (`residual_jacobian`).
    - `criterion`: "D" for the most information, "A" for the smallest mean variance, which is in the units of the
      unknowns: with leaves of several units, take "D", which does not depend on them.

    **Raises** ValueError if there are fewer candidates than `count`, if sigma is not positive, or if the prior leaves
    a combination of the unknowns free.
    """
    settings = {name: float_array(setting) for name, setting in candidates.items()}
    points = next(iter(settings.values())).size if settings else 0
    if not 1 <= count <= points:
        raise ValueError(f"count is {count}, but there are {points} candidates; choose 1 to {points} of them.")
    planned = Observations(jnp.zeros(points), sigma=jnp.asarray(sigma, float), **settings)
    jacobian = residual_jacobian(simulator, planned, where=where)
    prior = prior_matrix(jnp.asarray(prior_precision, jacobian.dtype), jacobian.shape[1])
    if not lowest_eigenvalue(prior) > prior.shape[0] * float(jnp.finfo(prior.dtype).eps):
        raise ValueError(
            "prior_precision leaves a combination of the unknowns free, so that its error before the first reading is "
            "infinite; give 1 / standard deviation^2 of what is expected, for all of them."
        )
    unit = jnp.sqrt(jnp.diagonal(prior))
    covariance = jnp.linalg.inv(prior / unit / unit[:, None]) / unit / unit[:, None]
    return _greedy(jacobian, covariance, count, criterion)


@eqx.filter_jit
def _greedy(jacobian: Float[Array, "points unknowns"], covariance, count: int, criterion: str) -> MeasurementPlan:
    """Reading after reading. Beside C, J C is kept: a reading costs points x unknowns operations."""

    def take(carry, _):
        covariance, seen, free, information = carry  # seen = J C
        variance = jnp.sum(jacobian * seen, axis=1)  # of each reading before it is made, over its own sigma^2
        gain = jnp.log1p(variance) if criterion == "D" else jnp.sum(seen**2, axis=1) / (1 + variance)
        best = jnp.argmax(jnp.where(free, gain, -jnp.inf))
        known, rest = seen[best], 1 + variance[best]
        covariance = covariance - jnp.outer(known, known) / rest
        seen = seen - jnp.outer(seen @ jacobian[best], known) / rest
        information = information + jnp.log(rest) / 2
        error = jnp.sqrt(jnp.trace(covariance) / covariance.shape[0])
        return (covariance, seen, free.at[best].set(False), information), (best, error, information)

    free, nothing = jnp.ones(jacobian.shape[0], bool), jnp.zeros((), jacobian.dtype)
    start = covariance, jacobian @ covariance, free, nothing
    (covariance, *_), (chosen, errors, information) = jax.lax.scan(take, start, length=count)
    return MeasurementPlan(chosen, errors, information, covariance)
