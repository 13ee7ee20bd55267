"""The box that holds the atoms: two or three edges, at right angles or not, each of which repeats or does not."""

import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, float_array, is_concrete
from equibacksolve._axes import Scalar


class Box(eqx.Module):
    """A parallelepiped (3-D) or a parallelogram (2-D) with one corner at the origin.

        Box([27.2, 27.2, 27.2])                                          # rectangular
        Box([[20, 0, 0], [5, 20, 0], [0, 0, 30]], periodic=[True, True, False])  # triclinic, open along its third edge

    **Arguments**

    - `edges`: lengths of the edges, shape (components,), or the edges as rows, shape (components, components).
    - `periodic`: whether the box repeats, for all edges or one by one.

    **Fields**

    - `vectors`: the edges as rows.
    - `periodic`: one flag an edge.
    - `upright`: whether edge a lies along axis a.

    Raises `ValueError` unless there are two or three edges, finite and not in one plane, and a flag for each.
    """

    vectors: Float[Array, "components components"]
    periodic: tuple[bool, ...] = eqx.field(static=True)
    upright: bool = eqx.field(static=True)

    def __init__(self, edges: Any, periodic: bool | Sequence[bool] = True):
        edges = float_array(edges, "edges")
        if edges.ndim == 0 or edges.shape[0] not in (2, 3) or edges.shape not in ((len(edges),), (len(edges),) * 2):
            raise ValueError(
                f"edges has shape {edges.shape}; give two or three lengths, or two or three vectors as rows."
            )
        self.upright = edges.ndim == 1 or (is_concrete(edges) and not np.any(edges - np.diag(np.diag(edges))))
        self.vectors = jnp.diag(edges) if edges.ndim == 1 else edges
        flags = [periodic] * len(edges) if isinstance(periodic, bool | np.bool_) else list(periodic)
        if len(flags) != len(edges):
            raise ValueError(f"periodic has {len(flags)} flags for {len(edges)} edges; give one for each.")
        self.periodic = tuple(bool(flag) for flag in flags)

    def __check_init__(self):
        check_fields(self)
        if not is_concrete(self.vectors):
            return
        vectors = np.asarray(self.vectors)
        if self.upright and (np.diag(vectors) < 0).any():
            raise ValueError(f"edges are {np.diag(vectors)}, but a length must be positive; they span no volume.")
        if not (np.isfinite(vectors).all() and float(self.volume) > 1e-6 * np.prod(np.linalg.norm(vectors, axis=1))):
            raise ValueError(
                f"edges are {vectors.tolist()}, which span no volume; give lengths above zero, or vectors of which "
                "none lies in the plane of the others."
            )

    @property
    def components(self) -> int:
        """The number of dimensions, 2 or 3."""
        return self.vectors.shape[0]

    @property
    def volume(self) -> Scalar:
        """The volume (3-D) or the area (2-D)."""
        return jnp.abs(_determinant(self.vectors))

    @property
    def heights(self) -> Float[Array, " components"]:
        """Distances between opposite faces."""
        return 1 / jnp.sqrt(jnp.sum(self._inverse() ** 2, axis=0))

    def fractions(self, positions: Any) -> Float[Array, "*shape components"]:
        """The positions, shape (*shape, components), in units of the edges: 0 to 1 inside."""
        positions = float_array(positions, "positions")
        inverse = self._inverse()
        return reduce(add, (positions[..., c, None] * inverse[c] for c in range(self.components)))

    def wrapped(self, positions: Any) -> Float[Array, "*shape components"]:
        """The images of positions, shape (*shape, components), that lie inside, along the edges that repeat."""
        positions = float_array(positions, "positions")
        shift = self.periods(self.fractions(positions))
        return positions - sum(shift[..., a, None] * self.vectors[a] for a in range(self.components))

    def periods(self, fractions: Float[Array, "*shape components"]) -> Float[Array, "*shape components"]:
        """How many edges away from the box they lie, along the edges that repeat: whole numbers."""
        return jnp.where(jnp.asarray(self.periodic), jnp.floor(fractions), 0.0)

    def farthest(self) -> float:
        """Half of the smallest height along which the box repeats: up to there, an atom sees one image of another.

        Infinite if the box is open on all sides.
        """
        heights = np.asarray(self.heights)[list(self.periodic)]
        return float(heights.min()) / 2 if heights.size else math.inf

    def _inverse(self):
        """Columns are the reciprocal vectors, without 2 pi. In closed form: no LAPACK is called for a 3 x 3 matrix."""
        v = self.vectors
        if self.components == 2:
            adjugate = jnp.array([[v[1, 1], -v[0, 1]], [-v[1, 0], v[0, 0]]])
        else:
            adjugate = jnp.stack([jnp.cross(v[1], v[2]), jnp.cross(v[2], v[0]), jnp.cross(v[0], v[1])], axis=1)
        return adjugate / _determinant(v)


def _determinant(v):
    if v.shape[0] == 2:
        return v[0, 0] * v[1, 1] - v[0, 1] * v[1, 0]
    return jnp.sum(v[0] * jnp.cross(v[1], v[2]))
