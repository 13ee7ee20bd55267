"""Sums over pairs of atoms that are near each other, each pair once.

Pairs of blocks (see `_blocks`) are visited a few at a time, so that what is held at once fits into the cache of a core,
also in the reverse sweep, which computes the distances again.
"""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from equibacksolve.atoms._blocks import Blocks, filled
from equibacksolve.atoms._box import Box

_TOGETHER = 4096
"""Pairs of places that are visited at once."""


class Pairs(NamedTuple):
    """Some pairs of places, (i, j).

    **Fields**

    - `vectors`: from i to the nearest image of j.
    - `distances`: their lengths, with derivative zero where they are zero.
    - `kinds`: the species of i and of j, as numbers.
    - `real`: whether a pair is there: two atoms, for the first time.
    """

    vectors: Float[Array, "components parts places places"]
    distances: Float[Array, "parts places places"]
    kinds: tuple[Int[Array, "parts places 1"], Int[Array, "parts 1 places"]]
    real: Bool[Array, "parts places places"]


class Scene(NamedTuple):
    """Atoms, their species as numbers, and how they are dealt out."""

    positions: Float[Array, "atoms components"]
    kinds: Int[Array, " atoms"]
    box: Box
    blocks: Blocks


Visit = Callable[[Any, Pairs], tuple[Any, Any]]


def sum_into(step: Visit, start: Float[Array, "..."], scene: Scene) -> Float[Array, "..."]:
    """The last `total` of `step(total, pairs) -> (total, None)`, over all pairs within reach, and some farther ones."""
    return _visit(scene, lambda blocks, table: _scan(step, start, scene, blocks, table)[0])


def sum_per_atom(
    term: Callable[[Pairs], list[Float[Array, "parts places places"]]], scene: Scene, signs: tuple[int, ...] = (1,)
) -> Float[Array, "atoms terms"]:
    """For each atom i the sums of the terms over its neighbours j within reach, and some farther ones.

    `term` returns one array for each term, anything where no pair is; `signs` has 1 for each term that stays the same
    when i and j change places, -1 for one that changes its sign.
    """

    def step(carry, pairs):
        # Where no pair is, terms see one at the reach, lest they divide by zero.
        pairs = pairs._replace(distances=jnp.where(pairs.real, pairs.distances, scene.blocks.reach))
        # Behind the barrier each term is computed once, not once for each sum that it enters.
        terms = lax.optimization_barrier(jnp.where(pairs.real, jnp.stack(term(pairs)), 0.0))
        turned = jnp.array(signs, terms.dtype)
        return carry, (jnp.moveaxis(terms.sum(axis=3), 0, -1), jnp.moveaxis(terms.sum(axis=2), 0, -1) * turned)

    def summed(blocks, table):
        _, ends = _scan(step, jnp.zeros(()), scene, blocks, table)
        both = jnp.stack(ends, axis=2)
        total = jnp.zeros((blocks.atoms + 1, both.shape[-1]), both.dtype)
        return total.at[table[_padded(blocks)]].add(both)[:-1]

    return _visit(scene, summed)


def _visit(scene, summed):
    """The sum over the blocks that were planned; over all pairs, slow but right, if they do not hold the atoms."""
    table, fits = filled(scene.blocks, scene.box, lax.stop_gradient(scene.box.fractions(scene.positions)))
    table = _with_empty_block(table, scene.blocks)
    if not scene.blocks.cells:
        return summed(scene.blocks, table)
    every = scene.blocks.whole()
    of_all = _with_empty_block(filled(every, scene.box, scene.positions)[0], every)
    return lax.cond(fits, lambda: summed(scene.blocks, table), lambda: summed(every, of_all))


def _with_empty_block(table, blocks):
    return jnp.concatenate([table, jnp.full_like(table[:1], blocks.atoms)])


def _padded(blocks: Blocks) -> Int[np.ndarray, "steps parts 2"]:
    """The pairs of blocks, as many to a step as suits the cache; the last step is filled up with an empty block."""
    pairs = blocks.pairs()
    parts = min(len(pairs), max(1, _TOGETHER // blocks.capacity**2))
    filler = np.full((-len(pairs) % parts, 2), blocks.number)
    return np.concatenate([pairs, filler]).reshape(-1, parts, 2)


def _scan(step: Visit, start, scene: Scene, blocks: Blocks, table):
    """All that a step needs is dealt out before: inside, the reverse sweep would add up arrays of all atoms."""
    box, pairs, atoms = scene.box, _padded(blocks), blocks.atoms
    fractions = jnp.concatenate([box.fractions(scene.positions), jnp.zeros_like(scene.positions[:1])])
    dealt = jnp.moveaxis(fractions[table], -1, 0)[:, pairs]
    here, there = (jnp.moveaxis(dealt[:, :, :, end], 0, 1) for end in (0, 1))
    first, second = (table[pairs[:, :, end]] for end in (0, 1))
    kinds = jnp.concatenate([scene.kinds, scene.kinds[:1]])
    # One comparison tells a pair: no empty place, and inside one block, in which atoms are in order, the first time.
    apart = (pairs[:, :, 0] != pairs[:, :, 1])[:, :, None]
    low = jnp.where(first == atoms, 2 * atoms, first)
    high = jnp.where(second == atoms, -1, second + apart * atoms)

    def one(carry, part):
        here, there, low, high, kind_here, kind_there = part
        vectors = _nearest(box, there[:, :, None, :] - here[:, :, :, None])
        squared = jnp.sum(vectors**2, axis=0)
        # The square root must not see a zero: in the derivative, 0 * inf would be NaN.
        distances = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)
        kinds = kind_here[:, :, None], kind_there[:, None, :]
        return step(carry, Pairs(vectors, distances, kinds, low[:, :, None] < high[:, None, :]))

    one = jax.checkpoint(one, prevent_cse=False)  # a scan needs no barrier, which would cost three times the work
    return lax.scan(one, start, (here, there, low, high, kinds[first], kinds[second]))


def _nearest(box: Box, fractions: Float[Array, "components ..."]) -> Float[Array, "components ..."]:
    """Differences in units of the edges, as vectors to the nearest image: right up to `Box.farthest`."""
    spread = lambda row: row.reshape(-1, *[1] * (fractions.ndim - 1))
    fractions = fractions - spread(jnp.array(box.periodic, fractions.dtype)) * jnp.round(fractions)
    if box.upright:
        return fractions * spread(jnp.diagonal(box.vectors))
    return reduce(add, (fractions[a] * spread(box.vectors[a]) for a in range(box.components)))
