"""Which clusters of atoms may hold atoms near each other: what makes sums over pairs linear in the number of atoms.

Atoms are sorted along the first edge of the box and cut into slabs, slabs along the second edge into columns, columns
along the third into clusters, of equally many atoms each. (Packing of Leutenegger, Lopez and Edgington, Proc. ICDE 497
(1997); sums over pairs of small clusters: Pall and Hess, Comput. Phys. Commun. 184, 2641 (2013).) Then slabs are asked
whether they come within reach of each other, columns in near slabs, clusters in near columns. Crowds make clusters
small, not full. All is done anew in every sum: no list of neighbours grows old, and nothing is kept.
"""

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from equibacksolve._arrays import is_concrete
from equibacksolve.atoms._box import Box

_SIZES = {8: 1.0, 4: 1.6}
"""Atoms in a cluster, and what a pair of atoms costs there. Small ones are for short reaches: fewer pairs are far."""

_FEW = 256
"""Atoms of which all pairs are looked at: that takes less time than to sort them, and to compile the sort."""

_SPARE = 1.2
"""How many times the near clusters of the structure at hand there is room for, or more: see `_room_for`."""


class Clusters(NamedTuple):
    """How the atoms are dealt out.

    **Fields**

    - `atoms`: how many there are.
    - `shape`: how many parts each edge is cut into; none for atoms in their order, where all clusters are paired.
    - `size`: atoms in a cluster.
    - `room`: how many near pairs of slabs, of columns and of clusters are kept.
    - `reach`: the distance up to which pairs are found.
    """

    atoms: int
    shape: tuple[int, ...]
    size: int
    room: tuple[int, ...]
    reach: float

    @property
    def levels(self) -> tuple[int, ...]:
        """How many slabs, columns and clusters there are; nothing for atoms in their order."""
        return tuple(itertools.accumulate(self.shape, operator.mul))

    @property
    def number(self) -> int:
        """How many clusters there are."""
        return self.levels[-1] if self.shape else math.ceil(self.atoms / self.size)

    @property
    def all_pairs(self) -> int:
        """How many pairs of clusters there are, of a cluster with itself included, and room for some that are none."""
        return self.number * (self.number // 2 + 1)

    def pair_of_all(self, at: Int[Array, " pairs"]) -> Int[Array, "pairs 2"]:
        """The pairs of clusters with these numbers: i and i + s, counted cyclically, for each s up to half of all.

        Where s is just half of them, each pair comes twice, and once as a pair of clusters that are not there.
        """
        first, apart = at % self.number, at // self.number
        twice = (2 * apart >= self.number) & (first >= self.number // 2) & (apart > 0)
        there = (at < self.all_pairs) & ~twice
        pairs = jnp.stack([first, (first + apart) % self.number], axis=1)
        return jnp.where(there[:, None], pairs, self.number).astype(jnp.int32)


def clusters_for(positions: Float[Array, "atoms components"], box: Box, reach: float) -> Clusters:
    """The clusters in which to look for pairs up to `reach` (length).

    Chosen by this structure, but right for any: where there is too little room, all pairs are looked at. While
    positions are traced nothing is known of them, and all are. Raises `ValueError` for more atoms than have pairs that
    32 bits can count, where JAX has no more.
    """
    atoms = positions.shape[0]
    of_all = Clusters(atoms, (), next(iter(_SIZES)), (), reach)
    if of_all.all_pairs > jnp.iinfo(jnp.result_type(int)).max // 8:
        raise ValueError(
            f"positions holds {atoms} atoms, too many to count their pairs in 32 bits; pass "
            'jax.config.update("jax_enable_x64", True) first.'
        )
    if atoms < _FEW or not is_concrete(positions, box):
        return of_all
    fractions = np.asarray(_inside(box, box.fractions(positions)))
    plans = [_planned(of_all._replace(size=size), box, fractions) for size in _SIZES]
    plan, near = min(plans, key=lambda one: one[1] * one[0].size ** 2 * _SIZES[one[0].size])
    # To leave out few pairs is not worth the sort.
    return plan if near < 0.8 * _most(plan.number) else of_all


def _planned(clusters: Clusters, box: Box, fractions: Float[np.ndarray, "atoms components"]) -> tuple[Clusters, int]:
    """With a shape, and with room for some more near pairs than there are; and how many there are."""
    plan = clusters._replace(shape=_shape_for(clusters, box, fractions))
    bounds = _bounds(plan, fractions, _table(plan, fractions, np), np)
    kept = lambda keep, first, second, number: (first[keep], second[keep])
    counts = [len(first) for first, _ in _near(plan, box, bounds, np, kept)]
    return plan._replace(room=tuple(map(_room_for, counts, plan.levels))), counts[-1]


def _room_for(near: int, number: int) -> int:
    """In steps of the square root of 2, so that structures that are alike share a compiled program."""
    return min(math.ceil(2 ** (math.ceil(2 * math.log2(_SPARE * near + 16)) / 2)), _most(number))


def _most(number: int) -> int:
    """Pairs of so many parts, of one with itself included."""
    return number * (number + 1) // 2


def dealt_out(
    clusters: Clusters, box: Box, fractions: Float[Array, "atoms components"]
) -> tuple[Int[Array, "clusters places"], Int[Array, "pairs 2"] | None, Bool[Array, ""]]:
    """The number of the atom in each place, `atoms` where it is empty; the pairs that are near; whether they are all.

    The last cluster is empty; it fills up the pairs where there are fewer than there is room for. No pairs are told if
    nothing is known of the structure.
    """
    atoms, size, number = clusters.atoms, clusters.size, clusters.number
    if not clusters.shape:
        table = jnp.minimum(jnp.arange((number + 1) * size, dtype=jnp.int32), atoms)
        return table.reshape(number + 1, size), None, jnp.array(False)
    box, fractions = lax.stop_gradient((box, _inside(box, fractions)))
    table = _table(clusters, fractions, jnp)
    bounds = _bounds(clusters, fractions, table, jnp)
    rooms, fits = iter(clusters.room), []

    def kept(keep, first, second, number):
        room = next(rooms)
        place = jnp.cumsum(keep, dtype=jnp.int32)
        fits.append(place[-1] <= room)
        rows = jnp.full((room, 2), number, jnp.int32)  # what is not there is far from all
        rows = rows.at[jnp.where(keep, place - 1, room)].set(jnp.stack([first, second], axis=1), mode="drop")
        return rows[:, 0], rows[:, 1]

    *_, pair = _near(clusters, box, bounds, jnp, kept)
    table = jnp.concatenate([table, jnp.full_like(table[:1], atoms)])
    return table, jnp.stack(pair, axis=1), jnp.stack(fits).all()


def _inside(box: Box, fractions):
    return fractions - box.periods(fractions)


def _shape_for(clusters: Clusters, box: Box, fractions) -> tuple[int, ...]:
    """Parts of each edge that make clusters about as long as wide."""
    extent = np.where(box.periodic, 1.0, np.ptp(fractions, axis=0)) * np.asarray(box.heights)
    extent = np.maximum(extent, 1e-3 * extent.max())
    edge = (math.prod(extent) / clusters.number) ** (1 / len(extent))
    shape: list[int] = []
    for length in extent[:-1]:
        left = math.ceil(clusters.number / math.prod(shape))
        shape.append(int(np.clip(round(length / edge), 1, left)))
    return (*shape, math.ceil(clusters.number / math.prod(shape)))


def _table(clusters: Clusters, fractions, xp: Any):
    """The number of the atom in each place, `atoms` where it is empty: at the end, as if they were far away."""
    places = clusters.number * clusters.size
    lacking = xp.full((places - clusters.atoms, len(clusters.shape)), np.inf, fractions.dtype)
    along = xp.concatenate([fractions, lacking])
    order = xp.arange(places, dtype=np.int32).reshape(1, places)
    for axis, parts in enumerate(clusters.shape):
        turned = xp.argsort(along[order, axis], axis=1)
        order = xp.take_along_axis(order, turned, axis=1).reshape(parts * len(order), -1)
    return xp.minimum(order, clusters.atoms)


def _bounds(clusters: Clusters, fractions, table, xp: Any):
    """The lowest and highest coordinates of each cluster; inf and -inf if it is empty."""
    empty = (table == clusters.atoms)[:, :, None]
    inside = fractions[xp.minimum(table, clusters.atoms - 1)]
    return xp.where(empty, np.inf, inside).min(axis=1), xp.where(empty, -np.inf, inside).max(axis=1)


def _near(clusters: Clusters, box: Box, bounds, xp: Any, kept: Callable):
    """Pairs i <= j of slabs, of columns and of clusters that may hold atoms within reach, level by level.

    `kept(keep, first, second, number)` picks those to keep of all children of the near pairs of the level above.
    """
    heights = xp.asarray(box.heights)
    first = second = xp.zeros(1, np.int32)
    for parts, number in zip(clusters.shape, clusters.levels):
        low, high = (ends.reshape(number, -1, len(heights)) for ends in bounds)
        child = xp.arange(parts, dtype=np.int32)
        shape = (len(first), parts, parts)
        i = xp.broadcast_to(first[:, None, None] * parts + child[:, None], shape).reshape(-1)
        j = xp.broadcast_to(second[:, None, None] * parts + child, shape).reshape(-1)
        keep = _within_reach(clusters.reach, box, heights, low.min(axis=1), high.max(axis=1), i, j, xp)
        first, second = kept(keep, i, j, number)
        yield first, second


def _within_reach(reach, box: Box, heights, low, high, i, j, xp):
    """Whether the boxes i and j around atoms, i <= j, come within reach: the atoms are no nearer than these boxes are.

    Two points are at least as far apart as the faces of a cell between them. At right angles the squares add up.
    """
    number, slack = len(low), 4 * np.finfo(low.dtype).eps
    empty = low > high
    low, high = xp.where(empty, 0.0, low), xp.where(empty, 0.0, high)
    middles, halves = (low + high) / 2, xp.where(empty, -np.inf, (high - low) / 2)
    a, b = xp.minimum(i, number - 1), xp.minimum(j, number - 1)
    squared = xp.zeros(len(i), low.dtype)
    for axis, repeats in enumerate(box.periodic):
        apart = abs(middles[a, axis] - middles[b, axis])
        apart = xp.minimum(apart, 1 - apart) if repeats else apart
        gap = xp.maximum(apart - halves[a, axis] - halves[b, axis] - slack, 0.0) * heights[axis]
        squared = squared + gap**2 if box.upright else xp.maximum(squared, gap**2)
    return (i <= j) & (j < number) & (squared <= reach**2)
