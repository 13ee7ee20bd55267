"""The cost over two unknowns around a point (Sec. IV, Fig. 4)."""

import itertools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from equibacksolve._arrays import float_array
from equibacksolve.diagnostics._unknowns import Entry, Selector, entry_number, hidden_and_known
from equibacksolve.inverse import AbstractObservations, Hidden, cost
from equibacksolve.simulators import AbstractSimulator, check_before_compiling


class CostSurface(eqx.Module):
    """The cost as a function of two unknowns, all others held.

    **Fields**

    - `first_values`, `second_values`: the values of the two unknowns.
    - `cost`: eq. 1, or chi-squared per datum if sigma is known, at each pair of them.
    """

    first_values: Float[Array, " first"]
    second_values: Float[Array, " second"]
    cost: Float[Array, "first second"]


def cost_surface(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    entries: tuple[Entry, Entry],
    first_values: Float[Any, " first"],
    second_values: Float[Any, " second"],
    batch: int = 1,
) -> CostSurface:
    """The cost over any two entries of the hidden leaves, the rest as the simulator has it (Fig. 4).

        surface = cost_surface(truth, observed, where=lambda s: s.sample.onsite.values, entries=((3, 4), (8, 7)),
                                   first_values=jnp.linspace(-1, 2, 41), second_values=jnp.linspace(-1, 2, 41))

    **Arguments**

    - `simulator`: the point; `observed`: the data.
    - `where`: returns the hidden leaves.
    - `entries`: two indices into the hidden leaf. Where several leaves are hidden, the number of the leaf, in the order
      in which `where` returns them, goes before: `((0, 3, 4), (1,))` is a site and a number of no axes.
    - `first_values`, `second_values`: what the two entries take, in their own units.
    - `batch`: simulations of the data set that are made together, and are in memory together. One is fastest on a CPU.

    **Raises** ValueError if an entry does not exist, if both are the same, if there are no values, or values that are
    not finite, or if the simulator cannot be trusted at a corner of the mesh (`AbstractSimulator.check_settings`).
    """
    numbers = [entry_number(simulator, where, entry) for entry in entries]
    if numbers[0] == numbers[1]:
        raise ValueError(f"entries names {entries[0]} twice; choose two different entries of the hidden leaves.")
    first, second = float_array(first_values), float_array(second_values)
    for name, values in (("first_values", first), ("second_values", second)):
        if values.size == 0 or not np.all(np.isfinite(values)):
            raise ValueError(f"{name} has {values.size} values; give at least one, and finite ones only.")
    if batch < 1:
        raise ValueError(f"batch is {batch}; give the number of simulations held in memory, at least 1.")
    points = jnp.stack(jnp.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    found = costs_at(simulator, observed, where, jnp.asarray(numbers), points, batch)
    return CostSurface(first, second, found.reshape(first.size, second.size))


def costs_at(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    where: Selector,
    numbers: Int[Array, " chosen"],
    points: Float[Array, "grid chosen"],
    batch: int,
) -> Float[Array, " grid"]:
    """The cost with the chosen unknowns (by their numbers in the vector of unknowns) set to each of the points."""
    hidden, known = hidden_and_known(simulator, where)
    for end in corners(points):
        check_before_compiling(moved(hidden, known, numbers, end), observed.variables)
    return _costs(hidden, known, observed, numbers, points, batch)


def corners(points: Float[Array, "grid chosen"]) -> list[Float[Array, " chosen"]]:
    """The corners of the box that holds the points: where the simulator is farthest from what is usual."""
    return [jnp.stack(corner) for corner in itertools.product(*zip(jnp.min(points, axis=0), jnp.max(points, axis=0)))]


def moved(hidden: Hidden, known: PyTree, numbers: Int[Array, " chosen"], point: Float[Array, " chosen"]) -> Any:
    """The simulator with the chosen unknowns set to a point."""
    flat, unravel = ravel_pytree(hidden)
    return eqx.combine(unravel(flat.at[numbers].set(point.astype(flat.dtype))), known)


@eqx.filter_jit
def _costs(hidden, known, observed, numbers, points, batch):
    return lax.map(lambda point: cost(moved(hidden, known, numbers, point), observed), points, batch_size=batch)
