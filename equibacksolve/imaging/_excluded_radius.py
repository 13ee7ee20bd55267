"""Excluded volume: atoms that come closer than they can."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number, check_positive, check_structure, in_precision_of, real_array
from equibacksolve.imaging._pairs import sum_over_pairs


def overlaps(
    positions: Any, closest: Number, box_length: Number, *, periodic: bool = False, inside: bool = True
) -> Float[Array, " atoms"]:
    """How far each atom is pressed into its neighbours: e_i = sum_j max(0, 1 - d_ij / closest).

    Zero for an atom whose neighbours keep the distance `closest` (length); 1 for two atoms on the same spot. It is a
    residual: the mean of e_i^2 is a penalty with a continuous derivative. Two atoms on exactly the same spot have no
    direction in which to part, and get the derivative zero.

    - `positions`: shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `closest`: the distance that two atoms must keep (length).
    - `box_length`: the edge L of the box.
    - `periodic`: whether the box repeats.
    - `inside`: whether to refuse atoms outside the box; False for those that a search has carried out of it.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, and lengths that are not positive.
    """
    positions = real_array(positions, "positions", "atoms 2")
    check_structure(positions, box_length, inside=inside)
    check_positive("closest", closest)
    return _overlaps(positions, *in_precision_of(positions, closest, box_length), periodic)


@partial(jax.jit, static_argnames="periodic")
def _overlaps(
    positions: Float[Array, "atoms 2"], closest: Number, box_length: Number, periodic: bool
) -> Float[Array, " atoms"]:
    def of_shifts(distances, weights, shifts):
        overlap = weights * jnp.maximum(0.0, 1.0 - distances / closest)
        # The partner i + shift feels what atom i feels.
        return jnp.sum(overlap + jax.vmap(jnp.roll)(overlap, shifts), axis=0)

    return sum_over_pairs(of_shifts, positions, box_length, periodic, jnp.zeros_like(positions[:, 0]))
