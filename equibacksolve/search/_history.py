"""What happened on the way: one entry a step."""

import copy
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from equibacksolve._rich_display import curve_image, section
from equibacksolve.inverse import Hidden
from equibacksolve.methods import State

SNAPSHOTS = 256
"""Most guesses that are kept: beyond, every second one is dropped, and fewer are taken."""


class History:
    """The course of a run, one entry a step, as NumPy arrays.

    - `cost`: of the guess at that step (eq. 1, or chi-squared per datum); `best`: the lowest so far
    - `seconds`, `evaluations`: since the beginning (of a resumed run: those of all processes, without the time between
      them); simulations of the whole data set
    - `stage`, `start`: which stage of which start
    - `snapshots`: pairs (step, hidden leaves), evenly thinned
    """

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, int, int, int]] = []
        self.snapshots: list[tuple[int, Any]] = []
        self._stride = 1

    def __repr__(self) -> str:
        if not self._rows:
            return "<History of no step>"
        starts = int(self.start.max()) + 1
        counts = (
            f"{len(self)} steps, {starts} start{'s' if starts > 1 else ''}, {int(self.evaluations[-1])} simulations"
        )
        return f"<History: {counts}, {self.seconds_now:.1f} s, lowest cost {np.nanmin(self.cost):.2e}>"

    def _repr_html_(self) -> str:
        """For notebooks: the lowest cost so far, step by step."""
        return section("History", repr(self)[1:-1].removeprefix("History: "), self.curve())

    def curve(self) -> str:
        """The lowest cost so far over the steps, as a small picture (SVG)."""
        return curve_image(self.best, f"cost in {len(self)} steps", logarithmic=True)

    def record(self, state: State, seconds: float) -> None:
        """Add one step."""
        step = len(self._rows)
        cost, evaluations, stage, start = jax.device_get((state.cost, state.evaluations, state.stage, state.start))
        self._rows.append((float(cost), seconds, int(evaluations), int(stage), int(start)))
        if step % self._stride == 0:
            self.snapshots.append((step, jax.device_get(state.hidden)))
            if len(self.snapshots) > SNAPSHOTS:
                self._stride *= 2
                self.snapshots = [pair for pair in self.snapshots if pair[0] % self._stride == 0]

    @property
    def cost_now(self) -> float:
        """The cost at the latest step."""
        return self._rows[-1][0]

    @property
    def seconds_now(self) -> float:
        """The time until the latest step, 0 before the first."""
        return self._rows[-1][1] if self._rows else 0.0

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

    def until(self, steps: int) -> "History":
        """The first `steps` entries."""
        if steps == len(self):
            return self
        cut = copy.copy(self)
        cut._rows = self._rows[:steps]
        cut.snapshots = [pair for pair in self.snapshots if pair[0] < steps]
        return cut

    def entry(self, step: int) -> dict[str, Any]:
        """One entry in words, counted from 0, as a log has it. A cost that is not finite is told as text."""
        cost, seconds, evaluations, stage, start = self._rows[step]
        cost = cost if np.isfinite(cost) else str(cost)
        counts = {"evaluations": evaluations, "stage": stage, "start": start}
        return {"step": step, "cost": cost, "seconds": round(seconds, 3), **counts}

    def table(self) -> Float[np.ndarray, "steps columns"]:
        """All entries: cost, seconds, evaluations, stage, start."""
        return np.array(self._rows, dtype=float).reshape(-1, 5)

    @classmethod
    def from_table(cls, table: Float[np.ndarray, "steps columns"], snapshots: list[tuple[int, Any]]) -> "History":
        """The history with these entries and snapshots, which goes on as the one did that they come from."""
        history = cls()
        history._rows = [(cost, at, int(n), int(stage), int(start)) for cost, at, n, stage, start in table.tolist()]
        history.snapshots = snapshots
        while len(history) > SNAPSHOTS * history._stride:
            history._stride *= 2
        return history

    def _column(self, index):
        return np.array([row[index] for row in self._rows], dtype=float)


class Course(NamedTuple):
    """How far a search has come: all that is needed to go on as if nothing had happened in between.

    - `state`: a `State`, or None before the first step.
    - `best`, `cost`, `lowest`: the best guess so far, its cost, and that plus its penalty.
    - `steps`: the number of entries of `history` that belong to it.
    - `polishing`: whether the search has ended, and the way to the minimum has begun.
    - `settled`: whether the best guess is known to be at a minimum.
    """

    state: State | Any
    best: Hidden
    cost: float
    lowest: float
    history: History
    steps: int = 0
    polishing: bool = False
    settled: bool = False

    def after(self, state: State, seconds: float, tolerance: float = 0.0) -> "Course":
        """The course after one more step; of guesses, the one with the lowest cost plus penalty is the best.

        A guess that has settled is as good as one that another program found lower by rounding. If its cost is within
        the tolerance as well, it is better than all that have not settled: a stage under a prior ends where the
        objective is lowest, and on its way there the cost alone may have been lower.
        """
        self.history.record(state, seconds)
        cost, settled = self.history.cost_now, bool(state.settled)
        objective = cost + float(state.penalty)
        arrived, had_arrived = settled and cost <= tolerance, self.settled and self.cost <= tolerance
        lower = objective < self.lowest or (settled and objective <= self.lowest * (1 + 1e-9))
        better = lower if arrived == had_arrived else arrived
        best = (state.hidden, cost, objective) if better else (self.best, self.cost, self.lowest)
        settled = settled if better else self.settled
        return Course(state, *best, self.history, len(self.history), self.polishing, settled)
