"""Patterns of two levels that differ in one entry: the misfit of each of them, and the length of its boundaries."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, LeafKind, Problem
from equibacksolve.simulators import knows_changes, predict_perturbed


class Pattern(NamedTuple):
    """Where the walk stands: which entries are on the upper level, the two levels of every entry, and moves made.

    `coarsely`: whether single precision tells the patterns apart, see `coarse_will_do`.
    """

    upper: Bool[Array, " unknowns"]
    levels: Float[Array, "2 unknowns"]
    key: PRNGKeyArray
    moves: Int[Array, ""]
    coarsely: Bool[Array, ""]


def landscape(like: Hidden, upper, levels) -> Hidden:
    """The landscape with the entries in `upper` on the upper level, the others on the lower one."""
    return ravel_pytree(like)[1](jnp.where(upper, levels[1], levels[0]))


def misfits_of_flips(problem: Problem, like: Hidden, pattern: Pattern, coarsely: bool):
    """|r|^2 of the pattern, and of those that differ in one entry."""
    upper, levels = pattern.upper, pattern.levels
    simulator = problem.simulator(landscape(like, upper, levels))
    changes = ravel_pytree(like)[1](jnp.where(upper, levels[0] - levels[1], levels[1] - levels[0]))
    observed = problem.observed
    predicted = predict_perturbed(*in_single_precision((simulator, changes, observed.variables), coarsely))
    values = observed.values.reshape(-1)
    return tuple(jnp.sum(observed.counted(one - values) ** 2, axis=-1) for one in predicted)


def in_single_precision(arrays: Any, coarsely: bool) -> Any:
    """In single precision, if that will do: twice as fast."""
    if not coarsely:
        return arrays
    return jax.tree.map(lambda a: a.astype(jnp.float32) if eqx.is_inexact_array(a) else a, arrays)


def coarse_will_do(problem: Problem, like: Hidden, cold: Scalar) -> bool:
    """Whether single precision tells patterns apart: it has five digits, and a walk down to `cold` needs three.

    Only where the simulator knows changes: others may not bear it.
    """
    observed = problem.observed
    largest = jnp.max(jnp.abs(observed.values * observed.weights()))
    return knows_changes(problem.simulator(like), like) and bool(cold * jnp.sqrt(problem.spread) > 1e-3 * largest)


def random_part(problem: Problem, share: int, key: PRNGKeyArray) -> tuple[Problem, float]:
    """The problem with a random part of the data, and how many such parts there are; all, if they belong together."""
    size = problem.observed.values.size
    if not problem.observed.is_divisible or share == 1:
        return problem, 1.0
    first = jax.tree.map(lambda parts: parts[0], problem.observed.random_parts(key, min(share, size)))
    some = eqx.tree_at(lambda p: p.observed, problem, problem.observed.at(first))
    return some, size / some.observed.values.size


def more_unlike_neighbours(like: Hidden, upper: Bool[Array, " unknowns"], kinds: tuple[LeafKind, ...]):
    """For each entry, by how many pairs of unlike neighbours there would be more after its flip."""
    spins = ravel_pytree(like)[1](jnp.where(upper, 1.0, -1.0).astype(ravel_pytree(like)[0].dtype))
    return jnp.concatenate([_alike(leaf, kind).reshape(-1) for leaf, kind in zip(jax.tree.leaves(spins), kinds)])


def _alike(spins, kind: LeafKind):
    """Neighbours alike less neighbours unlike, along all axes; none where neighbours in the leaf are none in space."""
    if not kind.smooth:
        return jnp.zeros_like(spins)
    total = jnp.zeros_like(spins)
    for axis in range(spins.ndim):
        padded = jnp.pad(spins, [(1, 1) if axis == other else (0, 0) for other in range(spins.ndim)])
        take = lambda start: jax.lax.slice_in_dim(padded, start, start + spins.shape[axis], axis=axis)
        total = total + take(0) + take(2)
    return spins * total
