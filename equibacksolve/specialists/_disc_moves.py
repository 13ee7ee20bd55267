"""Landscapes of a few discs: what they look like, and how one of them is changed a little."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, LeafKind

SHIFT, SPREAD = 1.2, 0.7
"""Length of a shift, in entries, and the spread of its logarithm: most are below an entry, some are leaps."""


class Space(eqx.Module):
    """Where discs can be: place of each unknown along the axes of its leaf, its leaf, and how far the leaves reach.

    Leaves with fewer axes than others are as thick as one entry along the missing ones.
    """

    place: Float[Array, "unknowns axes"]
    leaf: Int[Array, " unknowns"]
    extent: Float[Array, "leaves axes"]
    weight: Float[Array, " leaves"]


class Limits(NamedTuple):
    """The least and the largest radius; and how far the level outside may be from the guess, in units of `ground`."""

    radii: Float[Array, " 2"]
    ground: Scalar


class Discs(NamedTuple):
    """Room for so many discs; those `present` count.

    `stretch`: by how much the distance of the levels is larger than guessed. `ground`: how far the level outside of the
    discs is above the guess, in units of the guessed distance.
    """

    center: Float[Array, "most axes"]
    radius: Float[Array, " most"]
    leaf: Int[Array, " most"]
    present: Bool[Array, " most"]
    stretch: Float[Array, ""]
    ground: Float[Array, ""]


def space_of(like: Hidden, kinds: tuple[LeafKind, ...]) -> Space:
    """The places of all unknowns. Leaves whose neighbours are none in space get no discs."""
    shapes = [leaf.shape for leaf in jax.tree.leaves(like)]
    axes = max(1, *(len(shape) for shape in shapes))
    of_leaf = [np.indices(shape).reshape(len(shape), -1).T if shape else np.zeros((1, 0)) for shape in shapes]
    place = np.concatenate([np.pad(one, ((0, 0), (0, axes - one.shape[1]))) for one in of_leaf])
    leaf = np.repeat(np.arange(len(shapes)), [len(one) for one in of_leaf])
    extent = np.array([(*shape, *(1,) * (axes - len(shape))) for shape in shapes])
    weight = np.array([np.prod(shape) * kind.smooth for shape, kind in zip(shapes, kinds)])
    dtype = ravel_pytree(like)[0].dtype
    return Space(
        jnp.asarray(place, dtype), jnp.asarray(leaf, jnp.int32), jnp.asarray(extent, dtype), jnp.asarray(weight, dtype)
    )


def no_discs(space: Space, most: int) -> Discs:
    """None yet, and room for `most`."""
    axes, dtype = space.place.shape[1], space.place.dtype
    nothing = jnp.zeros(most, dtype)
    center, leaf, present = jnp.zeros((most, axes), dtype), nothing.astype(jnp.int32), nothing.astype(bool)
    return Discs(center, nothing, leaf, present, jnp.ones((), dtype), jnp.zeros((), dtype))


def covered(space: Space, discs: Discs) -> Bool[Array, " unknowns"]:
    """Which unknowns are in a disc."""
    distance = jnp.sqrt(jnp.sum((space.place[:, None] - discs.center) ** 2, axis=-1))
    inside = (distance < discs.radius) & (space.leaf[:, None] == discs.leaf)
    return jnp.any(inside & discs.present, axis=-1)


def changed(
    space: Space, limits: Limits, discs: Discs, key: PRNGKeyArray
) -> tuple[Discs, Int[Array, ""], Bool[Array, ""]]:
    """The discs after a random change, how many more there are, and whether such discs can be."""
    radii = limits.radii
    of_move, of_one, of_other, of_change = jax.random.split(key, 4)
    move = jax.random.categorical(of_move, jnp.log(jnp.asarray(list(CHANCES.values()))))
    number = jnp.sum(discs.present)
    move = jnp.where(number == 0, BIRTH, move)
    one = jax.random.categorical(of_one, jnp.log(discs.present.astype(radii.dtype)))
    others = discs.present & (jnp.arange(discs.present.size) != one)
    other = jax.random.categorical(of_other, jnp.log(others.astype(radii.dtype)))
    room = jnp.argmin(discs.present)
    calls = [lambda *a, change=change: change(space, radii, *a) for change in CHANCES]
    after = jax.lax.switch(move, calls, discs, one, other, room, of_change)
    full, alone = jnp.all(discs.present), number < 2
    possible = ~(full & ((move == BIRTH) | (move == SPLIT))) & ~(alone & (move == MERGE))
    return after, jnp.sum(after.present) - number, possible & _within(space, limits, after)


def _within(space, limits, discs):
    """Centres in their leaves, radii between the limits, levels not farther from the guess than by a factor of two."""
    reach = space.extent[discs.leaf]
    places = jnp.all((discs.center >= -0.5) & (discs.center <= reach - 0.5), axis=-1)
    sizes = (discs.radius >= limits.radii[0]) & (discs.radius <= limits.radii[1])
    levels = (jnp.abs(jnp.log(discs.stretch)) < jnp.log(2.0)) & (jnp.abs(discs.ground) <= limits.ground)
    return jnp.all((places & sizes) | ~discs.present) & levels


def _birth(space, radii, discs, one, other, room, key):
    of_leaf, of_place, of_radius = jax.random.split(key, 3)
    leaf = jax.random.categorical(of_leaf, jnp.log(space.weight)).astype(jnp.int32)
    # Uniform in the logarithm: small ones fit in more places.
    radius = radii[0] * (radii[1] / radii[0]) ** jax.random.uniform(of_radius, dtype=radii.dtype)
    return discs._replace(
        center=discs.center.at[room].set(_anywhere(space, leaf, of_place)),
        radius=discs.radius.at[room].set(radius),
        leaf=discs.leaf.at[room].set(leaf),
        present=discs.present.at[room].set(True),
    )


def _death(space, radii, discs, one, other, room, key):
    return discs._replace(present=discs.present.at[one].set(False))


def _elsewhere(space, radii, discs, one, other, room, key):
    return discs._replace(center=discs.center.at[one].set(_anywhere(space, discs.leaf[one], key)))


def _shift(space, radii, discs, one, other, room, key):
    of_length, of_way = jax.random.split(key)
    length = SHIFT * jnp.exp(SPREAD * jax.random.normal(of_length, dtype=radii.dtype))
    way = length * jax.random.normal(of_way, discs.center.shape[1:], radii.dtype)
    return discs._replace(center=discs.center.at[one].add(_along(space, discs.leaf[one], way)))


def _resize(space, radii, discs, one, other, room, key):
    return discs._replace(radius=discs.radius.at[one].add(0.3 * jax.random.normal(key, dtype=radii.dtype)))


def _split(space, radii, discs, one, other, room, key):
    """Two discs, a little smaller, on either side of the centre."""
    of_way, of_sizes = jax.random.split(key)
    way = SHIFT * jax.random.normal(of_way, discs.center.shape[1:], radii.dtype)
    way = _along(space, discs.leaf[one], way)
    smaller = discs.radius[one] * jax.random.uniform(of_sizes, (2,), radii.dtype, 0.6, 1.0)
    smaller = jnp.maximum(smaller, radii[0])
    return discs._replace(
        center=discs.center.at[one].add(-way).at[room].set(discs.center[one] + way),
        radius=discs.radius.at[one].set(smaller[0]).at[room].set(smaller[1]),
        leaf=discs.leaf.at[room].set(discs.leaf[one]),
        present=discs.present.at[room].set(True),
    )


def _merge(space, radii, discs, one, other, room, key):
    """One disc between two, a little larger than the larger one."""
    radius = jnp.minimum(1.1 * jnp.maximum(discs.radius[one], discs.radius[other]), radii[1])
    return discs._replace(
        center=discs.center.at[one].set((discs.center[one] + discs.center[other]) / 2),
        radius=discs.radius.at[one].set(radius),
        present=discs.present.at[other].set(False),
    )


def _stretch(space, radii, discs, one, other, room, key):
    return discs._replace(stretch=discs.stretch * jnp.exp(0.1 * jax.random.normal(key, dtype=radii.dtype)))


def _raise(space, radii, discs, one, other, room, key):
    return discs._replace(ground=discs.ground + 0.1 * jax.random.normal(key, dtype=radii.dtype))


def _anywhere(space, leaf, key):
    extent = space.extent[leaf]
    return _along(space, leaf, jax.random.uniform(key, extent.shape, extent.dtype) * extent - 0.5)


def _along(space, leaf, way):
    """The same way, without what leads out of a leaf that has fewer axes."""
    return jnp.where(space.extent[leaf] > 1, way, 0.0)


CHANCES = {
    _birth: 1.0,
    _death: 1.0,
    _elsewhere: 1.0,
    _shift: 4.0,
    _resize: 1.5,
    _split: 0.5,
    _merge: 0.5,
    _stretch: 1.0,
    _raise: 0.3,
}
"""How often which change is tried."""

BIRTH, SPLIT, MERGE = (list(CHANCES).index(change) for change in (_birth, _split, _merge))
"""Their numbers: some are not always possible."""
