"""A search that is kept between two levels, for patterns that weigh little with the data."""

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import Hidden, Problem, center_of_leaves
from equibacksolve.methods._levels import check_levels, levels_of
from equibacksolve.methods._method import AbstractMethod, State, optional_array, outer_state
from equibacksolve.methods._search_methods import heavy_ball


class BetweenLevels(AbstractMethod):
    """Run `method` within a box around two levels, from a little above the lower one: letters, rings, two materials.

    Searches that end in a wrong valley mostly explain the data by values far above and below those of the truth. A box
    that is hardly larger than the range of the truth forbids these valleys. The first level is where most of the
    landscape is thought to be: with its mean at that level, the start is moved towards the other by `rise`, about the
    share of the landscape that is on the other level. Bounds of the problem are kept, too.

    The box is only a help: let a method without it go on from where this one ended, as `last` of a `Continuation` does.

    **Fields** `method`: what searches in the box; `levels`: the two values, shape (2,); or None: the mean of the start,
    and `height` times the height of a landscape that, by the linear model, changes the data by their standard deviation
    above it (below, if negative); `margin`: by how much the box is larger than the levels' distance, on either side;
    `rise`: how far the start is moved. Both are in units of that distance.

    **Raises** ValueError for two equal `levels`, and for a negative `margin`.
    """

    method: AbstractMethod = eqx.field(default_factory=heavy_ball)
    levels: Float[Array, " 2"] | None = eqx.field(converter=optional_array, default=None)
    height: Float[Array, ""] = eqx.field(converter=float_array, default=1.0)
    margin: Float[Array, ""] = eqx.field(converter=float_array, default=0.3)
    rise: Float[Array, ""] = eqx.field(converter=float_array, default=0.2)

    def __check_init__(self):
        check_levels(self.levels)
        if self.margin < 0:
            raise ValueError(f"margin is {self.margin:g}; give at least 0, so that both levels are in the box.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        levels = levels_of(self.levels, self.height, problem, hidden)
        start, box = _box(self, problem, hidden, levels)
        inner = self.method.init(problem.bounded(*box), start, key)
        # One simulation told how high the levels are.
        return self._state(inner, box, inner.evaluations + (self.levels is None))

    def step(self, problem: Problem, state: State) -> State:
        inner, box = state.inner
        found = self.method.step(problem.bounded(*box), inner)
        return self._state(found, box, state.evaluations + found.evaluations - inner.evaluations)

    def _state(self, inner, box, evaluations):
        # Never settled: the box may be what holds it.
        stages = {"stage": inner.stage, "start": inner.start}
        return outer_state(inner.hidden, inner.cost, (inner, box), evaluations, done=inner.done, **stages)


@eqx.filter_jit
def _box(
    method: BetweenLevels, problem: Problem, hidden: Hidden, levels: Float[Array, "2 unknowns"]
) -> tuple[Hidden, tuple[Hidden, Hidden]]:
    """The start, moved towards the other level, and the ends of the box."""
    flat, unravel = ravel_pytree(hidden)
    one, other = levels
    distance = other - one
    center = ravel_pytree(center_of_leaves(hidden, problem.kinds))[0]
    beyond = method.margin.astype(flat.dtype) * jnp.abs(distance)
    # Where both levels are on the same bound, there is nothing between them: only the bounds hold.
    beyond = jnp.where(distance == 0, jnp.inf, beyond)
    ends = jnp.minimum(one, other) - beyond, jnp.maximum(one, other) + beyond
    lower, upper = (problem.within_bounds(unravel(end)) for end in ends)
    start = flat - center + one + method.rise.astype(flat.dtype) * distance
    return problem.bounded(lower, upper).within_bounds(unravel(start)), (lower, upper)
