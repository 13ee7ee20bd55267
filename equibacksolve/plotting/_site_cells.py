"""The cell that stands for a site: a square, a hexagon, or whatever the directions of its neighbours make."""

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

_ROUND = np.radians(np.arange(0, 180, 30.0))
"""Directions of a dodecagon, for sites that have no order."""


def cell_of_sites(positions: Float[np.ndarray, "sites 2"]) -> Float[np.ndarray, "corners 2"]:
    """The corners of a cell about the origin, all of whose edges are half a bond away from it.

    It has an edge across each direction of a bond, and one opposite: a square on the square lattice, a hexagon on the
    honeycomb. Sites of a chain are squares; where bonds have many directions, or just a few that leave a cell open, it
    is a dodecagon.
    """
    bond, angles = _bonds(positions)
    if len(angles) == 1:
        angles = np.array([angles[0], angles[0] + np.pi / 2])
    gaps = np.diff(np.append(angles, angles[:1] + np.pi))
    if not 2 <= len(angles) <= 6 or gaps.max() > np.radians(100):
        angles, gaps = _ROUND, np.full(len(_ROUND), np.pi / len(_ROUND))
    # Two edges that turn by a gap meet in between.
    corner, far = angles + gaps / 2, bond / 2 / np.cos(gaps / 2)
    half = far[:, None] * np.stack([np.cos(corner), np.sin(corner)], axis=1)
    return np.concatenate([half, -half])


def _bonds(positions: Float[np.ndarray, "sites 2"]) -> tuple[float, Float[np.ndarray, " angles"]]:
    """The distance of nearest neighbours, and the directions in which they are, each axis once, from 0 to pi."""
    nearest = np.unique(positions, axis=0)
    if len(nearest) < 2:
        return 1.0, np.zeros(1)
    tree = KDTree(nearest)
    bond = float(np.median(tree.query(nearest, k=2)[0][:, 1]))
    first, second = tree.query_pairs(1.05 * bond, output_type="ndarray").T
    x, y = (nearest[second] - nearest[first]).T
    angles = np.sort(np.arctan2(y, x) % np.pi)
    # Angles that rounding tells apart, and 0 and pi, are one.
    angles = angles[np.append(True, np.diff(angles) > 1e-3)]
    return bond, angles[:-1] if len(angles) > 1 and angles[-1] - angles[0] > np.pi - 1e-3 else angles
