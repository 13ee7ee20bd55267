"""A few discs on another level, found by an annealed walk: antidots, or the domains that large discs make."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import (
    check_counts,
    check_levels,
    check_range,
    drawn,
    falling,
    levels_of,
    levels_within_bounds,
    noise_level,
    optional_array,
    range_of,
)
from equibacksolve.specialists._disc_moves import Discs, Limits, Space, changed, covered, no_discs, space_of
from equibacksolve.specialists._flips import coarse_will_do, in_single_precision, landscape, random_part
from equibacksolve.specialists._level_walk import AbstractLevelWalk

STRIDE = 50
"""Changes in one step, all judged by the same part of the data."""

LEAST_DATA = 40
"""So many data, or all, are in each part: fewer do not tell discs apart."""


class Walk(NamedTuple):
    """The discs, the two levels of every unknown, random state, moves made; whether single precision will do."""

    discs: Discs
    levels: Float[Array, "2 unknowns"]
    key: PRNGKeyArray
    moves: Int[Array, ""]
    coarsely: Bool[Array, ""]


class FewDiscs(AbstractLevelWalk):
    """Simulated annealing of a few discs in an even landscape: antidots, inclusions, grains, impurities.

    A disc is all entries within a radius of a centre; discs may overlap, and all are on the same level. In a row of
    entries they are intervals, in a volume balls. With s a noise level that falls from `hot` to `cold`, landscapes have
    the probability exp(-U), U = |r|^2 / (2 s^2) + `birth` x discs. A move changes one of them: it comes, goes, is
    shifted, put elsewhere, resized, split in two, merged with another; or one of the levels is changed. It is accepted
    with the probability min(1, exp(-change of U)) (Metropolis et al. 1953; for numbers of objects that change, Green
    1995, whose factors for the volumes of the proposals are left out: what is wanted is the lowest U, not a sample).

    A disc that is shifted by an entry explains nearly as much, so that there is a slope towards the right place, which
    the single flips of `TwoLevels` do not see. And a move is cheap: one simulation, without derivatives, of one part in
    `share` of the data. Any simulator will do.

    It ends at a landscape of discs: let a descent follow, in which all entries are free (`walk_and_descent`). Leaves
    whose neighbours are none in space (`smooth` False) stay as they are.

    - `levels`: the two values, shape (2,), the second for the discs; or None: the mean of the start, and `height`
      above it.
    - `height`: times the height of a landscape that, by the linear model, changes the data by their standard deviation
      (below, if negative). Of two numbers, it is drawn between them. Twice or half of it are found, too.
    - `filled`: about the part of the map that is in discs: if the levels are not told, the mean of the start is so far
      from the first level to the second, and the first level may be wrong by twice as much. 0 for a few scatterers,
      1/2 for domains.
    - `radii`: the least and the largest, in entries.
    - `moves`: in all, made fifty at a time.
    - `hot`, `cold`: in units of the data's standard deviation, never below sigma, if that is known.
    - `birth`: what a disc costs.
    - `most`: discs.
    - `share`: a move sees one part in `share` of the data, but 40 of them at least.

    **Raises** ValueError for two equal `levels`, for `radii` that are not positive and in order, for `moves`, `most` or
    `share` below 1, and where no hidden leaf has neighbours.
    """

    pause: ClassVar[int] = 200
    levels: Float[Array, " 2"] | None = eqx.field(converter=optional_array, default=None)
    height: Float[Array, " 2"] = eqx.field(converter=range_of, default=1.0)
    filled: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    radii: Float[Array, " 2"] = eqx.field(converter=float_array, default=(0.7, 2.5))
    moves: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=12000)
    hot: Float[Array, ""] = eqx.field(converter=float_array, default=1.6)
    cold: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    birth: Float[Array, ""] = eqx.field(converter=float_array, default=2.0)
    most: int = eqx.field(static=True, default=8)
    share: int = eqx.field(static=True, default=14)

    def __check_init__(self):
        check_counts(self, "moves", "most", "share")
        check_levels(self.levels)
        check_range("height", self.height)
        small, large = np.asarray(self.radii)
        if not 0 < small < large:
            raise ValueError(f"radii are {small:g} and {large:g}; give two, in order, above 0.")

    @property
    def length(self) -> Int[Array, ""]:
        return self.moves

    def begin(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> Walk:
        if not any(kind.smooth for kind in problem.kinds):
            raise ValueError("FewDiscs needs a hidden leaf whose neighbours are neighbours in space; none is declared.")
        levels = levels_of(self.levels, drawn(key, self.height), problem, hidden)
        if self.levels is None:
            levels = levels_within_bounds(problem, hidden, levels - self.filled * (levels[1] - levels[0]))
        discs = no_discs(space_of(hidden, problem.kinds), self.most)
        coarsely = jnp.asarray(coarse_will_do(problem, hidden, self.cold))
        return Walk(discs, levels, key, jnp.zeros((), jnp.int32), coarsely)

    def moved(self, problem: Problem, like: Hidden, walk: Walk) -> Walk:
        return _moves(self, problem, like, walk, bool(walk.coarsely))

    def looked(self, problem: Problem, like: Hidden, walk: Walk) -> tuple[Walk, Hidden, tuple[Scalar, Scalar]]:
        return walk, *_look(problem, like, walk)

    def simulations(self, problem: Problem, like: Hidden, moves: int) -> int:
        share = _share(self, problem) if problem.observed.is_divisible else 1
        return -(-(moves + 1) // share)


def _share(method: FewDiscs, problem: Problem) -> int:
    return max(1, min(method.share, problem.observed.values.size // LEAST_DATA))


def _landscape(problem: Problem, space: Space, like: Hidden, walk: Walk) -> Hidden:
    one, distance = walk.levels[0], walk.levels[1] - walk.levels[0]
    ground = one + walk.discs.ground * distance
    levels = jnp.stack([ground, ground + walk.discs.stretch * distance])
    here = covered(space, walk.discs)
    made = landscape(like, here, levels_within_bounds(problem, like, levels))
    leaves = zip(jax.tree.leaves(like), jax.tree.leaves(made), problem.kinds)
    return jax.tree.unflatten(jax.tree.structure(like), [new if kind.smooth else old for old, new, kind in leaves])


@eqx.filter_jit
def _look(problem: Problem, like: Hidden, walk: Walk) -> tuple[Hidden, tuple[Scalar, Scalar]]:
    """The landscape of the discs, its cost and its penalty."""
    hidden = _landscape(problem, space_of(like, problem.kinds), like, walk)
    return hidden, (problem.cost(hidden), problem.penalty(hidden))


@eqx.filter_jit
def _moves(method: FewDiscs, problem: Problem, like: Hidden, walk: Walk, coarsely: bool) -> Walk:
    """The next `STRIDE` moves, on the same part of the data."""
    space = space_of(like, problem.kinds)
    key, of_part, of_moves = jax.random.split(walk.key, 3)
    some, scale = random_part(problem, _share(method, problem), of_part)
    dtype = walk.levels.dtype
    limits = Limits(method.radii.astype(dtype), 2 * method.filled.astype(dtype))
    level = noise_level(problem, falling(method.hot, method.cold, walk.moves / method.moves))

    def misfit(walk):
        guess, part = in_single_precision((_landscape(problem, space, like, walk), some), coarsely)
        return scale * jnp.sum(part.residuals(guess).astype(dtype) ** 2)

    def move(state, key):
        walk, now = state
        of_change, of_choice = jax.random.split(key)
        discs, more, possible = changed(space, limits, walk.discs, of_change)
        trial = walk._replace(discs=discs)
        after = misfit(trial)
        exponent = (now - after) / (2 * level**2) - method.birth * more
        accepted = possible & (jnp.log(jax.random.uniform(of_choice, dtype=dtype)) < exponent)
        choose = lambda new, old: jnp.where(accepted, new, old)
        return (walk._replace(discs=jax.tree.map(choose, discs, walk.discs)), choose(after, now)), None

    (walk, _), _ = jax.lax.scan(move, (walk, misfit(walk)), jax.random.split(of_moves, STRIDE))
    return walk._replace(key=key, moves=walk.moves + STRIDE)
