"""The finite range of distances, for measured structure factors."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array
from equibacksolve.atoms._conventions import RECIPROCAL_SPACE, check_choice
from equibacksolve.atoms._transform import WINDOWS, lorch


def within_reach(
    wavenumbers: Any,
    values: Any,
    reach: float,
    *,
    convention: str = "S(Q)",
    window: str | None = None,
) -> Float[Array, " points"]:
    """A measured structure factor with the blur that a model has which knows pairs up to `reach` only.

    In real space the data are cut off at `reach`, as the model is. The cut is made by a sum over the measured points,

        Q' s(Q) = (1 / pi) int dQ' Q' s(Q') (sin((Q - Q') R) / (Q - Q') - sin((Q + Q') R) / (Q + Q')),

    with s = S - 1: give points from near 0 on, and closer than pi / reach. Below the first of them s is taken to be as
    at it, above the last to be 0. In three dimensions.

    Raises `ValueError` for points too far apart, unknown conventions and windows.
    """
    q = np.asarray(float_array(wavenumbers, "wavenumbers"), float)
    curve = np.asarray(float_array(values, "values"), float)
    check_choice("convention", convention, RECIPROCAL_SPACE)
    check_choice("window", window, WINDOWS)
    steps = np.diff(q)
    if not (len(q) > 1 and (steps > 0).all() and steps.max() < np.pi / reach):
        raise ValueError(
            f"wavenumbers lie up to {steps.max() if len(q) > 1 else np.nan:.3g} apart, but must increase by less than "
            f"pi / reach = {np.pi / reach:.3g}; give a shorter reach or finer data."
        )
    limit, weight = (1.0, q) if convention == "S(Q)" else (0.0, q if convention == "F(Q)" else np.ones_like(q))
    reduced = (curve - limit) * weight
    edges = np.concatenate([[0.0], (q[1:] + q[:-1]) / 2, [q[-1]]])
    r, weights = np.polynomial.legendre.leggauss(int(q[-1] * reach) + 64)
    r, weights = (r + 1) * reach / 2, weights * reach / 2
    in_real_space = (2 / np.pi) * np.sin(np.outer(r, q)) @ (np.diff(edges) * reduced)
    back = np.sin(np.outer(q, r)) @ (weights * lorch(r / reach, window) * in_real_space)
    return jnp.asarray(back / weight + limit)
