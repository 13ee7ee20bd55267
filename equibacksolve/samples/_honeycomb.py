"""Honeycomb lattices: ribbons with either edge, and dots of any shape.

Sites are bricks of a wall, numbered by whole numbers (i, c): the i-th of zigzag chain c, all at distance 1/2 along the
chain. Each is bonded to its neighbours on the chain, and to one on the chain above or below, as i + c is even or odd.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from equibacksolve.samples._gauge import landau
from equibacksolve.samples._neighbours import Sites, bonds_along, sample_of
from equibacksolve.samples._tight_binding import TightBinding

_HEXAGON = math.sqrt(3) / 2
"""The area of a hexagon, and the distance of two zigzag chains, where the lattice constant is 1."""

_MOST = 1_000_000
_GAUGE = landau(np.array([1.0, 0.0]), 1 / _HEXAGON)
_EDGES = ("zigzag", "armchair")


def honeycomb_ribbon(
    length: int, width: int, edge: str = "zigzag", onsite: Any = None, *, hoppings: Any = None
) -> TightBinding:
    """A ribbon of honeycomb along x, nearest neighbours with hopping -1, lattice constant 1; 2 x length x width sites.

    The flux is that of a hexagon, in h/e. Leads: `ribbon_lead(sample, (-1, 0))` and `(1, 0)` for zigzag edges, with
    sqrt(3) in place of 1 for armchair edges.

    **Arguments**

    - `length`: periods of the ribbon, 1 (zigzag) or sqrt(3) (armchair) long each.
    - `width`: zigzag chains, or dimer lines, across. Armchair ribbons of 2, 5, 8, ... have no gap.
    - `edge`: "zigzag" or "armchair".
    - `onsite`: as for `square_sample`; the map is a brick wall of shape (2 length, width).
    - `hoppings`: as for `square_sample`.

    **Raises** ValueError for another edge, shapes that do not fit, or if there are no sites.
    """
    _check_edge(edge)
    if length < 1 or width < 1:
        raise ValueError(f"a ribbon of length {length} and width {width} has no site; give at least 1 of each.")
    bricks = np.indices((2 * length, width)).reshape(2, -1).T
    return _of_bricks(bricks if edge == "zigzag" else bricks[:, ::-1], edge, onsite, hoppings)


def honeycomb_dot(
    inside: Callable[[Any, Any], Any],
    *,
    start: tuple[float | int, float | int] = (0.0, 0.0),
    edge: str = "zigzag",
    onsite: Any = None,
    hoppings: Any = None,
) -> TightBinding:
    """A piece of honeycomb of any shape: all sites inside that hang together with one near the start.

    Hopping, flux and `onsite` are as for `honeycomb_ribbon`; the map is the smallest brick wall that holds all. Draw
    the stubs of the leads as parts of the shape, and cut the leads by `ribbon_lead(sample, translation, within=...)`.

    **Arguments**

    - `inside`: a function of arrays x and y that is True inside, e.g. `lambda x, y: x**2 + y**2 < 25`.
    - `start`: a point inside.
    - `edge`: of an edge along x.

    **Raises** ValueError if no site near the start is inside, or the shape is of no end.
    """
    _check_edge(edge)
    bricks = _connected(lambda bricks: _inside(inside, _positions(bricks, edge)), _near(start, edge))
    order = np.lexsort(bricks.T[::-1] if edge == "zigzag" else bricks.T)
    return _of_bricks(bricks[order], edge, onsite, hoppings)


def _of_bricks(bricks, edge, onsite, hoppings) -> TightBinding:
    place = bricks - bricks.min(axis=0)
    place = place if edge == "zigzag" else place[:, ::-1]
    length, width = map(int, place.max(axis=0) + 1)
    # Each bond once: along the chain, and from the lower chain to the upper.
    lower = np.flatnonzero(_up(bricks)[:, 0] > 0)
    bonds = [bonds_along(bricks, np.arange(len(bricks)), (1, 0)), bonds_along(bricks, lower, (0, 1))]
    sites = Sites(_positions(bricks, edge), place, (length, width), np.concatenate(bonds))
    return sample_of(sites, -1.0, _GAUGE, onsite, hoppings)


def _up(bricks: Int[np.ndarray, "sites 2"]) -> Int[np.ndarray, "sites 1"]:
    """1 where the third neighbour is on the chain above, -1 where it is below."""
    return 1 - 2 * (bricks.sum(axis=1, keepdims=True) % 2)


def _positions(bricks: Int[np.ndarray, "sites 2"], edge: str) -> Float[np.ndarray, "sites 2"]:
    on_chain, across = bricks[:, 0] / 2, bricks[:, 1] * _HEXAGON + _up(bricks)[:, 0] / (4 * math.sqrt(3))
    return np.stack([on_chain, across] if edge == "zigzag" else [across, on_chain], axis=1)


def _near(start: tuple[float | int, float | int], edge: str) -> Int[np.ndarray, "sites 2"]:
    """The bricks of a few hexagons about a point."""
    x, y = start if edge == "zigzag" else start[::-1]
    middle = np.array([round(2 * x), round(y / _HEXAGON)])
    return middle + np.indices((7, 5)).reshape(2, -1).T - (3, 2)


def _inside(inside: Callable[[Any, Any], Any], positions: Float[np.ndarray, "sites 2"]) -> Bool[np.ndarray, " sites"]:
    return np.broadcast_to(np.asarray(inside(*positions.T), bool), len(positions))


def _connected(allowed: Callable[[Any], Any], near: Int[np.ndarray, "few 2"]) -> Int[np.ndarray, "sites 2"]:
    """All allowed bricks that hang together with one of those near."""
    found = front = near[allowed(near)][:1]
    if not len(found):
        raise ValueError("no site near start is inside; give a start within the shape.")
    seen = set(map(tuple, found.tolist()))
    while len(front):
        third = _up(front) * np.array([0, 1])
        ends = np.unique(np.concatenate([front + step for step in ([1, 0], [-1, 0], third)]), axis=0)
        new = ends[[tuple(one) not in seen for one in ends.tolist()]]
        front = new[allowed(new)] if len(new) else new
        seen.update(map(tuple, front.tolist()))
        found = np.concatenate([found, front])
        if len(found) > _MOST:
            raise ValueError(f"inside holds more than {_MOST} sites; give a shape that ends.")
    return found


def _check_edge(edge: str) -> None:
    if edge not in _EDGES:
        raise ValueError(f"edge is {edge!r}; give one of {', '.join(map(repr, _EDGES))}.")
