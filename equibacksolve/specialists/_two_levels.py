"""Landscapes of two levels, found by annealed flips: an Ising model whose energy is the misfit."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, center_of_leaves, count_unknowns
from equibacksolve.methods import (
    check_counts,
    check_levels,
    columns,
    falling,
    levels_of,
    levels_within_bounds,
    noise_level,
    optional_array,
)
from equibacksolve.simulators import knows_changes
from equibacksolve.specialists._flips import (
    Pattern,
    coarse_will_do,
    landscape,
    misfits_of_flips,
    more_unlike_neighbours,
    random_part,
)
from equibacksolve.specialists._level_walk import AbstractLevelWalk

STRIDE = 5
"""Moves in one step, where each costs about a simulation of part of the data: as long as a Gauss-Newton step, about."""


class TwoLevels(AbstractLevelWalk):
    """Simulated annealing of a landscape of two levels: antidots, letters, domains, two materials.

    Each entry is on the lower or on the upper level. With s a noise level that falls from `hot` to `cold`, patterns
    have the probability exp(-U), U = |r|^2 / (2 s^2) + `boundary` x pairs of unlike neighbours. In each move the U of
    all patterns that differ in one entry is computed, from a random part of the data, and one of them is taken with a
    probability in proportion to min(1, exp(-change of U)); if these sum up to less than 1, nothing may happen. Where
    the simulator knows what single changes do (`AbstractPerturbableSimulator`; conductances do, by Dyson's equation),
    a move costs about one simulation; elsewhere, one simulation an entry on that part of the data.

    Once `release` of the flips have been made, the levels follow the data, so that they need be known to a quarter or
    so. It ends at a pattern: let a descent follow, in which all entries are free (`walk_and_descent`).

    - `levels`: the two values, shape (2,); or None: the mean of the start, and `height` above it.
    - `height`: times the height of a landscape that, by the linear model, changes the data by their standard deviation
      (below, if negative).
    - `flips`: moves in all.
    - `hot`, `cold`: in units of the data's standard deviation, never below sigma, if that is known.
    - `boundary`: what a pair of unlike neighbours costs.
    - `release`: the part of the flips after which the levels follow the data.
    - `share`: a move sees one part in `share` of the data.

    **Raises** ValueError for two equal `levels`, and for `flips` or `share` below 1.
    """

    pause: ClassVar[int] = 20
    levels: Float[Array, " 2"] | None = eqx.field(converter=optional_array, default=None)
    height: Float[Array, ""] = eqx.field(converter=float_array, default=1.0)
    flips: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=2000)
    hot: Float[Array, ""] = eqx.field(converter=float_array, default=1.6)
    cold: Float[Array, ""] = eqx.field(converter=float_array, default=0.16)
    boundary: Float[Array, ""] = eqx.field(converter=float_array, default=2.0)
    release: Float[Array, ""] = eqx.field(converter=float_array, default=0.6)
    share: int = eqx.field(static=True, default=7)

    def __check_init__(self):
        check_counts(self, "flips", "share")
        check_levels(self.levels)

    @property
    def length(self) -> Int[Array, ""]:
        return self.flips

    def begin(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> Pattern:
        levels = levels_of(self.levels, self.height, problem, hidden)
        start = ravel_pytree(center_of_leaves(hidden, problem.kinds))[0]
        upper = jnp.abs(levels[1] - start) < jnp.abs(levels[0] - start)
        coarsely = jnp.asarray(coarse_will_do(problem, hidden, self.cold))
        return Pattern(upper, levels, key, jnp.zeros((), jnp.int32), coarsely)

    def moved(self, problem: Problem, like: Hidden, walk: Pattern) -> Pattern:
        return _moves(self, problem, like, walk, bool(walk.coarsely))

    def looked(self, problem: Problem, like: Hidden, walk: Pattern) -> tuple[Pattern, Hidden, tuple[Scalar, Scalar]]:
        return _look(self, problem, like, walk)

    def simulations(self, problem: Problem, like: Hidden, moves: int) -> int:
        if knows_changes(problem.simulator(like), like):
            return moves
        return moves * -(-(1 + count_unknowns(like)) // self.share)


@eqx.filter_jit
def _look(
    method: TwoLevels, problem: Problem, like: Hidden, pattern: Pattern
) -> tuple[Pattern, Hidden, tuple[Scalar, Scalar]]:
    """Levels that follow the data, if it is time for that; the landscape of the pattern, its cost and its penalty."""
    levels = levels_within_bounds(problem, like, _released(method, problem, like, pattern))
    pattern = pattern._replace(levels=levels)
    hidden = landscape(like, pattern.upper, levels)
    return pattern, hidden, (problem.cost(hidden), problem.penalty(hidden))


@eqx.filter_jit
def _moves(method: TwoLevels, problem: Problem, like: Hidden, pattern: Pattern, coarsely: bool) -> Pattern:
    """The next `STRIDE` moves; one, where each change has to be tried."""
    stride = STRIDE if knows_changes(problem.simulator(like), like) else 1
    end = jnp.minimum(pattern.moves + stride, method.flips)
    move = lambda pattern: _move(method, problem, like, pattern, coarsely)
    return jax.lax.while_loop(lambda pattern: pattern.moves < end, move, pattern)


def _move(method: TwoLevels, problem: Problem, like: Hidden, pattern: Pattern, coarsely: bool) -> Pattern:
    """One entry's flip, each with its probability, or none."""
    next_key, of_part, of_flip, of_entry = jax.random.split(pattern.key, 4)
    some, scale = random_part(problem, method.share, of_part)
    misfit, misfits = misfits_of_flips(some, like, pattern, coarsely)
    level = noise_level(problem, falling(method.hot, method.cold, pattern.moves / method.flips))
    boundary = method.boundary.astype(level.dtype) * more_unlike_neighbours(like, pattern.upper, problem.kinds)
    change = scale * (misfits - misfit) / (2 * level**2) + boundary
    probability = jnp.where(jnp.isfinite(change), jnp.exp(-jnp.maximum(change, 0.0)), 0.0)
    flips = jax.random.uniform(of_flip, dtype=change.dtype) < jnp.sum(probability)
    entry = jax.random.categorical(of_entry, jnp.log(probability))
    upper = jnp.where(flips, pattern.upper ^ (jnp.arange(pattern.upper.size) == entry), pattern.upper)
    return pattern._replace(upper=upper, key=next_key, moves=pattern.moves + 1)


def _released(method: TwoLevels, problem: Problem, like: Hidden, pattern: Pattern) -> Float[Array, "2 unknowns"]:
    """The two levels of each leaf after a Gauss-Newton step, of a fifth of their difference at most."""
    upper, levels = pattern.upper, pattern.levels
    sizes = [leaf.size for leaf in jax.tree.leaves(like)]
    of_leaf = jnp.repeat(jnp.arange(len(sizes)), jnp.asarray(sizes), total_repeat_length=sum(sizes))
    difference = jax.ops.segment_max(jnp.abs(levels[1] - levels[0]), of_leaf, len(sizes))

    def moved(shift):
        return levels + shift.reshape(2, -1)[:, of_leaf]

    def follow():
        still = jnp.zeros(2 * len(sizes), levels.dtype)
        residual, push = jax.linearize(lambda shift: problem.residuals(landscape(like, upper, moved(shift))), still)
        jacobian = columns(push, still)
        normal = jacobian.T @ jacobian
        guard = 1e-6 * jnp.trace(normal) + jnp.finfo(normal.dtype).tiny
        shift = -jnp.linalg.solve(normal + guard * jnp.eye(still.size, dtype=normal.dtype), jacobian.T @ residual)
        most = 0.2 * jnp.tile(difference, 2)
        return moved(jnp.where(jnp.all(jnp.isfinite(shift)), jnp.clip(shift, -most, most), 0.0))

    return jax.lax.cond(pattern.moves > method.release * method.flips, follow, lambda: levels)
