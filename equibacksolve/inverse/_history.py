"""What happened on the way: one entry a step."""

from typing import Any

import jax
import numpy as np

from equibacksolve.inverse.methods import State

SNAPSHOTS = 256
"""Most guesses that are kept: beyond, every second one is dropped, and fewer are taken."""


class History:
    """The course of a run, one entry a step, as NumPy arrays.

    - `cost`: of the guess at that step (eq. 1, or chi-squared per datum); `best`: the lowest so far
    - `seconds`, `evaluations`: since the beginning; simulations of the whole data set
    - `stage`, `start`: which stage of which start
    - `snapshots`: pairs (step, hidden leaves), evenly thinned
    """

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, int, int, int]] = []
        self.snapshots: list[tuple[int, Any]] = []
        self._stride = 1

    def record(self, state: State, seconds: float) -> None:
        """Add one step."""
        step = len(self._rows)
        numbers = jax.device_get((state.cost, state.evaluations, state.stage, state.start))
        self._rows.append((float(numbers[0]), seconds, *(int(n) for n in numbers[1:])))
        if step % self._stride == 0:
            self.snapshots.append((step, jax.device_get(state.hidden)))
            if len(self.snapshots) > SNAPSHOTS:
                self._stride *= 2
                self.snapshots = [pair for pair in self.snapshots if pair[0] % self._stride == 0]

    @property
    def cost_now(self) -> float:
        """The cost at the latest step."""
        return self._rows[-1][0]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def cost(self) -> np.ndarray:
        return self._column(0)

    @property
    def best(self) -> np.ndarray:
        return np.fmin.accumulate(self.cost) if self._rows else self.cost

    @property
    def seconds(self) -> np.ndarray:
        return self._column(1)

    @property
    def evaluations(self) -> np.ndarray:
        return self._column(2).astype(int)

    @property
    def stage(self) -> np.ndarray:
        return self._column(3).astype(int)

    @property
    def start(self) -> np.ndarray:
        return self._column(4).astype(int)

    def course(self, count: int) -> list[tuple[int, Any]]:
        """At most `count` snapshots of the last start, evenly picked from its first to its last."""
        mine = [pair for pair in self.snapshots if self.start[pair[0]] == self.start[-1]]
        return [mine[i] for i in np.unique(np.linspace(0, len(mine) - 1, count).astype(int))]

    def _column(self, index):
        return np.array([row[index] for row in self._rows], dtype=float)
