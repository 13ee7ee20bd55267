"""Which devices a computation may use: those of the mesh that the caller has set, by the name of its axis.

    mesh = jax.make_mesh((jax.device_count(),), ("points",), axis_types=(jax.sharding.AxisType.Auto,))
    with jax.set_mesh(mesh):
        ...  # the data points of every simulation are spread over all devices

Nothing else changes: without a mesh everything happens on one device.
"""

from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

POINTS = "points"
"""The mesh axis over which the data points of a simulation are spread."""


def devices_along(axis: str) -> int:
    """How many devices the mesh that is set has along this axis; 1 without one, or where they are in use already.

    Raises ValueError for an axis with explicit sharding, which would have to be spelled out in every operation.
    """
    mesh = jax.sharding.get_abstract_mesh()
    kinds = dict(zip(mesh.axis_names, mesh.axis_types))
    if axis not in kinds or kinds[axis] == AxisType.Manual:
        return 1
    if kinds[axis] == AxisType.Explicit:
        raise ValueError(
            f"the mesh has an axis {axis!r} with explicit sharding; pass axis_types=(jax.sharding.AxisType.Auto,) to "
            "jax.make_mesh."
        )
    return mesh.shape[axis]


def on_every_device(tree: Tree) -> Tree:
    """A copy of all arrays on every device of the mesh that is set; without one, the arrays as they are.

    Several processes must all call it, with the same numbers: then each can read them, and none is ahead of the others.
    """
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        return tree
    everywhere = NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: jax.device_put(leaf, everywhere) if eqx.is_array(leaf) else leaf, tree)


def agreed(number: float) -> float:
    """The number that the first process has, in every process of a mesh that is set: clocks do not agree by themselves.

    Whatever decides whether another step is made must be the same everywhere, or one process waits for ever.
    """
    if jax.sharding.get_mesh().empty or jax.process_count() == 1:
        return number
    return float(multihost_utils.broadcast_one_to_all(np.float32(number)))
