"""The prior under which the default search fits noisy data."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics import smoothness_precision
from equibacksolve.diagnostics._unknowns import Selector, split
from equibacksolve.inverse import SmoothnessPrior, center_of_leaves
from equibacksolve.inverse._leaves import kinds_of_leaves
from equibacksolve.simulators import AbstractSimulator


def search_precision(simulator: AbstractSimulator, where: Selector) -> Float[Array, "unknowns unknowns"] | float:
    """The precision of the smoothness prior of length 1 whose height is that of the landscape itself.

    Where sigma is known, `Continuation` ends under this prior (see there); errors and chi-squared must count it in.
    Zero where no leaf is smooth, or where the landscape is flat.
    """
    hidden, _ = split(simulator, where)
    height = float(_height(hidden, kinds_of_leaves(hidden)))
    return smoothness_precision(simulator, where=where, height=height) if height > 0 else 0.0


@eqx.filter_jit
def _height(hidden, kinds) -> Scalar:
    """Root mean square of what the prior holds, about the mean of each leaf."""
    prior = SmoothnessPrior(jnp.ones(()), jnp.ones(()), center_of_leaves(hidden, kinds), kinds)
    held = prior.held(hidden)
    return jnp.sqrt(jnp.mean(held**2)) if held.size else jnp.zeros(())
