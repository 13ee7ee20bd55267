"""Small complex matrices, a batch of them side by side: the points axis is last, real and imaginary parts apart.

With the batch last, neighbouring points sit side by side in memory, and every operation runs over them in vector
registers. The inverse alone is LAPACK's. Its derivative makes no LAPACK call, and in the sweep each inverse needs the
one before it: two batched LAPACK calls alive at once can dead-lock jax on few CPU cores.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Split(NamedTuple):
    """A batch of complex matrices as its real and its imaginary part."""

    real: Float[Array, "rows columns points"]
    imag: Float[Array, "rows columns points"]


def adjoint(a: Split) -> Split:
    """The conjugate transpose, point by point."""
    return Split(jnp.swapaxes(a.real, 0, 1), -jnp.swapaxes(a.imag, 0, 1))


@jax.custom_vjp
def multiply(a: Split, b: Split) -> Split:
    """The matrix product a b, point by point."""
    return _product(a, b)


def _product(a: Split, b: Split) -> Split:
    """The matrix product as a sum of outer products."""

    def add_outer_product(carry, k):
        ar, ai = (jax.lax.dynamic_index_in_dim(part, k, 1) for part in a)
        br, bi = (jax.lax.dynamic_index_in_dim(part, k, 0) for part in b)
        return Split(carry.real + ar * br - ai * bi, carry.imag + ar * bi + ai * br), None

    # Not jnp.einsum: with jax 0.10 to 0.12 about one compilation in five returned infinities for a constant factor.
    zero = jnp.zeros((a.real.shape[0], *b.real.shape[1:]), a.real.dtype)
    return jax.lax.scan(add_outer_product, Split(zero, zero), jnp.arange(b.real.shape[0]), unroll=4)[0]


# With dG = Re Tr(L† dc), JAX's pair of cotangents is L: from c = a b follow L b† for a, and a† L for b.
multiply.defvjp(
    lambda a, b: (_product(a, b), (a, b)),
    lambda kept, of_c: (_product(of_c, adjoint(kept[1])), _product(adjoint(kept[0]), of_c)),
)


def squared_norm(a: Split) -> Float[Array, " points"]:
    """Tr a a†, point by point."""
    return jnp.sum(a.real**2 + a.imag**2, axis=(0, 1))


@jax.custom_vjp
def inverse(a: Split) -> Split:
    """The inverse, point by point."""
    return _by_lapack(a)


def _by_lapack(a: Split) -> Split:
    found = jnp.moveaxis(jnp.linalg.inv(jnp.moveaxis(jax.lax.complex(a.real, a.imag), -1, 0)), 0, -1)
    return Split(found.real, found.imag)


def _inverse_backward(found, of_found):
    # From d(a^-1) = -a^-1 da a^-1: the inverse itself is all that has to be kept.
    of_a = _product(_product(adjoint(found), of_found), adjoint(found))
    return (jax.tree.map(jnp.negative, of_a),)


inverse.defvjp(lambda a: (found := _by_lapack(a), found), _inverse_backward)
