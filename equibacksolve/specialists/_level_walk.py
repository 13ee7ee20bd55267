"""What walks among landscapes of two levels have in common: looks at all the data, and a search from where they end."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import (
    AbstractMethod,
    Continuation,
    LevenbergMarquardt,
    State,
    compiled_cost,
    outer_state,
    single_stage,
)

WELL_EXPLAINED = 1e-3
"""Of the variance of the data: a landscape that leaves less is the right one, and its walk is over."""


def careful_search() -> AbstractMethod:
    """Levenberg-Marquardt from a landscape of two levels.

    Damped alike for all entries: those inside a high region are hardly seen by the data, and would take huge steps.
    """
    search = LevenbergMarquardt(steps=60, decrease=0.02, damping=1.0, floor=1.0)
    return Continuation(search, search, single_stage())


class AbstractLevelWalk(AbstractMethod):
    """A walk of `length` moves, each judged by a part of the data; then `polish`, with all entries free.

    Where the walk stands is a named tuple with the entries `moves`, those made so far, and `key`. `pause`: moves
    between two looks at all the data.
    """

    pause: eqx.AbstractClassVar[int]
    polish: eqx.AbstractVar[AbstractMethod]

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
    def looked(self, problem: Problem, like: Hidden, walk: Any) -> tuple[Any, Hidden, Scalar]:
        """The walk after a look at all the data, its landscape, and the cost of that."""

    @abstractmethod
    def simulations(self, problem: Problem, like: Hidden, moves: int) -> int:
        """How many simulations of all the data so many moves are worth, about."""

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        walk = self.begin(problem, hidden, key)
        polishing = self.polish.init(problem, hidden, key)
        return outer_state(hidden, compiled_cost(problem, hidden), (walk, polishing), 1, done=False)

    def step(self, problem: Problem, state: State) -> State:
        walk, polishing = state.inner
        if int(walk.moves) < int(self.length):
            return self._walked(problem, state, walk, polishing)
        polished = self.polish.step(problem, polishing)
        evaluations = state.evaluations + polished.evaluations - polishing.evaluations
        flags = {"done": polished.done, "settled": polished.settled}
        return outer_state(polished.hidden, polished.cost, (walk, polished), evaluations, **flags)

    def _walked(self, problem, state, walk, polishing):
        hidden, cost, before = state.hidden, state.cost, int(walk.moves)
        walk = self.moved(problem, hidden, walk)
        moves, over = int(walk.moves), int(walk.moves) >= int(self.length)
        evaluations = state.evaluations + self.simulations(problem, hidden, moves - before)
        if over or moves // self.pause > before // self.pause:
            walk, hidden, cost = self.looked(problem, hidden, walk)
            evaluations = evaluations + 1
            if over or bool(cost < WELL_EXPLAINED * problem.spread):
                walk = walk._replace(moves=self.length.astype(jnp.int32))
                polishing = self.polish.init(problem, hidden, walk.key)
        return outer_state(hidden, cost, (walk, polishing), evaluations, done=False)
