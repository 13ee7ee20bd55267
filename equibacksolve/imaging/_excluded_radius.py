"""Excluded volume: atoms that come closer than they can."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number
from equibacksolve.imaging._pairs import sum_over_pairs


@partial(jax.jit, static_argnames="periodic")
def overlaps(
    positions: Float[Array, "atoms 2"], closest: Number, box_length: Number, *, periodic: bool = False
) -> Float[Array, " atoms"]:
    """How far each atom is pressed into its neighbours: e_i = sum_j max(0, 1 - d_ij / closest).

    Zero for an atom whose neighbours keep the distance `closest` (length); 1 for two atoms on the same spot. It is a
    residual: the mean of e_i^2 is a penalty with a continuous derivative. Two atoms on exactly the same spot have no
    direction in which to part, and get the derivative zero.
    """

    def of_shifts(distances, weights, shifts):
        overlap = weights * jnp.maximum(0.0, 1.0 - distances / closest)
        # The partner i + shift feels what atom i feels.
        return jnp.sum(overlap + jax.vmap(jnp.roll)(overlap, shifts), axis=0)

    return sum_over_pairs(of_shifts, positions, box_length, periodic, jnp.zeros_like(positions[:, 0]))
