"""Noise whose readings depend on each other: from a covariance to residuals that do not."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from equibacksolve._arrays import float_array, is_concrete

Matrix = Float[Array, "flat flat"]


def covariance_matrix(
    given: Any,
    values: Float[Array, "*data"],
    sigma: Float[Array, "*data"] | None,
    variables: dict[str, Float[Array, " points"]],
) -> Matrix:
    """The covariance of all readings: the matrix or function that was given, and the squares of sigma beside it.

    Raises ValueError for a matrix of another shape or one that is not symmetric, and for a function of data without
    settings.
    """
    if callable(given):
        if not variables:
            raise ValueError("covariance is a function of settings, but these values have none; give a matrix.")
        matrix = jnp.asarray(given(**{name: setting[:, None] - setting for name, setting in variables.items()}))
        matrix = jnp.broadcast_to(matrix, (values.size, values.size))
    else:
        matrix = float_array(given, "covariance")
    if matrix.shape != (values.size, values.size):
        raise ValueError(
            f"covariance has shape {matrix.shape}, but there are {values.size} values; give one row for each."
        )
    matrix = matrix.astype(values.dtype)
    if is_concrete(matrix):
        _check_symmetric(np.asarray(matrix))
    if sigma is None:
        return matrix
    known = jnp.where(jnp.isfinite(sigma), sigma, 0.0).reshape(-1)
    return matrix + jnp.diag(known**2)


def whitening_of(covariance: Matrix, counts: Bool[Array, "*data"]) -> Matrix:
    """W = L^-1 with C = L L^T, of the readings that count; rows and columns of the others are zero.

    The distribution of some of the readings has their own rows and columns of the covariance. Each is first counted in
    its own deviation, so that no unit decides what is positive.

    Raises ValueError unless their covariance is positive definite.
    """
    here = counts.reshape(-1)
    both = here[:, None] & here
    deviation = jnp.sqrt(jnp.where(here, jnp.diagonal(covariance), 1.0))
    correlation = jnp.where(
        both, covariance / deviation[:, None] / deviation, jnp.eye(here.size, dtype=covariance.dtype)
    )
    lower = jnp.linalg.cholesky(correlation)
    if is_concrete(lower) and not np.all(np.isfinite(np.asarray(lower))):
        raise ValueError(
            "covariance is not positive definite: some combination of readings would have no noise at all; pass sigma= "
            "too, the noise of each reading by itself, or mend covariance."
        )
    inverse = jax.scipy.linalg.solve_triangular(lower, jnp.eye(here.size, dtype=lower.dtype), lower=True)
    return jnp.where(both, inverse, 0.0) / deviation


def _check_symmetric(matrix: Float[np.ndarray, "flat flat"]) -> None:
    """To rounding, counted in the deviations of the readings."""
    variance = np.diagonal(matrix)
    if not (np.all(np.isfinite(matrix)) and np.all(variance >= 0)):
        raise ValueError("covariance has entries that are not finite, or variances below zero; mend it.")
    unit = np.sqrt(np.where(variance > 0, variance, 1.0))
    if np.any(np.abs(matrix - matrix.T) > 1e3 * np.finfo(matrix.dtype).eps * unit * unit[:, None]):
        raise ValueError("covariance is not symmetric; give that of readings i and j at [i, j] and at [j, i].")
