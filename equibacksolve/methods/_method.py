"""What a method of solution is: a start, and a step that is repeated until it says that it is done."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray

from equibacksolve._arrays import float_array, known_array
from equibacksolve._axes import Flag, Scalar
from equibacksolve.inverse import Hidden, Problem

Count = Int[Array, ""]


class State(eqx.Module):
    """Where a run stands. All of it is arrays: it can be saved, and the run continued from it.

    - `hidden`, `cost`: a guess and its cost (eq. 1), which belong together.
    - `done`: whether the method has ended.
    - `evaluations`: simulations of the whole data set so far, with or without derivatives.
    - `stage`, `start`: counted from 0, in methods that have them.
    - `inner`: whatever the method keeps for itself.
    - `settled`: whether the method knows that the guess is at a minimum: see `Problem.is_minimum`.
    - `penalty`: what the priors of the problem add to the cost of the guess, 0 without any.
    """

    hidden: Hidden
    cost: Scalar
    done: Flag
    evaluations: Count
    inner: Any
    stage: Count
    start: Count
    settled: Flag = eqx.field(default_factory=lambda: jnp.zeros((), bool))
    penalty: Scalar = eqx.field(default_factory=lambda: jnp.zeros(()))

    @property
    def objective(self) -> Scalar:
        """Cost plus penalty: of two guesses, the one with the lower sum is better."""
        return self.cost + self.penalty


class AbstractMethod(eqx.Module):
    """A way to minimise the misfit. Methods know the residuals and the hidden leaves, and nothing of the simulation."""

    @abstractmethod
    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        """The state before the first step, at the given start."""

    @abstractmethod
    def step(self, problem: Problem, state: State) -> State:
        """One step: one simulation with its derivatives, as a rule."""


def first_state(hidden: Hidden, cost: Scalar, inner: Any) -> State:
    """A state that has seen no simulation yet, or whose method does not count it."""
    return outer_state(hidden, cost, inner, 0, done=False)


def outer_state(
    hidden: Hidden,
    cost: Scalar,
    inner: Any,
    evaluations: Any,
    *,
    done: Any,
    settled: Any = False,
    penalty: Any = 0.0,
    stage: Any = 0,
    start: Any = 0,
) -> State:
    """The state of a method that runs others, made of numbers of Python or of arrays: see `State`."""
    array = lambda number, dtype: jnp.asarray(number if eqx.is_array(number) else known_array(number, dtype), dtype)
    count = lambda number: array(number, np.int32)
    flags, penalty = (array(done, bool), array(settled, bool)), array(penalty, cost.dtype)
    return State(hidden, cost, flags[0], count(evaluations), inner, count(stage), count(start), flags[1], penalty)


def around(search: State, kept: Any, evaluations: Any, *, done: Any, stage: Any = None, start: Any = None) -> State:
    """The state of a method that runs one search: where `search` stands, and beside it what the method keeps."""
    return outer_state(
        search.hidden,
        search.cost,
        (search, kept),
        evaluations,
        done=done,
        settled=search.settled if bool(done) else False,
        penalty=search.penalty,
        stage=search.stage if stage is None else stage,
        start=search.start if start is None else start,
    )


def judged(problem: Problem, hidden: Hidden) -> tuple[Scalar, Scalar]:
    """Cost and penalty of a guess; by one compiled program, whatever a stage makes of the problem."""
    return _judged(problem.staged(None), hidden)


@eqx.filter_jit
def _judged(problem: Problem, hidden: Hidden) -> tuple[Scalar, Scalar]:
    return problem.cost(hidden), problem.penalty(hidden)


def optional_array(value: Any) -> Any:
    """Converts a field that is an array of floats, or None."""
    return value if value is None else float_array(value)


def check_counts(method: AbstractMethod, *names: str) -> None:
    """Raise ValueError unless each of these fields of a method is at least 1."""
    for name in names:
        if np.asarray(getattr(method, name)) < 1:
            raise ValueError(f"{name} is {getattr(method, name)}; give at least 1.")


def check_momentum(momentum: Scalar) -> None:
    """Raise ValueError unless the part of the step before that a step takes along is from 0 to below 1."""
    if not 0 <= np.asarray(momentum) < 1:
        raise ValueError(f"momentum is {momentum:g}; give a part of a step, from 0 to below 1.")
