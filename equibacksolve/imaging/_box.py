"""The square box: separations in it, and what makes an argument unfit for it."""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from equibacksolve._arrays import is_concrete

Number = Real[ArrayLike, ""]
"""One real number: the pure functions take Python floats as well as arrays."""


def separation(
    start: Float[Array, "*shape"], end: Float[Array, "*shape"], box_length: Number, periodic: bool
) -> Float[Array, "*shape"]:
    """The vector from `start` to `end`; in a periodic box, to the nearest image of `end` (units of length)."""
    vector = end - start
    if not periodic:
        return vector
    return vector - box_length * jnp.round(vector / box_length)


def wrapped(positions: Float[Array, "atoms 2"], box_length: Number) -> Float[Array, "atoms 2"]:
    """The images of the atoms that lie in the periodic box [0, L) x [0, L)."""
    inside = jnp.mod(positions, box_length)
    # A tiny negative number plus L rounds to L itself, which is the image of 0.
    return jnp.where(inside >= box_length, 0.0, inside)


def length(vector: Float[Array, "*shape components"]) -> Float[Array, "*shape"]:
    """Euclidean length, with derivative zero (not NaN) where the vector is zero."""
    squared = jnp.sum(vector**2, axis=-1)
    nonzero = squared > 0
    # The square root must not even see the zero: 0 * inf in the derivative would be NaN.
    return jnp.where(nonzero, jnp.sqrt(jnp.where(nonzero, squared, 1.0)), 0.0)


def check_structure(positions: Float[Array, "atoms 2"], box_length: Number, *, inside: bool = True) -> None:
    """Refuse what is not a structure.

    Raises `ValueError` if there are no atoms, if a coordinate is not finite, if the box length is not positive or, when
    `inside` is asked for, if an atom lies outside the box [0, L] x [0, L].
    """
    if positions.shape[0] == 0:
        raise ValueError("positions holds no atoms; give at least one row (x, y).")
    if not is_concrete(positions, box_length):
        return
    positions, box = np.asarray(positions), float(box_length)
    check_positive("box_length", box)
    if not np.isfinite(positions).all():
        atom = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
        raise ValueError(f"positions has the non-finite entry {positions[atom]} at atom {atom}; give finite numbers.")
    outside = np.flatnonzero(((positions < 0) | (positions > box)).any(axis=1))
    if inside and outside.size:
        raise ValueError(
            f"positions has {outside.size} atoms outside the box [0, {box:g}], the first being atom {outside[0]} at "
            f"{positions[outside[0]]}; shift them, or bring them back with `imaging.wrapped` if the box is periodic."
        )


def check_positive(name: str, value: Number) -> None:
    """Raise `ValueError` unless the value is finite and positive; a traced value passes."""
    if is_concrete(value) and not (np.isfinite(float(value)) and float(value) > 0):
        raise ValueError(f"{name} is {float(value):g}, but must be a positive number; give a length above zero.")
