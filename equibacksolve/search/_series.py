"""A series of data sets along a parameter (gate by gate, field by field), each search starting from the last."""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from equibacksolve._arrays import float_array, random_key
from equibacksolve.inverse import AbstractObservations, Selector, with_leaves
from equibacksolve.search._backsolve import backsolve
from equibacksolve.search._running import INTERRUPTED
from equibacksolve.search._solution import Solution
from equibacksolve.simulators import AbstractSimulator


class SolutionSeries(NamedTuple):
    """What was found along a series.

    - `parameter`: of each data set; `solutions`: one for each.
    """

    parameter: Float[Array, " sets"]
    solutions: tuple[Solution, ...]

    @property
    def converged(self) -> bool:
        """Whether all data sets are explained, each at a minimum."""
        return all(found.converged for found in self.solutions)

    @property
    def told(self) -> list[str]:
        """How each search ended, in one sentence each."""
        return [f"{float(value):.6g}: {found.reason}" for value, found in zip(self.parameter, self.solutions)]

    def of(self, quantity: Callable[[Any], Any]) -> PyTree[Float[Array, "sets ..."]]:
        """What a function of the simulator is in each solution, with one more axis in front."""
        values = [jax.tree.map(jnp.asarray, quantity(found.simulator)) for found in self.solutions]
        return jax.tree.map(lambda *each: jnp.stack(each), *values)


def backsolve_series(
    simulator: AbstractSimulator,
    series: Mapping[Any, AbstractObservations],
    method: Any = None,
    *,
    where: Selector,
    at: Callable[[Any, Any], Any] | None = None,
    following: Any = None,
    key: Any = None,
    out: str | os.PathLike[str] | None = None,
    **more: Any,
) -> SolutionSeries:
    """Recover hidden leaves from one data set after another, each search starting from what the last one found.

        maps = {0.1: first, 0.2: second, 0.3: third}
        found = search.backsolve_series(simulator, maps, where=hidden)
        found.parameter, found.of(lambda s: s.barrier)

    So what changes little along the series is found quickly, and no search falls to another minimum or mirror image
    than the last without need. A search that fails hands on what it found all the same. Compare with a series in the
    other order: where the two differ, the data have more than one explanation.

    **Arguments**

    - `simulator`: the start of the first search; `series`: the data by the value of the parameter, in the order in
      which they are searched.
    - `at`: a function of simulator and value that returns the simulator with what is known to depend on the parameter,
      built alike for all values. Left out, nothing does.
    - `method`: of the first search, and of the others unless `following` is given.
    - `key`: each search takes one of its own from it. `out`: a directory, with a run directory for each search in it.
    - `more`: all else as for `backsolve`, for each search: `seconds=` is the budget of one.

    Ctrl-C ends the series; what was found so far is returned.

    **Raises** ValueError for a series of nothing or values that are not finite, and what `backsolve` raises.
    """
    values = _values(series)
    keys = jax.random.split(random_key(key), len(series))
    solutions: list[Solution] = []
    for number, (value, observed) in enumerate(zip(values, series.values())):
        start = simulator if at is None else at(simulator, value)
        if solutions:
            start = with_leaves(start, solutions[-1].hidden)
        chosen = method if not solutions or following is None else following
        place = None if out is None else pathlib.Path(out) / f"{number:03d}"
        solutions.append(backsolve(start, observed, chosen, where=where, key=keys[number], out=place, **more))
        if INTERRUPTED in solutions[-1].reason:
            break
    return SolutionSeries(values[: len(solutions)], tuple(solutions))


def _values(series: Mapping[Any, AbstractObservations]) -> Float[Array, " sets"]:
    if not series:
        raise ValueError("series is empty; give one data set or more, by the value of the parameter.")
    values = float_array(list(series), "series")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"series has the values {values.tolist()}; give a finite number for each data set.")
    return values
