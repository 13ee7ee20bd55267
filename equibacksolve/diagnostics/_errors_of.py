"""Errors of what follows from the hidden leaves."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve.diagnostics._uncertainty import Uncertainty
from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import with_leaves
from equibacksolve.simulators import AbstractSimulator


def errors_of(
    reading: Callable[[Any], Float[Array, "*shape"]],
    simulator: AbstractSimulator,
    known: Uncertainty,
    *,
    where: Selector,
) -> Float[Array, "*shape"]:
    """Standard errors of what is read off a simulator, to first order in those of its hidden leaves.

    The root of the diagonal of D C D^T, with C the covariance of the unknowns and D the slope of the reading. So errors
    of the coefficients of a `SplinePotential` become errors of the sites:

        known = diagnostics.standard_errors(simulator, observed, where=where)
        energies = lambda s: s.device.sample.onsite.energies()
        errors = diagnostics.errors_of(energies, simulator, known, where=where)

    **Arguments**

    - `reading`: a function of the simulator that returns an array.
    - `simulator`, `where`: as for `standard_errors`, which gave `known`.

    **Raises** ValueError if `where` has not the unknowns of `known`.
    """
    hidden, _ = hidden_and_known(simulator, where)
    flat, leaves = ravel_pytree(hidden)
    if known.covariance.shape[0] != flat.size:
        raise ValueError(
            f"known is the covariance of {known.covariance.shape[0]} unknowns, but where selects {flat.size}; pass the "
            "where= that it was made with."
        )
    # One row for each unknown: readings are many, unknowns few.
    slope = jax.jacfwd(lambda unknowns: reading(with_leaves(simulator, leaves(unknowns))))(flat)
    return jnp.sqrt(jnp.maximum(jnp.sum((slope @ known.covariance) * slope, axis=-1), 0.0))
