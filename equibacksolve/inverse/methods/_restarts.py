"""Step 5 of the paper: when the cost stagnates at a large value, begin again from another guess."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._method import AbstractMethod, State, check_counts
from equibacksolve.inverse.methods._threads import in_threads


class Restarts(AbstractMethod):
    """Run methods in turn, each from a new random start, until the data are explained.

    The first two starts are the user's: with `opening`, in case it is close to the truth, and with the first of the
    `methods`. Later ones are uniform around the mean of each leaf at that start, as wide as it was (or `spread`, where
    the start has no width of its own).

    `abreast` searches go on at a time, each in a thread: a step of all is a step of each of them, and whichever has
    ended is followed by the next start. So the numbers do not depend on which thread is faster. The guess that counts
    is the best one of the moment. Where a mesh of devices is set, the searches of a step take their turns instead.

    **Fields** `opening`: for the first start; `methods`: taken in turn, so that starts can differ in more than their
    random numbers; `starts`: the most that are made; `spread`: half-width of random starts if the user's is constant;
    `abreast`: searches at a time, as many as there are cores to run them.

    **Raises** ValueError if `starts` or `abreast` is below 1.
    """

    opening: AbstractMethod
    methods: tuple[AbstractMethod, ...]
    starts: int = 20
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    abreast: int = 1

    def __check_init__(self):
        check_counts(self, "starts", "abreast")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        first = min(self.abreast, self.starts)
        searches = in_threads([lambda n=n: self._begin(problem, hidden, key, n) for n in range(first)])
        evaluations = sum(search.evaluations for search in searches)
        return _outer(searches, list(range(first)), (hidden, key), evaluations, done=False)

    def step(self, problem: Problem, state: State) -> State:
        before, numbers, (first, key) = state.inner
        numbers, latest = [int(number) for number in numbers], max(int(number) for number in numbers)
        go_on = []
        for slot, search in enumerate(before):
            if not bool(search.done):
                go_on.append((slot, lambda s=search, n=numbers[slot]: self._method(n).step(problem, s)))
            elif latest + 1 < self.starts:
                latest = numbers[slot] = latest + 1
                go_on.append((slot, lambda n=latest: self._first_step(problem, first, key, n)))
        searches, used = list(before), state.evaluations
        calls = [call for _, call in go_on]
        # The first steps take turns, so that what they have in common is compiled once.
        stepped = in_threads(calls, at_once=int(state.evaluations) > 0)
        for (slot, _), search in zip(go_on, stepped):
            begun_here = bool(before[slot].done)
            used = used + search.evaluations - (0 if begun_here else before[slot].evaluations)
            searches[slot] = search
        ended = [bool(search.done) for search in searches]
        explained = any(end and bool(problem.explained(search.cost)) for end, search in zip(ended, searches))
        done = explained or (all(ended) and latest + 1 >= self.starts)
        return _outer(searches, numbers, (first, key), used, done)

    def _method(self, start):
        return self.opening if start == 0 else self.methods[(start - 1) % len(self.methods)]

    def _begin(self, problem, first, key, start):
        fresh = key if start == 0 else jax.random.fold_in(key, start)
        guess = first if start <= 1 else problem.within_bounds(random_start(problem, first, fresh, self.spread))
        return self._method(start).init(problem, guess, fresh)

    def _first_step(self, problem, first, key, start):
        return self._method(start).step(problem, self._begin(problem, first, key, start))


def random_start(problem: Problem, first: Hidden, key: PRNGKeyArray, spread: Scalar) -> Hidden:
    """Uniform around the mean of each leaf of `first`, as wide as that leaf, or `spread` if it has no width."""
    centers, tree = jax.tree.flatten(center_of_leaves(first, problem.kinds))
    keys = jax.random.split(key, len(centers))
    guesses = []
    for center, leaf, k in zip(centers, jax.tree.leaves(first), keys):
        half = jnp.sqrt(3.0).astype(leaf.dtype) * jnp.std(leaf)
        half = jnp.where(half > 0, half, spread.astype(leaf.dtype))
        guesses.append(center + half * jax.random.uniform(k, leaf.shape, leaf.dtype, -1.0, 1.0))
    return jax.tree.unflatten(tree, guesses)


def _outer(searches, numbers, kept, evaluations, done):
    costs = [float(search.cost) for search in searches]
    slot = min(range(len(costs)), key=lambda i: (costs[i] != costs[i], costs[i]))
    best, start = searches[slot], jnp.asarray(numbers[slot], jnp.int32)
    inner = (tuple(searches), jnp.asarray(numbers, jnp.int32), kept)
    return State(best.hidden, best.cost, jnp.asarray(done), evaluations, inner, best.stage, start)
