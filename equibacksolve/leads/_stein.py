"""The Stein equation X - A X B = R: how a surface Green's function answers to a change of its lead."""

import jax
import numpy as np
import scipy.linalg
from jaxtyping import Array, Complex

from equibacksolve._host import on_host

Square = Complex[Array, "cell cell"]


def stein(a: Square, b: Square, right: Square) -> Square:
    """X with X - a X b = right: by Schur forms, at the cost of a few products. Linear in `right`, of any order."""
    return jax.lax.custom_linear_solve(
        lambda x: x - a @ x @ b,
        right,
        lambda _, r: _on_host(a, b, r),
        lambda _, r: _on_host(a.T, b.T, r),
    )


def _on_host(a, b, right):
    return on_host(_solved, [jax.ShapeDtypeStruct(right.shape, right.dtype)], a, b, right)[0]


def _solved(*arrays):
    a, b, right = np.broadcast_arrays(*arrays)
    flat = lambda array: array.reshape(-1, *array.shape[-2:])
    found = [_one(*point) for point in zip(flat(a), flat(b), flat(right))]
    return (np.stack(found).reshape(right.shape),)


def _one(a, b, right):
    """With Schur forms a = P S P†, b = Q T Q†: Y - S Y T = P† right Q, column by column (T is upper triangular).

    S Y T has the column j S sum_{k <= j} Y_k T_kj, so that (1 - T_jj S) Y_j = R_j + S sum_{k < j} Y_k T_kj.
    """
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return np.full_like(right, np.nan)
    s, p = scipy.linalg.schur(a)[:2]
    t, q = scipy.linalg.schur(b)[:2]
    r, eye = p.conj().T @ right @ q, np.eye(len(a))
    y = np.zeros_like(r)
    for j in range(len(b)):
        y[:, j] = scipy.linalg.solve_triangular(eye - t[j, j] * s, r[:, j] + s @ (y[:, :j] @ t[:j, j]))
    return p @ y @ q.conj().T
