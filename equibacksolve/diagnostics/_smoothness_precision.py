"""The precision of the prior that a search holds a landscape by."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import Hidden, LeafKind, Smoothness, kinds_of_leaves
from equibacksolve.simulators import AbstractSimulator


def smoothness_precision(
    simulator: AbstractSimulator, *, where: Selector, height: float, length: float = 1.0
) -> Float[Array, "unknowns unknowns"]:
    """The matrix P of a landscape that varies over `length` entries, for the `prior_precision=` of the diagnostics.

    P = R^T R / height^2, where R takes a departure from what is expected to (1 + (length k)^2) times its cosine
    transform (`Smoothness`): a cosine of wavenumber k has the standard deviation height / (1 + (length k)^2).
    Leaves with a period enter by cosine and sine, to first order about the simulator's own. Single numbers and leaves
    declared not smooth have no precision from it: add their own.

    Raises ValueError if `where` selects nothing, or if height or length is not a positive number.
    """
    if not (height > 0 and length >= 0):
        raise ValueError(f"height is {height} and length {length}; give a positive height, and a length from 0.")
    hidden, _ = hidden_and_known(simulator, where)
    kinds = kinds_of_leaves(hidden)
    return _precision(hidden, kinds, length, jnp.full(len(kinds), height))


def search_precision(simulator: AbstractSimulator, *, where: Selector) -> Float[Array, "unknowns unknowns"] | float:
    """The precision of the smoothness prior of length 1 whose height is, for each map, that of the map itself.

    Where sigma is known, `Stages`, and with it the default search, ends under this prior (see there); errors and
    chi-squared must count it in. Zero where no leaf is a map, or where the maps are flat.

    Raises ValueError if `where` selects nothing.
    """
    hidden, _ = hidden_and_known(simulator, where)
    kinds = tuple(kind._replace(smooth=kind.is_map) for kind in kinds_of_leaves(hidden))
    heights = eqx.filter_jit(Smoothness(1.0, 1.0).most_probable_heights)(hidden, kinds)
    if not bool(jnp.any((heights > 0) & jnp.isfinite(heights))):
        return 0.0
    return _precision(hidden, kinds, 1.0, jnp.where(heights > 0, heights, jnp.inf))


def _precision(
    hidden: Hidden, kinds: tuple[LeafKind, ...], length: float, heights: Float[Array, " leaves"]
) -> Float[Array, "unknowns unknowns"]:
    """R^T R of all leaves, each over its height squared."""
    flat, unravel = ravel_pytree(hidden)
    prior = Smoothness(jnp.asarray(length, flat.dtype), heights, hidden)
    weighted = lambda unknowns: jnp.concatenate(prior.residuals(unravel(unknowns), kinds))
    rough = jax.jit(jax.jacfwd(weighted))(flat)
    return rough.T @ rough
