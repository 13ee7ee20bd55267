"""Small complex matrices, a batch of them side by side: the points axis is last, real and imaginary parts apart.

With the batch last, neighbouring points sit side by side in memory, and every operation runs over them in vector
registers. LAPACK is not called: jax takes it from scipy's OpenBLAS, which starts threads of its own from 24 x 24 on.
They spin against XLA's threads for the same cores, and a sweep of 0.1 s then takes 10 s, or does not end.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Split(NamedTuple):
    """A batch of complex matrices as its real and its imaginary part."""

    real: Float[Array, "rows columns points"]
    imag: Float[Array, "rows columns points"]


def product(a: Split, b: Split, *, adjoint_a: bool = False, adjoint_b: bool = False) -> Split:
    """The matrix product a b as a sum of outer products; with `adjoint_a` it is a† b, with `adjoint_b` a b†."""
    # An adjoint is read from where the matrix stands, with the sign of what is multiplied by its imaginary part.
    sign_a, sign_b = (-1 if flag else 1 for flag in (adjoint_a, adjoint_b))
    columns_of_a, rows_of_b = (0 if adjoint_a else 1), (1 if adjoint_b else 0)
    at = lambda parts, k, axis: (jax.lax.dynamic_index_in_dim(part, k, axis, keepdims=False) for part in parts)

    def add_outer_product(carry, k):
        ar, ai = (column[:, None] for column in at(a, k, columns_of_a))
        br, bi = (row[None] for row in at(b, k, rows_of_b))
        real = carry.real + ar * br - sign_a * sign_b * ai * bi
        return Split(real, carry.imag + sign_b * ar * bi + sign_a * ai * br), None

    # Not jnp.einsum: with jax 0.10 to 0.12 about one compilation in five returned infinities for a constant factor.
    rows, columns = a.real.shape[1 - columns_of_a], b.real.shape[1 - rows_of_b]
    zero = jnp.zeros((rows, columns, *b.real.shape[2:]), a.real.dtype)
    return jax.lax.scan(add_outer_product, Split(zero, zero), jnp.arange(b.real.shape[rows_of_b]), unroll=2)[0]


def squared_norm(a: Split) -> Float[Array, " points"]:
    """Tr a a†, point by point."""
    return jnp.sum(a.real**2 + a.imag**2, axis=(0, 1))


@jax.custom_vjp
def divide(numerators: list[Split | None], denominator: Split) -> list[Split]:
    """X A^-1 for every numerator X and the denominator A, point by point; None stands for the identity."""
    return _divide_forward(numerators, denominator)[0]


def _divide_forward(numerators, denominator):
    inverse = _inverse(denominator)
    quotients = [inverse if x is None else product(x, inverse) for x in numerators]
    return quotients, (quotients, inverse, [x is None for x in numerators])


def _divide_backward(kept, of_quotients):
    # With dG = Re Tr(L† dY), JAX's pair of cotangents is L: from dY = (dX - Y dA) A^-1 follow L A^-† for X, and -Y†
    # times that for A. The inverse and the quotients are all that has to be kept.
    quotients, inverse, is_identity = kept
    of_numerators = [product(of_y, inverse, adjoint_b=True) for of_y in of_quotients]
    parts = [product(y, of_x, adjoint_a=True) for y, of_x in zip(quotients, of_numerators)]
    of_denominator = jax.tree.map(lambda *terms: -sum(terms), *parts)
    return [None if fixed else of_x for fixed, of_x in zip(is_identity, of_numerators)], of_denominator


divide.defvjp(_divide_forward, _divide_backward)


class _Pivot(NamedTuple):
    """What one step of the elimination needs, see `_pivot`."""

    row: Split
    column: Split


def _inverse(a: Split) -> Split:
    """The inverse by Gauss-Jordan elimination in place, pivots taken from the diagonal as they come.

    With a search for pivots it takes three and a half times as long. The search can be left out because the sweep
    hands over matrices in a basis of random orientation (`random_rotation`), whose leading minors are small by chance
    alone: the digits lost are the logarithm of the smallest pivot, on average half of one and in a million points four
    (D. S. Parker, UCLA report CSD-950023 (1995), on random transformations in place of pivoting).

    Row and column of the next pivot are part of what the loop carries. So they are computed once and kept; left to be
    read from the matrix where they are used, XLA computes them anew for every entry.
    """
    size = a.real.shape[0]

    def eliminate(carry, k):
        matrix, (row, column) = carry
        # Pivot row and pivot column are written anew: nothing is added to what stood there.
        rest = (jnp.arange(size) != k).astype(matrix.real.dtype)
        keep = (rest[:, None] * rest)[..., None]
        cr, ci = column.real[:, None], column.imag[:, None]
        real = matrix.real * keep - (cr * row.real - ci * row.imag)
        imag = matrix.imag * keep - (cr * row.imag + ci * row.real)
        matrix = Split(real, imag)
        return (matrix, _pivot(matrix, jnp.minimum(k + 1, size - 1))), None

    return jax.lax.scan(eliminate, (a, _pivot(a, 0)), jnp.arange(size))[0][0]


def inverse(a: Split) -> Split:
    """A^-1 = (Q^T A)^-1 Q^T of any invertible matrix, with a random rotation Q in place of pivots; see `_inverse`."""
    rotation = random_rotation(a.real.shape[0])
    turned = _inverse(rotated(rotation, a))

    def add_outer_product(carry, k):
        row = jax.lax.dynamic_index_in_dim(jnp.asarray(rotation, a.real.dtype), k, 1, keepdims=False)[None, :, None]
        return Split(*(c + jax.lax.dynamic_index_in_dim(part, k, 1) * row for c, part in zip(carry, turned))), None

    zeros = jax.tree.map(jnp.zeros_like, turned)
    return jax.lax.scan(add_outer_product, zeros, jnp.arange(a.real.shape[0]), unroll=2)[0]


def _pivot(matrix: Split, k) -> _Pivot:
    """Row k over the pivot, with 1 / pivot on the diagonal, and column k with -1 on the diagonal.

    With -1 there, subtracting column x row writes `row` into the emptied pivot row, whatever the size of the pivot. (To
    leave the pivot there and to subtract (pivot - 1) x row costs the digits of a pivot that is far from 1.)
    """
    hot = (jnp.arange(matrix.real.shape[0]) == k).astype(matrix.real.dtype)[:, None]
    rest = 1 - hot
    cr, ci = (jax.lax.dynamic_index_in_dim(part, k, 1, keepdims=False) for part in matrix)
    rr, ri = (jax.lax.dynamic_index_in_dim(part, k, 0, keepdims=False) for part in matrix)
    pr, pi = (jax.lax.dynamic_index_in_dim(part, k, 0) for part in (cr, ci))
    scale = 1 / (pr * pr + pi * pi)
    pr, pi = pr * scale, -pi * scale
    rr, ri = rr * rest + hot, ri * rest
    return _Pivot(Split(rr * pr - ri * pi, rr * pi + ri * pr), Split(cr * rest - hot, ci * rest))


def rotated(rotation: Float[np.ndarray, "rows rows"], a: Split) -> Split:
    """Q^T A for a constant real matrix Q, the same at every point."""

    @jax.custom_vjp
    def turn(a):
        return _rotated(rotation, a)

    # Left to JAX, the adjoint is a sum over rows, and from 32 points on XLA gives that to a library, 4 times slower.
    turn.defvjp(lambda a: (_rotated(rotation, a), None), lambda _, of_turned: (_rotated(rotation.T, of_turned),))
    return turn(a)


def _rotated(rotation, a):
    rotation = jnp.asarray(rotation, a.real.dtype)

    def add_outer_product(carry, k):
        column = jax.lax.dynamic_index_in_dim(rotation, k, 0, keepdims=False)[:, None, None]
        return Split(*(c + column * jax.lax.dynamic_index_in_dim(part, k, 0) for c, part in zip(carry, a))), None

    return jax.lax.scan(add_outer_product, jax.tree.map(jnp.zeros_like, a), jnp.arange(a.real.shape[0]), unroll=4)[0]


@functools.cache
def random_rotation(size: int) -> Float[np.ndarray, "size size"]:
    """A real orthogonal matrix of no particular orientation, always the same one."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(size, size)))[0]
