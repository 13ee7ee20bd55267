"""The two levels of a landscape that is made of two, given or guessed from the data."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse._landscape_statistics import seen_heights
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._step_equations import columns


def pair_of_levels(levels: Any) -> Any:
    """Converts a field `levels`: two values, or None."""
    return levels if levels is None else float_array(levels)


def check_levels(levels: Float[Array, " 2"] | None) -> None:
    """Raise ValueError for two equal levels."""
    if levels is not None and levels[0] == levels[1]:
        raise ValueError(f"levels are both {levels[0]}; give two values, or none for the default.")


@eqx.filter_jit
def levels_of(
    given: Float[Array, " 2"] | None, height: Scalar, problem: Problem, hidden: Hidden
) -> Float[Array, "2 unknowns"]:
    """Both levels of every unknown, within the bounds: `given`, or guessed.

    The guess for the one is the mean of each leaf at the start. The other is above it (below, if negative) by `height`
    times the height of a landscape that by the linear model changes the data by their standard deviation.
    """
    flat, unravel = ravel_pytree(hidden)
    if given is not None:
        return levels_within_bounds(problem, hidden, given.astype(flat.dtype)[:, None] * jnp.ones_like(flat))
    center = center_of_leaves(hidden, problem.kinds)
    _, push = jax.linearize(lambda x: problem.residuals(unravel(x)), flat)
    seen = seen_heights(problem.observed, unravel(jnp.sum(columns(push, flat) ** 2, axis=0)))
    other = jax.tree.map(lambda middle, of_leaf: middle + height.astype(flat.dtype) * of_leaf, center, seen)
    return levels_within_bounds(problem, hidden, jnp.stack([ravel_pytree(center)[0], ravel_pytree(other)[0]]))


def levels_within_bounds(
    problem: Problem, like: Hidden, levels: Float[Array, "2 unknowns"]
) -> Float[Array, "2 unknowns"]:
    """The levels, clipped to the bounds of the problem."""
    unravel = ravel_pytree(like)[1]
    return jnp.stack([ravel_pytree(problem.within_bounds(unravel(level)))[0] for level in levels])
