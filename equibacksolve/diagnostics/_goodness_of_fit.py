"""Whether what was found explains the data: chi-squared against what it should be."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._information import information_jacobian
from equibacksolve.diagnostics._uncertainty import standard_errors
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import AbstractObservations, residuals
from equibacksolve.simulators import AbstractSimulator


class GoodnessOfFit(eqx.Module):
    """Chi-squared, and what it should be.

    **Fields**

    - `chi_squared`: sum of the squared residuals over sigma.
    - `expected`, `deviation`: its mean and standard deviation if the model is right.
    - `effective_unknowns`: how many combinations of the unknowns the data determined.
    """

    chi_squared: Scalar
    expected: Scalar
    deviation: Scalar
    effective_unknowns: Scalar

    @property
    def excess(self) -> float:
        """By how many standard deviations chi-squared is too large."""
        return float((self.chi_squared - self.expected) / self.deviation)

    @property
    def verdict(self) -> str:
        """In one sentence."""
        compared = (
            f"chi-squared is {float(self.chi_squared):.4g}, {abs(self.excess):.1f} standard deviations "
            f"{'above' if self.excess > 0 else 'below'} the expected {float(self.expected):.4g}"
        )
        if self.excess > 3:
            return f"{compared}: not explained; a local minimum, a sigma too small, or something missing in the model."
        if self.excess < -3:
            return f"{compared}: explained too well; a sigma too large, or errors that are not independent."
        return f"{compared}: explained."


def goodness_of_fit(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    prior_precision: Float[Any, "*shape"] | float | int = 0.0,
    bounds: Any = None,
) -> GoodnessOfFit:
    """Judge what a search found by its data alone.

    Fitting follows the noise: the residuals at the minimum are r = (1 - S) noise + J C P (truth - center), to first
    order, with C = (J^T J + P)^-1 and S = J C J^T. Averaged over noise and over truths that the prior expects, their
    covariance is (1 - S)^2 + (S - S^2) = 1 - S, so that chi-squared has the mean N - tr S and the variance
    2 tr (1 - S)^2. tr S is the effective number of unknowns.

    Arguments and errors as for `standard_errors`.
    """
    chosen = {"where": where, "prior_precision": prior_precision, "bounds": bounds}
    covariance = standard_errors(simulator, observed, **chosen).covariance
    jacobian = information_jacobian(simulator, observed, where=where)
    share = jacobian.T @ jacobian @ covariance
    effective, squared = jnp.trace(share), jnp.sum(share * share.T)
    count = jnp.asarray(observed.count, jacobian.dtype)
    chi_squared: Float[Array, ""] = jnp.sum(residuals(simulator, observed) ** 2)
    mean, deviation = observed.expected_cost()
    spread = deviation * jnp.sqrt(jnp.maximum(count - 2 * effective + squared, 0.5))
    return GoodnessOfFit(chi_squared, mean * (count - effective), spread, effective)
