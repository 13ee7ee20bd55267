"""The prior under which the default search fits noisy data, as a precision matrix of the unknowns."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve.diagnostics._unknowns import Selector, split
from equibacksolve.inverse import SmoothnessPrior, center_of_leaves
from equibacksolve.inverse._leaves import kinds_of_leaves
from equibacksolve.simulators import AbstractSimulator


def smoothness_precision(
    simulator: AbstractSimulator, *, where: Selector, length: float | int = 1.0
) -> Float[Array, "unknowns unknowns"]:
    """P of the smoothness prior exp(-c^T P c / 2) whose height is that of the landscape itself.

    Where sigma is known, `Continuation` ends under this prior: its weight follows from the noise (see there). For the
    `prior_precision` of `standard_errors` and `goodness_of_fit`, which without it take the fit to have followed the
    noise wherever it could.

    **Arguments** `simulator`: what was found; `where`: returns the hidden leaves; `length`: over how many entries the
    landscape varies. Leaves declared not smooth, and single numbers, get no prior.
    """
    hidden, _ = split(simulator, where)
    return _precision(hidden, jnp.asarray(length, float), kinds_of_leaves(hidden))


@eqx.filter_jit
def _precision(hidden, length, kinds):
    flat, unravel = ravel_pytree(hidden)
    one = jnp.ones((), flat.dtype)
    prior = SmoothnessPrior(one, length.astype(flat.dtype), center_of_leaves(hidden, kinds), kinds)
    held = lambda vector: prior.held(unravel(vector))
    rough = jax.jacfwd(held)(flat)
    if not rough.shape[0]:
        return jnp.zeros((flat.size, flat.size), flat.dtype)
    height_squared = jnp.maximum(jnp.mean(held(flat) ** 2), jnp.finfo(flat.dtype).tiny)
    return rough.T @ rough / height_squared
