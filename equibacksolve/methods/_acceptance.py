"""Which steps are taken, and when there is no more progress: what a search remembers of its latest objectives."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import known_array
from equibacksolve._axes import Flag, Scalar

MEMORY = 64
"""Steps that are remembered: the most that `patience` and `nonmonotone` can be."""


class Objectives(NamedTuple):
    """The objective after the latest steps that were taken; and the lowest of all, after each of the latest steps."""

    taken: Float[Array, " memory"]
    lowest: Float[Array, " memory"]


def none_yet(dtype: jnp.dtype) -> Objectives:
    """Before the first look."""
    unseen = np.full(MEMORY, np.inf, dtype)
    return Objectives(known_array(-unseen), known_array(unseen))


def is_low(before: Objectives, nonmonotone: Int[Array, ""], here: Scalar, new: Scalar, expected: Scalar, enough: Flag):
    """Whether an objective is low enough for its step to be taken.

    It must lie below the highest of the last `nonmonotone` points (Grippo, Lampariello and Lucidi 1986); and if that is
    the last point alone, `enough` below it. Where the fall that is expected is rounding, so is a rise.

    - `here`, `new`: the objective where the step begins, and where it leads to.
    """
    limit = jnp.max(jnp.where(jnp.arange(MEMORY) >= MEMORY - nonmonotone, before.taken, -jnp.inf))
    rounding = 1e3 * jnp.finfo(limit.dtype).eps
    low = (new < limit) & (enough | (nonmonotone > 1))
    return low | ((expected < rounding * here) & (new <= limit * (1 + rounding)))


def remembered(before: Objectives, new: Scalar, taken: Flag, counts: Flag) -> Objectives:
    """With one step more. One that does not count tells nothing of stagnation."""
    of_taken = jnp.where(taken, jnp.roll(before.taken, -1).at[-1].set(new), before.taken)
    lowest = jnp.roll(before.lowest, -1).at[-1].set(jnp.fmin(before.lowest[-1], new))
    return Objectives(of_taken, jnp.where(counts, lowest, before.lowest))


def is_stagnant(after: Objectives, patience: Int[Array, ""], decrease: Scalar) -> Flag:
    """Whether the last `patience` steps lowered the lowest objective by less than the fraction `decrease`."""
    return after.lowest[-1] > (1 - decrease) * after.lowest[MEMORY - patience]
