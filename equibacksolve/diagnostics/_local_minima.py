"""Local minima of a cost surface: where a search can be caught, and how deeply."""

import heapq
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix
from jaxtyping import Float

from equibacksolve.diagnostics._cost_surface import CostSurface, moved
from equibacksolve.diagnostics._unknowns import Entry, Selector, entry_number, hidden_and_known
from equibacksolve.inverse import AbstractObservations, cost, residuals
from equibacksolve.simulators import AbstractSimulator, check_before_compiling


class LocalMinimum(NamedTuple):
    """A minimum of the cost over two unknowns.

    - `first`, `second`: the values of the two unknowns; `cost`: the cost there
    - `barrier`: how far the cost must rise on the way to lower ground, along the mesh; infinite if there is none lower
    """

    first: float
    second: float
    cost: float
    barrier: float


def local_minima(surface: CostSurface) -> list[LocalMinimum]:
    """The mesh points inside the surface that are lower than their eight neighbours, lowest first.

    The mesh blurs them: a minimum is found to half a mesh width, and a narrow valley that runs askew to the mesh can
    show minima that are not there. `refined` mends both.
    """
    first, second = np.asarray(surface.first_values), np.asarray(surface.second_values)
    height = np.asarray(surface.cost)
    found = []
    for i in range(1, height.shape[0] - 1):
        for j in range(1, height.shape[1] - 1):
            around = np.delete(height[i - 1 : i + 2, j - 1 : j + 2].ravel(), 4)
            if np.all(height[i, j] < around):
                place = (float(first[i]), float(second[j]), float(height[i, j]))
                found.append(LocalMinimum(*place, escape_height(height, (i, j)) - place[2]))
    return sorted(found, key=lambda minimum: minimum.cost)


def escape_height(height: Float[np.ndarray, "first second"], start: tuple[int, int]) -> float:
    """The lowest pass on the way from a mesh point to any lower one; infinite if no point is lower.

    The water rises from the point (Dijkstra's algorithm, with the maximum in place of the sum), over eight neighbours.
    """
    shore, seen, level = [(height[start], start)], {start}, -np.inf
    while shore:
        water, (i, j) = heapq.heappop(shore)
        level = max(level, water)
        if water < height[start]:
            return float(level)
        for near in [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]:
            if near not in seen and all(0 <= k < n for k, n in zip(near, height.shape)):
                seen.add(near)
                heapq.heappush(shore, (height[near], near))
    return float("inf")


def refined(
    minimum: LocalMinimum,
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    entries: tuple[Entry, Entry],
    within: float | int,
) -> LocalMinimum | None:
    """The minimum of the surface itself near a minimum of its mesh, by Levenberg-Marquardt in the two unknowns.

    `within` is the mesh width. None if the way down leads further than that in either unknown: then the mesh has
    shown a minimum that is not there. The barrier is corrected for the lower cost.

    Raises ValueError if the simulator cannot be trusted where the minimum is (`AbstractSimulator.check_settings`).
    """
    numbers = jnp.asarray([entry_number(simulator, where, entry) for entry in entries])
    start = jnp.asarray([minimum.first, minimum.second])
    hidden, known = hidden_and_known(simulator, where)
    check_before_compiling(moved(hidden, known, numbers, start), observed.variables)
    end, lower = _descended(hidden, known, observed, numbers, start, jnp.asarray(within, start.dtype))
    if not bool(jnp.all(jnp.abs(end - start) <= within)) or not float(lower) <= minimum.cost:
        return None
    first, second = (float(value) for value in end)
    return LocalMinimum(first, second, float(lower), minimum.barrier + minimum.cost - float(lower))


@eqx.filter_jit
def _descended(hidden, known, observed, numbers, start, within):
    """Counted in mesh widths from the start, and residuals in units of theirs there: no tolerance knows a unit."""
    at = lambda widths: moved(hidden, known, numbers, start + within * widths)
    solver = optimistix.LevenbergMarquardt(rtol=1e-8, atol=1e-8)
    first = cost(at(jnp.zeros_like(start)), observed)
    unit = jnp.where(first > 0, jnp.sqrt(first), 1.0)
    differ = lambda widths, _: residuals(at(widths), observed) / unit
    widths = optimistix.least_squares(differ, solver, jnp.zeros_like(start), max_steps=100, throw=False).value
    return start + within * widths, cost(at(widths), observed)
