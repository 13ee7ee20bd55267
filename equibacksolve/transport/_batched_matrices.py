"""Small complex matrices, a batch of them side by side: the points axis is last, real and imaginary parts apart.

With the batch last, neighbouring points sit side by side in memory, and every operation runs over them in vector
registers. LAPACK is not called: jax takes it from scipy's OpenBLAS, which starts threads of its own from 24 x 24 on.
They spin against XLA's threads for the same cores, and a sweep of 0.1 s then takes 10 s, or does not end.
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


def _product(a: Split, b: Split) -> Split:
    """The matrix product as a sum of outer products."""

    def add_outer_product(carry, k):
        ar, ai = (jax.lax.dynamic_index_in_dim(part, k, 1) for part in a)
        br, bi = (jax.lax.dynamic_index_in_dim(part, k, 0) for part in b)
        return Split(carry.real + ar * br - ai * bi, carry.imag + ar * bi + ai * br), None

    # Not jnp.einsum: with jax 0.10 to 0.12 about one compilation in five returned infinities for a constant factor.
    zero = jnp.zeros((a.real.shape[0], *b.real.shape[1:]), a.real.dtype)
    return jax.lax.scan(add_outer_product, Split(zero, zero), jnp.arange(b.real.shape[0]), unroll=4)[0]


def squared_norm(a: Split) -> Float[Array, " points"]:
    """Tr a a†, point by point."""
    return jnp.sum(a.real**2 + a.imag**2, axis=(0, 1))


@jax.custom_vjp
def divide(numerators: list[Split], denominator: Split) -> list[Split]:
    """X A^-1 for every numerator X and the denominator A, point by point."""
    return _divide_forward(numerators, denominator)[0]


def _divide_forward(numerators, denominator):
    inverse = _inverse(denominator)
    quotients = [_product(x, inverse) for x in numerators]
    return quotients, (quotients, inverse)


def _divide_backward(kept, of_quotients):
    # With dG = Re Tr(L† dY), JAX's pair of cotangents is L: from dY = (dX - Y dA) A^-1 follow L A^-† for X, and -Y†
    # times that for A. The inverse and the quotients are all that has to be kept.
    quotients, inverse = kept
    of_numerators = [_product(of_y, adjoint(inverse)) for of_y in of_quotients]
    parts = [_product(adjoint(y), of_x) for y, of_x in zip(quotients, of_numerators)]
    return of_numerators, jax.tree.map(lambda *terms: -sum(terms), *parts)


divide.defvjp(_divide_forward, _divide_backward)


SMALL = 16
"""Largest size that is inverted by elimination; there a step still fits a core's first-level cache."""


def _inverse(a: Split) -> Split:
    """The inverse; of large matrices by blocks, with one Newton step.

    No pivot is sought outside the leading block. Should that block have a condition number c, c x rounding is lost, and
    the Newton step x (2 - a x) squares the relative error.
    """
    if a.real.shape[0] <= SMALL:
        return _eliminated(a)
    x = _by_blocks(a)
    twice = 2 * jnp.eye(a.real.shape[0], dtype=a.real.dtype)[..., None]
    ax = _product(a, x)
    return _product(x, Split(twice - ax.real, -ax.imag))


def _by_blocks(a: Split) -> Split:
    """With p = a11^-1, q = a21 p, r = p a12 and s = (a22 - a21 r)^-1: (p + r s q, -r s; -s q, s)."""
    half = a.real.shape[0] // 2
    if a.real.shape[0] <= SMALL:
        return _eliminated(a)
    first, second = slice(half), slice(half, None)
    block = lambda rows, columns: Split(a.real[rows, columns], a.imag[rows, columns])
    p = _by_blocks(block(first, first))
    q, r = _product(block(second, first), p), _product(p, block(first, second))
    s = _by_blocks(_minus(block(second, second), _product(block(second, first), r)))
    sq, rs = _product(s, q), _product(r, s)
    corner = _product(r, sq)
    join = lambda c, e, f, g: jnp.concatenate([jnp.concatenate([c, -e], 1), jnp.concatenate([-f, g], 1)])
    return Split(
        join(p.real + corner.real, rs.real, sq.real, s.real), join(p.imag + corner.imag, rs.imag, sq.imag, s.imag)
    )


def _minus(a: Split, b: Split) -> Split:
    return Split(a.real - b.real, a.imag - b.imag)


def _eliminated(a: Split) -> Split:
    """The inverse by Gauss-Jordan elimination in place, with partial pivoting.

    Points pivot on different rows, so no rows are swapped: each step marks its pivot row (`hot` is 1 there). What
    remains at the end is the inverse with its rows and columns in the order of the pivots.
    """
    size = a.real.shape[0]

    def eliminate(carry, column):
        real, imag, free = carry
        cr, ci = (jax.lax.dynamic_index_in_dim(part, column, 1, keepdims=False) for part in (real, imag))
        largest = jnp.argmax((cr * cr + ci * ci) * free, axis=0)
        hot = (largest == jnp.arange(size)[:, None]).astype(real.dtype)
        rr, ri = _scaled_pivot_row(real, imag, cr, ci, hot, column)
        # Subtracting (c - hot) x row clears the column in all rows but the pivot row, and leaves `row` there.
        real = jax.lax.dynamic_update_index_in_dim(real, hot, column, 1)
        imag = jax.lax.dynamic_update_index_in_dim(imag, jnp.zeros_like(hot), column, 1)
        cr, ci = (cr - hot)[:, None], ci[:, None]
        return (real - (cr * rr - ci * ri), imag - (cr * ri + ci * rr), free * (1 - hot)), hot

    free = jnp.ones_like(a.real[:, 0])
    (real, imag, _), pivots = jax.lax.scan(eliminate, (a.real, a.imag, free), jnp.arange(size), unroll=2)
    return _in_pivot_order(Split(real, imag), pivots)


def _scaled_pivot_row(real, imag, cr, ci, hot, column):
    """The pivot row divided by the pivot, with 1 / pivot in the column that is being cleared."""
    rr, ri = jnp.sum(real * hot[:, None], axis=0), jnp.sum(imag * hot[:, None], axis=0)
    pr, pi = jnp.sum(cr * hot, axis=0), jnp.sum(ci * hot, axis=0)
    here = (jnp.arange(rr.shape[0]) == column)[:, None]
    rr, ri = jnp.where(here, 1.0, rr), jnp.where(here, 0.0, ri)
    scale = 1 / (pr * pr + pi * pi)
    pr, pi = pr * scale, -pi * scale
    return rr * pr - ri * pi, rr * pi + ri * pr


def _in_pivot_order(found: Split, pivots: Float[Array, "rows rows points"]) -> Split:
    """P found P, where P[k, i] = 1 if column k pivoted on row i."""

    def order_rows(carry, i):
        column = jax.lax.dynamic_index_in_dim(pivots, i, 1)
        return Split(*(c + column * jax.lax.dynamic_index_in_dim(f, i, 0) for c, f in zip(carry, found))), None

    zeros = jax.tree.map(jnp.zeros_like, found)
    rows, _ = jax.lax.scan(order_rows, zeros, jnp.arange(pivots.shape[0]), unroll=4)

    def order_columns(carry, k):
        row = jax.lax.dynamic_index_in_dim(pivots, k, 0)
        return Split(*(c + jax.lax.dynamic_index_in_dim(r, k, 1) * row for c, r in zip(carry, rows))), None

    return jax.lax.scan(order_columns, zeros, jnp.arange(pivots.shape[0]), unroll=4)[0]
