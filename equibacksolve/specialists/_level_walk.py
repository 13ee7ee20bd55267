"""What walks among landscapes of two levels have in common: looks at all the data from time to time."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
from jaxtyping import Array, Int, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import (
    AbstractMethod,
    Damping,
    LevenbergMarquardt,
    Stages,
    State,
    finished,
    judged,
    outer_state,
)

WELL_EXPLAINED = 1e-3
"""Of the variance of the data: a landscape that leaves less is the right one, and its walk is over."""


def walk_and_descent(walk: "AbstractLevelWalk") -> Stages:
    """The walk, and then the way to the minimum from the landscape of two levels where it has ended.

    It begins with steps that are damped alike for all entries: those inside a high region are hardly seen by the data,
    and would take huge steps.
    """
    return finished(walk, LevenbergMarquardt(steps=60, decrease=0.02, step_length=Damping(1.0, floor=1.0)))


class AbstractLevelWalk(AbstractMethod):
    """A walk of `length` moves, each judged by a part of the data.

    Where the walk stands is a named tuple with the entry `moves`, those made so far. `pause`: moves between two looks
    at all the data.
    """

    pause: eqx.AbstractClassVar[int]

    @property
    @abstractmethod
    def length(self) -> Int[Array, ""]:
        """Moves in all."""

    @abstractmethod
    def begin(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> Any:
        """Where the walk stands before its first move."""

    @abstractmethod
    def moved(self, problem: Problem, like: Hidden, walk: Any) -> Any:
        """Where it stands after some more moves."""

    @abstractmethod
    def looked(self, problem: Problem, like: Hidden, walk: Any) -> tuple[Any, Hidden, tuple[Scalar, Scalar]]:
        """The walk after a look at all the data, its landscape, and cost and penalty of that."""

    @abstractmethod
    def simulations(self, problem: Problem, like: Hidden, moves: int) -> int:
        """How many simulations of all the data so many moves are worth, about."""

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        cost, penalty = judged(problem, hidden)
        return outer_state(hidden, cost, self.begin(problem, hidden, key), 1, done=False, penalty=penalty)

    def step(self, problem: Problem, state: State) -> State:
        hidden, judged_as, before = state.hidden, (state.cost, state.penalty), int(state.inner.moves)
        walk = self.moved(problem, hidden, state.inner)
        moves, over = int(walk.moves), int(walk.moves) >= int(self.length)
        evaluations = state.evaluations + self.simulations(problem, hidden, moves - before)
        if over or moves // self.pause > before // self.pause:
            walk, hidden, judged_as = self.looked(problem, hidden, walk)
            evaluations = evaluations + 1
            over = over or bool(judged_as[0] < WELL_EXPLAINED * problem.spread)
        return outer_state(hidden, judged_as[0], walk, evaluations, done=over, penalty=judged_as[1])
