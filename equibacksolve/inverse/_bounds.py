"""Bounds as a user gives them, for each entry of each hidden leaf."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from equibacksolve._arrays import float_array
from equibacksolve.inverse._leaves import Hidden, Selector

Unknowns = Float[Array, " unknowns"]


def bounds_on_leaves(
    bounds: Any, simulator: eqx.Module, where: Selector, hidden: Hidden
) -> tuple[Hidden | None, Hidden | None]:
    """Lower and upper bounds in the structure of `hidden`, or None.

    Raises ValueError unless `bounds` is a pair in order, each end one number or leaves as `where` returns them.
    """
    if bounds is None:
        return None, None
    if not (isinstance(bounds, (tuple, list)) and len(bounds) == 2):
        raise ValueError(f"bounds must be a pair (lower, upper), got {bounds}.")
    lower, upper = (_on_leaves(end, simulator, where, hidden) for end in bounds)
    if not all(np.all(a < b) for a, b in zip(jax.tree.leaves(lower), jax.tree.leaves(upper))):
        raise ValueError(f"bounds must be (lower, upper) with lower < upper everywhere, got {bounds}.")
    return lower, upper


def _on_leaves(bound: Any, simulator, where, hidden) -> Hidden:
    """One number for all hidden leaves, or leaves as `where` returns them, in the shape of `hidden`."""
    leaves = jax.tree.structure(where(simulator))
    if leaves == jax.tree.structure(0) and not issubclass(type(bound), tuple):
        bound = float_array(bound, "bounds")  # of one hidden leaf, whatever is like an array
    if jax.tree.structure(bound) == jax.tree.structure(0) and jnp.ndim(bound) == 0:
        return jax.tree.map(lambda leaf: jnp.full_like(leaf, bound), hidden)
    given = jax.tree.structure(bound)
    if given != jax.tree.structure(where(simulator)):
        raise ValueError(f"bounds has an end of structure {given}; give one number, or leaves as where returns them.")
    bounds = eqx.tree_at(lambda s: jax.tree.leaves(where(s)), simulator, jax.tree.leaves(bound))
    chosen = eqx.filter(bounds, _mask(hidden), is_leaf=lambda leaf: leaf is None)
    return jax.tree.map(_spread_over, hidden, chosen)


def _spread_over(leaf, bound):
    bound = float_array(bound, "bounds")
    if bool(jnp.any(jnp.isnan(bound))):
        raise ValueError("bounds has entries that are not known; give -jnp.inf or jnp.inf where there is no bound.")
    if jnp.ndim(bound) and jnp.shape(bound) != leaf.shape:
        raise ValueError(
            f"bounds has an end of shape {jnp.shape(bound)} for a hidden leaf of shape {leaf.shape}; make them agree."
        )
    return jnp.broadcast_to(jnp.asarray(bound, leaf.dtype), leaf.shape)


def _mask(hidden):
    return jax.tree.map(lambda leaf: leaf is not None, hidden, is_leaf=lambda leaf: leaf is None)


def pressed_against(lower: Hidden, upper: Hidden, flat: Unknowns, slope: Unknowns) -> Bool[Array, " unknowns"]:
    """Which unknowns are at a bound that they are pushed against: `slope` is that of what is minimised."""
    low, high = ravel_pytree(lower)[0], ravel_pytree(upper)[0]
    return ((flat <= low) & (slope > 0)) | ((flat >= high) & (slope < 0))
