"""A box between two levels, for patterns that weigh little with the data."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import Hidden, Problem, center_of_leaves
from equibacksolve.methods._drawn import check_range, drawn, range_of
from equibacksolve.methods._levels import check_levels, levels_of
from equibacksolve.methods._method import optional_array


class Box(eqx.Module):
    """Bounds around two levels, and a start a little above the lower one: letters, rings, two materials.

    Searches that end in a wrong valley mostly explain the data by values far above and below those of the truth. A box
    that is hardly larger than the range of the truth forbids these valleys. The first level is where most of the
    landscape is thought to be: with its mean at that level, the start is moved towards the other by `rise`, about the
    share of the landscape that is on the other level. Bounds of the problem are kept, too.

    The box is only a help: let a stage without it follow.

    - `levels`: the two values, shape (2,); or None: the mean of the start, and `height` above it.
    - `height`: times the height of a landscape that, by the linear model, changes the data by their standard deviation
      (below, if negative). Of two numbers, it is drawn between them with the key of the start.
    - `against`: None, or a number: then the data tell the side of the other level. It is the one to which the cost
      falls if all unknowns change alike, but the opposite one in this part of the starts.
    - `margin`: by how much the box is larger than the levels' distance, on either side, in units of that distance.
    - `rise`: how far the start is moved, in the same unit.

    **Raises** ValueError for two equal `levels`, for a negative `margin`, heights that are not in order,
    and for an `against` that is not from 0 to 1.
    """

    levels: Float[Array, " 2"] | None = eqx.field(converter=optional_array, default=None)
    height: Float[Array, " 2"] = eqx.field(converter=range_of, default=1.0)
    against: Float[Array, ""] | None = eqx.field(converter=optional_array, default=None)
    margin: Float[Array, ""] = eqx.field(converter=float_array, default=0.3)
    rise: Float[Array, ""] = eqx.field(converter=float_array, default=0.2)

    def __check_init__(self):
        check_levels(self.levels)
        check_range("height", self.height)
        if np.asarray(self.margin) < 0:
            raise ValueError(f"margin is {self.margin:g}; give at least 0, so that both levels are in the box.")
        if self.against is not None and not 0 <= np.asarray(self.against) <= 1:
            raise ValueError(f"against is {self.against:g}; give a part of the starts, from 0 to 1.")

    def around(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> tuple[Hidden, tuple[Hidden, Hidden]]:
        """The start, moved towards the other level, and the ends of the box."""
        of_height, of_side = jax.random.split(key)
        height, against = drawn(of_height, self.height), self.against
        if against is not None:
            height = jnp.where(jax.random.uniform(of_side, dtype=against.dtype) < against, -height, height)
        levels = levels_of(self.levels, height, problem, hidden, against is not None)
        return _start_and_ends(self, problem, hidden, levels)


@eqx.filter_jit
def _start_and_ends(
    box: Box, problem: Problem, hidden: Hidden, levels: Float[Array, "2 unknowns"]
) -> tuple[Hidden, tuple[Hidden, Hidden]]:
    flat, unravel = ravel_pytree(hidden)
    one, other = levels
    distance = other - one
    center = ravel_pytree(center_of_leaves(hidden, problem.kinds))[0]
    beyond = box.margin.astype(flat.dtype) * jnp.abs(distance)
    # Where both levels are on the same bound, there is nothing between them: only the bounds hold.
    beyond = jnp.where(distance == 0, jnp.inf, beyond)
    ends = jnp.minimum(one, other) - beyond, jnp.maximum(one, other) + beyond
    lower, upper = (problem.within_bounds(unravel(end)) for end in ends)
    start = flat - center + one + box.rise.astype(flat.dtype) * distance
    return problem.bounded(lower, upper).within_bounds(unravel(start)), (lower, upper)
