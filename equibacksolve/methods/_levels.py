"""The two levels of a landscape that is made of two, given or guessed from the data."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, center_of_leaves, detectable_heights
from equibacksolve.methods._step_equations import columns


def check_levels(levels: Float[Array, " 2"] | None) -> None:
    """Raise ValueError for two equal levels."""
    if levels is not None and levels[0] == levels[1]:
        raise ValueError(f"levels are both {levels[0]}; give two values, or none for the default.")


def levels_of(
    given: Float[Array, " 2"] | None, height: Scalar, problem: Problem, hidden: Hidden, downhill: bool = False
) -> Float[Array, "2 unknowns"]:
    """Both levels of every unknown, within the bounds: `given`, or guessed.

    The guess for the one is the mean of each leaf at the start. The other is above it (below, if negative) by `height`
    times the height of a map that by the linear model changes the data by their standard deviation. With `downhill`,
    above is the side to which the cost falls if all unknowns change alike. One simulation tells both.
    """
    if given is None:
        heights, _, slope = _seen(problem.staged(None), hidden)
        side = jnp.where(slope <= 0, 1.0, -1.0) if downhill else 1.0
        return _guessed(side * height, problem, hidden, heights)
    flat = ravel_pytree(hidden)[0]
    return levels_within_bounds(problem, hidden, given.astype(flat.dtype)[:, None] * jnp.ones_like(flat))


def detectable_heights_at(problem: Problem, hidden: Hidden) -> Hidden:
    """`detectable_heights` at a guess: one simulation with its derivatives, one compiled program for all who ask."""
    return _seen(problem.staged(None), hidden)[0]


def sensitivity_of_data(problem: Problem, hidden: Hidden) -> Float[Array, " data"]:
    """By how much each residual changes if all unknowns change by what the data see of them; by the same program."""
    return _seen(problem.staged(None), hidden)[1]


@eqx.filter_jit
def _seen(problem: Problem, hidden: Hidden) -> tuple[Hidden, Float[Array, " data"], Scalar]:
    """Detectable heights; the sensitivity of the data; the slope of half of |r|^2 if all unknowns grow alike."""
    flat, unravel = ravel_pytree(hidden)
    plain, push = jax.linearize(lambda x: problem.residuals(unravel(x)), flat)
    squares = (jacobian := columns(push, flat)) ** 2
    heights = detectable_heights(problem, unravel(jnp.sum(squares, axis=0)))
    each = jax.tree.map(lambda height, leaf: jnp.broadcast_to(height, leaf.shape), heights, hidden)
    units = ravel_pytree(each)[0]
    return heights, jnp.sqrt(squares @ units**2), plain @ (jacobian @ units)


@eqx.filter_jit
def _guessed(height: Scalar, problem: Problem, hidden: Hidden, seen: Hidden) -> Float[Array, "2 unknowns"]:
    center = center_of_leaves(hidden, problem.kinds)
    other = jax.tree.map(lambda middle, of_leaf: middle + height.astype(middle.dtype) * of_leaf, center, seen)
    return levels_within_bounds(problem, hidden, jnp.stack([ravel_pytree(center)[0], ravel_pytree(other)[0]]))


def levels_within_bounds(
    problem: Problem, like: Hidden, levels: Float[Array, "2 unknowns"]
) -> Float[Array, "2 unknowns"]:
    """The levels, clipped to the bounds of the problem."""
    unravel = ravel_pytree(like)[1]
    return jnp.stack([ravel_pytree(problem.within_bounds(unravel(level)))[0] for level in levels])
