"""Maps in the cosine basis, in which a smoothness prior is diagonal."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import LeafKind


def departures(leaf: Float[Array, "..."], center: Float[Array, "..."], kind: LeafKind) -> list[Float[Array, "..."]]:
    """How a leaf departs from its centre: the difference, or that of cosine and sine where there is a period."""
    if kind.period is None:
        return [leaf - center]
    turn = 2 * jnp.pi / kind.period
    return [jnp.cos(leaf * turn) - jnp.cos(center * turn), jnp.sin(leaf * turn) - jnp.sin(center * turn)]


def roughness(landscape: Float[Array, "..."], length: Scalar) -> Float[Array, "..."]:
    """(1 + (length k)^2) times the orthonormal cosine transform of a landscape."""
    factors = stiffness(landscape.shape, length, landscape.dtype)
    for axis, n in enumerate(landscape.shape):
        landscape = jnp.moveaxis(jnp.tensordot(cosine_basis(n, landscape.dtype), landscape, axes=(1, axis)), 0, axis)
    return factors * landscape


def smooth_draw(key: PRNGKeyArray, shape: tuple[int, ...], length: Scalar) -> Float[Array, "..."]:
    """A random landscape of mean square one, its cosines as tall as 1 / (1 + (length k)^2)^2.

    That is smoother than what the prior expects. Its own draws are as rough as it allows, at all wavelengths: added to
    a landscape, they would raise `squared_heights` by much, and so weaken a prior whose weight follows from that.
    """
    drawn = jax.random.normal(key, shape, length.dtype) / stiffness(shape, length, length.dtype) ** 2
    for axis, n in enumerate(shape):
        drawn = jnp.moveaxis(jnp.tensordot(cosine_basis(n, length.dtype).T, drawn, axes=(1, axis)), 0, axis)
    return drawn / jnp.sqrt(jnp.mean(drawn**2))


def stiffness(shape: tuple[int, ...], length: Scalar, dtype: jnp.dtype) -> Float[Array, "..."]:
    """1 + (length k)^2 for every cosine of a landscape of this shape."""
    squares = [(np.pi * np.arange(n) / n) ** 2 for n in shape]
    squared = sum(np.meshgrid(*squares, indexing="ij", sparse=True), start=np.zeros(shape))
    return 1 + length**2 * squared.astype(dtype)


def cosine_basis(n: int, dtype: jnp.dtype) -> Float[np.ndarray, "n n"]:
    """Rows are the orthonormal cosines cos(pi m (i + 1/2) / n)."""
    m, i = np.arange(n)[:, None], np.arange(n)
    norm = np.where(m == 0, 1 / n, 2 / n) ** 0.5
    return (norm * np.cos(np.pi * m * (i + 0.5) / n)).astype(dtype)
