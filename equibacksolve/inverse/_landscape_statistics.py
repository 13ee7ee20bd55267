"""Height and correlation length of a landscape, learned from the landscape itself.

A leaf is taken as a Gaussian random field: the cosine transform c of its departure from the centre has independent
entries of standard deviation height / (1 + (length k)^2). Given one landscape with n entries,

    p(c | length, height) ~ prod_k (1 + (length k)^2) / height * exp(-q / (2 height^2)),  q = |(1 + (length k)^2) c|^2.

With log(height) uniform beforehand, q / height^2 is distributed as chi-squared with n degrees of freedom; integrated
over the height, p(length) ~ prod_k (1 + (length k)^2) / q^(n/2). Both are drawn without a step size (Gibbs sampling).
"""

from functools import reduce
from operator import add
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse._cosines import departures, roughness, stiffness
from equibacksolve.inverse._leaves import Hidden, LeafKind
from equibacksolve.inverse._problem import Problem

LENGTHS = (0.0, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Correlation lengths that are compared, in entries of the leaf."""


class LandscapeStatistics(NamedTuple):
    """Correlation length and height of one leaf."""

    length: Scalar
    height: Scalar


def draw_statistics(
    key: PRNGKeyArray, hidden: Hidden, center: Hidden, least: Hidden, kinds: tuple[LeafKind, ...]
) -> tuple[LandscapeStatistics, ...]:
    """Draw length and height of each leaf, the height not below the scalar in `least`."""
    leaves = zip(jax.tree.leaves(hidden), jax.tree.leaves(center), jax.tree.leaves(least), kinds)
    keys = jax.random.split(key, len(kinds))
    return tuple(_draw(k, departures(leaf, middle, kind), low) for k, (leaf, middle, low, kind) in zip(keys, leaves))


def residuals_of_statistics(
    hidden: Hidden, center: Hidden, statistics: tuple[LandscapeStatistics, ...], kinds: tuple[LeafKind, ...]
) -> Float[Array, " held"]:
    """Residuals h of the prior, minus log p = |h|^2 / 2. Leaves that are declared not smooth are not held."""
    held = [jnp.zeros(0, jax.tree.leaves(hidden)[0].dtype)]
    for leaf, middle, of_leaf, kind in zip(jax.tree.leaves(hidden), jax.tree.leaves(center), statistics, kinds):
        if kind.smooth:
            parts = departures(leaf, middle, kind)
            held += [roughness(part, of_leaf.length).reshape(-1) / of_leaf.height for part in parts]
    return jnp.concatenate(held)


def detectable_heights(problem: Problem, curvature: Hidden) -> Hidden:
    """The height of a map that, by the linear model, changes the data by their standard deviation.

    One for each leaf that is a map, and one for each entry of others: in their units, whatever these are. `curvature`
    is the diagonal of J^T J. What the data do not see has the height 1.
    """
    spread = problem.spread * problem.observed.count

    def height(of_leaf, kind):
        total = jnp.sum(of_leaf) if kind.is_map else of_leaf
        return jnp.where(total > 0, jnp.sqrt(spread / jnp.where(total > 0, total, 1.0)), 1.0)

    leaves, tree = jax.tree.flatten(curvature)
    return jax.tree.unflatten(tree, [height(*pair) for pair in zip(leaves, problem.kinds)])


def _draw(key, parts: list[Float[Array, "..."]], least) -> LandscapeStatistics:
    lengths = jnp.asarray(LENGTHS, parts[0].dtype)
    of_length, of_height = jax.random.split(key)
    squared = jax.vmap(lambda length: reduce(add, (jnp.sum(roughness(part, length) ** 2) for part in parts)))(lengths)
    squared = jnp.maximum(squared, jnp.finfo(squared.dtype).tiny)
    volume = jax.vmap(lambda length: sum(jnp.sum(jnp.log(stiffness(p.shape, length, p.dtype))) for p in parts))(lengths)
    count = sum(part.size for part in parts)
    chosen = jax.random.categorical(of_length, volume - count / 2 * jnp.log(squared))
    # A sum of squares and not jax.random.gamma, which takes ten seconds to compile.
    chi_squared = jnp.sum(jax.random.normal(of_height, (count,), squared.dtype) ** 2)
    return LandscapeStatistics(lengths[chosen], jnp.maximum(jnp.sqrt(squared[chosen] / chi_squared), least))
