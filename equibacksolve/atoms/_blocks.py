"""Which blocks of atoms may hold atoms near each other: what makes sums over pairs linear in the number of atoms.

Atoms are dealt out to blocks of one capacity, and pairs are looked for in pairs of blocks. Blocks are cells of the box,
of which only those within reach are paired; or, where that saves nothing, runs of so many atoms in their order, all of
which are paired. Cells are filled anew in every sum, by one sort: no list of neighbours grows old, and nothing is kept.
"""

import math
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from equibacksolve._arrays import is_concrete
from equibacksolve.atoms._box import Box

_RUN = 64
"""Atoms in a run: a pair of runs is 4096 pairs of atoms, whose intermediate arrays stay in the cache of a core."""

_FINEST = 4
"""Cells along the reach at most."""

_SPARE = 1.15
"""How many times the fullest cell of the structure at hand a cell can hold."""


class Blocks(NamedTuple):
    """How the atoms are dealt out.

    **Fields**

    - `atoms`: how many there are.
    - `cells`: along each edge of the box, none for runs of atoms.
    - `rings`: how many cells away a neighbour may be.
    - `capacity`: atoms that a block can hold.
    - `periodic`: of the box.
    - `reach`: the distance up to which pairs are found.
    """

    atoms: int
    cells: tuple[int, ...]
    rings: int
    capacity: int
    periodic: tuple[bool, ...]
    reach: float

    @property
    def number(self) -> int:
        """How many blocks there are."""
        return math.prod(self.cells) if self.cells else math.ceil(self.atoms / self.capacity)

    def pairs(self) -> Int[np.ndarray, "pairs 2"]:
        """The blocks that are paired, each pair once, a block with itself included."""
        return _pairs_of_cells(self) if self.cells else np.stack(np.triu_indices(self.number), axis=1)

    def whole(self) -> "Blocks":
        """Runs of atoms, all of which are paired: right for any structure."""
        return Blocks(self.atoms, (), 0, min(_RUN, self.atoms), self.periodic, self.reach)


def blocks_for(positions: Float[Array, "atoms components"], box: Box, reach: float) -> Blocks:
    """The blocks that need the fewest distances for all pairs up to `reach` (length).

    Chosen by this structure, but right for any: where a cell overflows, all pairs are looked at. While positions are
    traced nothing is known of them, and all are.
    """
    atoms = positions.shape[0]
    best = Blocks(atoms, (), 0, min(_RUN, atoms), box.periodic, reach)
    if not is_concrete(positions, box):
        return best
    heights, fractions = np.asarray(box.heights), np.asarray(box.fractions(positions))
    work = atoms**2 / 2
    for rings in range(1, _FINEST + 1):
        cells = tuple(max(1, int(n)) for n in heights * rings / reach * (1 - 1e-6))
        if max(cells) <= 2 * rings + 1 or math.prod(cells) > 2 * atoms:
            continue
        fullest = np.bincount(np.asarray(_cell_of(fractions, cells, box.periodic))).max()
        blocks = Blocks(atoms, cells, rings, int(_SPARE * fullest) + 1, box.periodic, reach)
        if (needed := len(blocks.pairs()) * blocks.capacity**2) < work:
            best, work = blocks, needed
    return best


def filled(
    blocks: Blocks, box: Box, fractions: Float[Array, "atoms components"]
) -> tuple[Int[Array, "blocks capacity"], Bool[Array, ""]]:
    """The number of the atom in each place, `atoms` where it is empty; and whether all found a place within reach."""
    atoms, capacity, number = blocks.atoms, blocks.capacity, blocks.number
    if not blocks.cells:
        places = jnp.arange(number * capacity)
        return jnp.minimum(places, atoms).reshape(number, capacity), jnp.array(True)
    cell = _cell_of(fractions, blocks.cells, blocks.periodic)
    order = jnp.argsort(cell)
    ordered = cell[order]
    rank = jnp.arange(atoms) - jnp.searchsorted(ordered, jnp.arange(number))[ordered]
    fits = rank < capacity
    place = jnp.where(fits, ordered * capacity + rank, number * capacity)
    table = jnp.full(number * capacity, atoms).at[place].set(order, mode="drop")
    depth = jax.lax.stop_gradient(box.heights) * blocks.rings / jnp.array(blocks.cells, fractions.dtype)
    # An edge with few cells has them all paired, however thin they are.
    crowded = jnp.array(blocks.cells) > 2 * blocks.rings
    return table.reshape(number, capacity), jnp.all(fits) & jnp.all(~crowded | (depth >= blocks.reach))


def _cell_of(fractions, cells, periodic):
    """The number of the cell of each atom; atoms outside an open box belong to the cells at its faces."""
    number = jnp.zeros(fractions.shape[0], int)
    for axis, (count, repeats) in enumerate(zip(cells, periodic)):
        along = fractions[:, axis] - jnp.floor(fractions[:, axis]) if repeats else fractions[:, axis]
        number = number * count + jnp.clip(jnp.floor(along * count).astype(int), 0, count - 1)
    return number


@cache
def _pairs_of_cells(blocks: Blocks) -> Int[np.ndarray, "pairs 2"]:
    """Along an edge of few cells, each is a neighbour of all."""
    cells, reach = blocks.cells, range(-blocks.rings, blocks.rings + 1)
    mesh = lambda axes: np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(cells))
    here = mesh([np.arange(n) for n in cells])
    all_round = [n <= 2 * blocks.rings for n in cells]
    found = []
    for offset in mesh([np.arange(n) if few else np.array(reach) for n, few in zip(cells, all_round)]):
        there = here + offset
        turned = np.where(np.array(all_round) | np.array(blocks.periodic), there % cells, there)
        inside = ((turned >= 0) & (turned < cells)).all(axis=1)
        numbers = [np.ravel_multi_index(tuple(block[inside].T), cells) for block in (here, turned)]
        found.append(np.stack(numbers, axis=1))
    pairs = np.concatenate(found)
    return pairs[pairs[:, 0] <= pairs[:, 1]]
