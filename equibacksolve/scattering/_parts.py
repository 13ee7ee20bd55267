"""Complex numbers as two real arrays with the points axis last, as `transport` has its matrices."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float


class Parts(NamedTuple):
    """Real and imaginary part of an array of any shape; points are the last axis."""

    real: Float[Array, "*shape points"]
    imag: Float[Array, "*shape points"]


def parts_of(array: Complex[Array, "*shape points"]) -> Parts:
    """A complex array as its parts."""
    return Parts(array.real, array.imag)


def complex_of(parts: Parts) -> Complex[Array, "*shape points"]:
    """The complex array that has these parts."""
    return jax.lax.complex(parts.real, parts.imag)


def times_elementwise(a: Parts, b: Parts) -> Parts:
    """The product, entry by entry."""
    return Parts(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


def minus(a: Parts, b: Parts) -> Parts:
    """The difference."""
    return Parts(a.real - b.real, a.imag - b.imag)


def plus(a: Parts, b: Parts) -> Parts:
    """The sum."""
    return Parts(a.real + b.real, a.imag + b.imag)


def joined(parts: list[Parts], axis: int) -> Parts:
    """Arrays side by side along an axis."""
    return Parts(*(jnp.concatenate(pieces, axis) for pieces in zip(*parts)))
