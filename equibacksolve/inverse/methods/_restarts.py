"""Step 5 of the paper: when the cost stagnates at a large value, begin again from another guess."""

from concurrent.futures import ThreadPoolExecutor

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._method import AbstractMethod, Count, State


class Restarts(AbstractMethod):
    """Run methods in turn, each from a new random start, until the data are explained.

    The first two starts are the user's: with `opening`, in case it is close to the truth, and with the first of the
    `methods`. Later ones are uniform around the mean of each leaf at that start, as wide as it was (or `spread`, where
    the start has no width of its own).

    With `at_once` above 1 that many starts are carried side by side, each in a thread of its own, for one simulation
    rarely keeps more than one core busy. Each start has its own key and its own method, and waits for the others after
    each step: the outcome does not depend on which thread is faster. A start that ends is followed by the next one; as
    soon as one explains the data, only that one goes on. JAX's context managers do not reach into threads: set such
    things by `jax.config.update`.

    **Fields** `opening`: for the first start; `methods`: taken in turn, so that starts can differ in more than their
    random numbers; `starts`: the most that are made; `spread`: half-width of random starts if the user's is constant;
    `at_once`: starts side by side.

    **Raises** ValueError if `starts` or `at_once` is below 1, or there are no methods.
    """

    opening: AbstractMethod
    methods: tuple[AbstractMethod, ...]
    starts: int = 20
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    at_once: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        if self.starts < 1 or self.at_once < 1:
            raise ValueError(f"starts is {self.starts} and at_once {self.at_once}; both must be at least 1.")
        if not self.methods:
            raise ValueError("methods is empty; give at least one method for the starts after the first.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        first = (hidden, key)
        numbers = range(min(self.at_once, self.starts))
        lanes = tuple((self._begin(problem, first, number), _count(number)) for number in numbers)
        evaluations = sum(inner.evaluations for inner, _ in lanes)
        return _outer(lanes, 0, first, evaluations, _count(len(lanes)), done=False)

    def step(self, problem: Problem, state: State) -> State:
        lanes, first, begun = state.inner
        lanes, begun, opened = self._refilled(problem, lanes, first, begun)
        # Once a start explains the data, the others rest.
        hot = [i for i, (inner, _) in enumerate(lanes) if bool(problem.explained(inner.cost))] or range(len(lanes))
        hot = [i for i in hot if not bool(lanes[i][0].done)]
        before = sum(inner.evaluations for inner, _ in lanes)
        stepped = self._side_by_side(problem, [lanes[i] for i in hot])
        lanes = tuple((stepped[hot.index(i)], number) if i in hot else lanes[i] for i, (_, number) in enumerate(lanes))
        evaluations = state.evaluations + opened + sum(inner.evaluations for inner, _ in lanes) - before
        solved = [i for i, (inner, _) in enumerate(lanes) if bool(problem.explained(inner.cost))]
        shown = solved[0] if solved else min(range(len(lanes)), key=lambda i: int(lanes[i][1]))
        exhausted = int(begun) >= self.starts and all(bool(inner.done) for inner, _ in lanes)
        done = exhausted or any(bool(lanes[i][0].done) for i in solved)
        return _outer(lanes, shown, first, evaluations, begun, done)

    def _begin(self, problem, first, number) -> State:
        hidden, key = first
        if number == 0:
            return self.opening.init(problem, hidden, key)
        fresh = jax.random.fold_in(key, number)
        guess = hidden if number == 1 else problem.within_bounds(self._guess(problem, hidden, fresh))
        return self._method(number).init(problem, guess, fresh)

    def _refilled(self, problem, lanes, first, begun):
        """The lanes, each that has ended followed by the next start while there are any, and what that has cost."""
        following, refilled, opened = int(begun), [], _count(0)
        for inner, number in lanes:
            if bool(inner.done) and following < self.starts:
                inner, number = self._begin(problem, first, following), _count(following)
                following, opened = following + 1, opened + inner.evaluations
            refilled.append((inner, number))
        return tuple(refilled), _count(following), opened

    def _side_by_side(self, problem, lanes) -> list[State]:
        one_step = lambda lane: self._method(int(lane[1])).step(problem, lane[0])
        if len(lanes) == 1:
            return [one_step(lanes[0])]
        with ThreadPoolExecutor(len(lanes)) as threads:
            return list(threads.map(one_step, lanes))

    def _method(self, start):
        return self.opening if start == 0 else self.methods[(start - 1) % len(self.methods)]

    def _guess(self, problem, first, key):
        centers, tree = jax.tree.flatten(center_of_leaves(first, problem.kinds))
        keys = jax.random.split(key, len(centers))
        guesses = []
        for center, leaf, k in zip(centers, jax.tree.leaves(first), keys):
            half = jnp.sqrt(3.0).astype(leaf.dtype) * jnp.std(leaf)
            half = jnp.where(half > 0, half, self.spread.astype(leaf.dtype))
            guesses.append(center + half * jax.random.uniform(k, leaf.shape, leaf.dtype, -1.0, 1.0))
        return jax.tree.unflatten(tree, guesses)


def _count(number) -> Count:
    return jnp.asarray(number, jnp.int32)


def _outer(lanes, shown, first, evaluations, begun, done):
    inner, number = lanes[shown]
    kept = (lanes, first, begun)
    return State(inner.hidden, inner.cost, jnp.asarray(done), evaluations, kept, inner.stage, number)
