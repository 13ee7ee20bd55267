"""The square box, and what makes an argument unfit for it.

Every public function of this room checks its arguments itself. What is known only while it is traced (inside `jax.jit`,
`grad`, `vmap`) passes; so functions that are compiled check before they compile.
"""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from equibacksolve._arrays import float_array, is_concrete

if TYPE_CHECKING:
    Number = float | Array  # numbers that a checker knows to be real
else:
    Number = Real[ArrayLike, ""]
"""One real number: the pure functions take Python floats as well as arrays."""


def wrapped(positions: Any, box_length: Number) -> Float[Array, "atoms 2"]:
    """The images of the atoms that lie in the periodic box [0, L) x [0, L).

    - `positions`: shape (atoms, 2), in units of length.
    - `box_length`: the edge L of the box.

    Raises `ValueError` if there are no atoms, or if a coordinate or the box length is unfit.
    """
    positions = real_array(positions, "positions", "atoms 2")
    check_structure(positions, box_length, inside=False)
    (box_length,) = in_precision_of(positions, box_length)
    inside = jnp.mod(positions, box_length)
    # A tiny negative number plus L rounds to L itself, which is the image of 0.
    return jnp.where(inside >= box_length, 0.0, inside)


def real_array(value: Any, name: str, shape: str) -> Float[Array, "..."]:
    """Whatever is like an array of real numbers, as an array of this shape, e.g. "atoms 2".

    Raises `TypeError` if it is of another shape, or holds what are not real numbers.
    """
    array = float_array(value, name)
    wanted: Any = Float[Array, shape]
    if not isinstance(array, wanted):
        told = f"shape ({', '.join(shape.split())})"
        raise TypeError(
            f"{name} must be an array of real numbers of {told}, but is {array.dtype} of shape {array.shape}."
        )
    return array


def in_precision_of(array: Float[Array, "..."], *values: Any) -> list[Float[Array, "..."]]:
    """The values in the dtype of the array: lengths must not make double numbers of positions in single precision."""
    return [jnp.asarray(value, array.dtype) for value in values]


def check_structure(positions: Float[Array, "atoms components"], box_length: Number, *, inside: bool = True) -> None:
    """Refuse what is not a structure.

    Raises `ValueError` if there are no atoms, if a coordinate is not finite, if the box length is not positive or, when
    `inside` is asked for, if an atom lies outside the box [0, L] x [0, L].
    """
    if positions.shape[0] == 0:
        raise ValueError("positions holds no atoms; give at least one row (x, y).")
    check_positive("box_length", box_length)
    check_finite("positions", positions, "at atom")
    if not (inside and is_concrete(positions, box_length)):
        return
    places, box = np.asarray(positions), float(box_length)
    # In the precision of the positions: an atom at L itself is inside.
    outside = np.flatnonzero(((places < 0) | (places > np.asarray(box, places.dtype))).any(axis=1))
    if outside.size:
        raise ValueError(
            f"positions has {outside.size} atoms outside the box [0, {box:g}], the first being atom {outside[0]} at "
            f"{places[outside[0]]}; shift them, or bring them back with `imaging.wrapped` if the box is periodic."
        )


def check_finite(name: str, array: Float[Array, "rows *rest"], where: str) -> None:
    """Raise `ValueError` if an entry is not finite, naming its row; a traced array passes."""
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        entries = np.asarray(array)
        row = int(np.argwhere(~np.isfinite(entries))[0, 0])
        raise ValueError(f"{name} has the non-finite entry {entries[row]} {where} {row}; give finite numbers.")


def check_positive(name: str, value: Number) -> None:
    """Raise `ValueError` unless the value is finite and positive; a traced value passes."""
    if is_concrete(value) and not (np.isfinite(float(value)) and float(value) > 0):
        raise ValueError(f"{name} is {float(value):g}, but must be a positive number; give a length above zero.")


def check_count(name: str, value: int) -> None:
    """Raise `ValueError` unless the number is one or more."""
    if value < 1:
        raise ValueError(f"{name} is {value}, but must be one or more; give a positive number.")
