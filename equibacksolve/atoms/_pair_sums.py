"""Sums over pairs of atoms that are near each other, each pair once.

Pairs of clusters (see `_clusters`) are visited a few at a time, so that what is held at once fits into the cache of a
core, also in the reverse sweep, which computes the distances again.
"""

import math
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from equibacksolve.atoms._box import Box
from equibacksolve.atoms._clusters import Clusters, dealt_out

_TOGETHER = 4096
"""Pairs of places that are visited at once: what they need stays in the cache of a core."""

_ROUNDS, _LONGEST = 16, 256
"""Rounds of visits, and visits in a round at most. Few rounds: each adds up an array of all atoms. Short ones: the
positions of all pairs in a round are held at once."""


class Pairs(NamedTuple):
    """Some pairs of places, (i, j).

    **Fields**

    - `vectors`: from i to the nearest image of j.
    - `distances`: their lengths, with derivative zero where they are zero.
    - `kinds`: the species of i and of j, as numbers.
    - `real`: whether a pair is there: two atoms, for the first time.
    """

    vectors: Float[Array, "components places places parts"]
    distances: Float[Array, "places places parts"]
    kinds: tuple[Int[Array, "places 1 parts"], Int[Array, "1 places parts"]]
    real: Bool[Array, "places places parts"]


class _Dealt(NamedTuple):
    """What there is in the places of each cluster: positions in units of the edges, kinds, numbers of atoms.

    `low` and `high` are the numbers again; inside a cluster, low < high tells a pair, and no empty place, once.
    """

    fractions: Float[Array, "clusters components places"]
    kinds: Int[Array, "clusters places"]
    table: Int[Array, "clusters places"]
    low: Int[Array, "clusters places"]
    high: Int[Array, "clusters places"]


class Scene(NamedTuple):
    """Atoms and their species as numbers, dealt out to clusters; the near pairs of these, and whether there are more.

    `scene_of` makes it, for all sums over these atoms up to one reach.
    """

    positions: Float[Array, "atoms components"]
    kinds: Int[Array, " atoms"]
    box: Box
    clusters: Clusters
    dealt: _Dealt
    near: Int[Array, "pairs 2"] | None
    fits: Bool[Array, ""]


def scene_of(
    positions: Float[Array, "atoms components"], kinds: Int[Array, " atoms"], box: Box, clusters: Clusters
) -> Scene:
    """Deal the atoms out."""
    fractions, atoms = box.fractions(positions), len(kinds)
    table, near, fits = dealt_out(clusters, box, fractions)
    empty, inside = table == atoms, jnp.minimum(table, atoms - 1)
    dealt = _Dealt(
        jnp.moveaxis(fractions[inside], -1, 1),
        kinds.astype(jnp.int32)[inside],
        table,
        jnp.where(empty, 2 * atoms, table),
        jnp.where(empty, -atoms, table),
    )
    return Scene(positions, kinds, box, clusters, dealt, near, fits)


Visit = Callable[[Any, Pairs], tuple[Any, Any]]


def sum_into(step: Visit, start: Float[Array, "..."], scene: Scene) -> Float[Array, "..."]:
    """The last `total` of `step(total, pairs) -> (total, None)`, over all pairs within reach, and some farther ones."""
    return _visit(scene, lambda total, pairs: _scan(step, total, scene, pairs)[0], start)


def sum_per_atom(
    term: Callable[[Pairs], list[Float[Array, "places places parts"]]], scene: Scene, signs: tuple[int, ...] = (1,)
) -> Float[Array, "atoms terms"]:
    """For each atom i the sums of the terms over its neighbours j within reach, and some farther ones.

    `term` returns one array for each term, anything where no pair is; `signs` has 1 for each term that stays the same
    when i and j change places, -1 for one that changes its sign.
    """

    def step(carry, pairs):
        # Where no pair is, terms see one at the reach, lest they divide by zero.
        pairs = pairs._replace(distances=jnp.where(pairs.real, pairs.distances, scene.clusters.reach))
        # Behind the barrier each term is computed once, not once for each sum that it enters.
        terms = lax.optimization_barrier(jnp.where(pairs.real, jnp.stack(term(pairs)), 0.0))
        turned = jnp.array(signs, terms.dtype)
        return carry, (terms.sum(axis=2).T, terms.sum(axis=1).T * turned)

    def one_round(total, pairs):
        _, ends = _scan(step, jnp.zeros(()), scene, pairs)
        return total.at[scene.dealt.table[pairs]].add(jnp.stack(ends, axis=2))

    start = jnp.zeros((len(scene.kinds) + 1, len(signs)), scene.positions.dtype)
    return _visit(scene, one_round, start)[:-1]


def _visit(scene, one_round, start):
    """`one_round(total, pairs)` over the clusters that are near, as many at once as bounds the memory.

    Over all pairs of clusters, slow but right, if there is no room for those that are near.
    """
    clusters, near = scene.clusters, scene.near
    of_all = lambda: _in_rounds(one_round, start, clusters, clusters.all_pairs, clusters.pair_of_all)
    if near is None:
        return of_all()

    def unless_empty(carry, pairs):
        return lax.cond(pairs[0, 0, 0] < clusters.number, one_round, lambda carry, _: carry, carry, pairs)

    near_at = lambda at: near.at[at].get(mode="fill", fill_value=clusters.number)
    of_near = lambda: _in_rounds(unless_empty, start, clusters, near.shape[0], near_at)
    return lax.cond(scene.fits, of_near, of_all)


def _in_rounds(visit, start, clusters: Clusters, total: int, pairs_of):
    """The last `carry` of `visit(carry, pairs)` over the pairs of clusters with the numbers 0 to `total`.

    `pairs_of(numbers)` tells which these are. The reverse sweep of a round begins with dealing out again.
    """
    at_once = min(max(1, _TOGETHER // clusters.size**2), total)
    steps = min(_LONGEST, math.ceil(total / (_ROUNDS * at_once)))
    rounds = math.ceil(total / (steps * at_once))

    @jax.checkpoint
    def one(carry, number):
        pairs = pairs_of(number * steps * at_once + jnp.arange(steps * at_once))
        return visit(carry, pairs.reshape(steps, at_once, 2)), None

    return lax.scan(one, start, jnp.arange(rounds))[0]


def _scan(step: Visit, start, scene: Scene, pairs: Int[Array, "steps parts 2"]):
    """All that a step needs is dealt out before: inside, the reverse sweep would add up arrays of all atoms."""
    dealt, first, second = scene.dealt, pairs[:, :, 0], pairs[:, :, 1]
    apart = jnp.where(first == second, 0, len(scene.kinds))  # in two clusters, any two atoms are a pair
    ends = dealt.fractions[first], dealt.fractions[second], dealt.kinds[first], dealt.kinds[second]

    def one(carry, part):
        here, there = (jnp.transpose(end, (1, 2, 0)) for end in part[:2])
        kind_here, kind_there, low, high = (end.T for end in part[2:])
        vectors = _nearest(scene.box, there[:, None, :, :] - here[:, :, None, :])
        squared = jnp.sum(vectors**2, axis=0)
        # The square root must not see a zero: in the derivative, 0 * inf would be NaN.
        distances = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)
        kinds = kind_here[:, None, :], kind_there[None, :, :]
        return step(carry, Pairs(vectors, distances, kinds, low[:, None, :] < high[None, :, :]))

    one = jax.checkpoint(one, prevent_cse=False)  # a scan needs no barrier, which would cost three times the work
    return lax.scan(one, start, (*ends, dealt.low[first], dealt.high[second] + apart[:, :, None]))


def _nearest(box: Box, fractions: Float[Array, "components ..."]) -> Float[Array, "components ..."]:
    """Differences in units of the edges, as vectors to the nearest image: right up to `Box.farthest`."""
    spread = lambda row: row.reshape(-1, *[1] * (fractions.ndim - 1))
    fractions = fractions - spread(jnp.array(box.periodic, fractions.dtype)) * jnp.round(fractions)
    if box.upright:
        return fractions * spread(jnp.diagonal(box.vectors))
    return reduce(add, (fractions[a] * spread(box.vectors[a]) for a in range(box.components)))
