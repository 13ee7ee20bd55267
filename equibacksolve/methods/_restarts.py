"""Step 5 of the paper: when the cost stagnates at a large value, begin again from another guess."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, center_of_leaves
from equibacksolve.methods._levels import detectable_heights_at
from equibacksolve.methods._method import AbstractMethod, State, check_counts, outer_state
from equibacksolve.methods._threads import in_threads

SAME_MINIMUM = 1e-6
"""Costs that differ by this fraction are of one minimum."""


class Restarts(AbstractMethod):
    """Run methods in turn, each from a new random start, until the data are explained.

    The first two starts are the user's: with `opening`, in case it is close to the truth, and with the first of the
    `methods`. Later ones are random: uniform around the mean of each map at that start, as wide as it was; and around
    single numbers and the entries of vectors as they were, since they may differ in unit, with a Cauchy distribution of
    half-width `spread`, which goes near and far.

    `parallel` searches go on at a time, each in a thread: a step of all is a step of each of them, and whichever has
    ended is followed by the next start. So the numbers do not depend on which thread is faster. The guess that counts
    is the best one of the moment. Where a mesh of devices is set, the searches of a step take their turns instead.

    **Fields**

    - `opening`: for the first start.
    - `methods`: taken in turn, so that starts can differ in more than their random numbers.
    - `starts`: the most that are made.
    - `spread`: half-width of random starts where the user's has no width, in units of the change that, by the linear
      model, moves the data by their standard deviation.
    - `parallel`: searches at a time, as many as there are cores to run them.
    - `repeats`: the search ends as well when so many starts have led to the same lowest minimum: there is no better one
      to be found. 0: it does not.

    **Raises** ValueError if `starts` or `parallel` is below 1, or `repeats` below 0.
    """

    opening: AbstractMethod
    methods: tuple[AbstractMethod, ...]
    starts: int = 20
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    parallel: int = 1
    repeats: int = 0

    def __check_init__(self):
        check_counts(self, "starts", "parallel")
        if self.repeats < 0:
            raise ValueError(f"repeats is {self.repeats}; give at least 0.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        first = min(self.parallel, self.starts)
        searches = in_threads([lambda n=n: self._begin(problem, hidden, key, n) for n in range(first)])
        evaluations = sum(search.evaluations for search in searches)
        nothing = (jnp.full_like(problem.tolerance, jnp.inf), jnp.zeros((), jnp.int32))
        return _best_of(searches, list(range(first)), (hidden, key), nothing, evaluations, done=False)

    def step(self, problem: Problem, state: State) -> State:
        before, numbers, (first, key), minima = state.inner
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
        minima = self._counted(problem, minima, [searches[slot] for slot, _ in go_on])
        found_again = 0 < self.repeats <= int(minima[1])
        done = explained or found_again or (all(ended) and latest + 1 >= self.starts)
        return _best_of(searches, numbers, (first, key), minima, used, done)

    def _counted(self, problem, minima, stepped):
        """The cost of the lowest minimum so far, and how many starts have led to it."""
        lowest, times = minima
        for search in stepped if self.repeats else ():
            if bool(search.done) and bool(search.settled):
                # Two searches that have settled differ by the square of what is left of a standard error.
                same = abs(float(search.cost) - float(lowest)) <= SAME_MINIMUM * float(lowest) + float(problem.rounding)
                if bool(search.cost < lowest) or same:
                    times = times + 1 if same else jnp.ones_like(times)
                    lowest = jnp.minimum(lowest, search.cost)
        return lowest, times

    def _method(self, start):
        return self.opening if start == 0 else self.methods[(start - 1) % len(self.methods)]

    def _begin(self, problem, first, key, start):
        fresh = key if start == 0 else jax.random.fold_in(key, start)
        guess = first if start <= 1 else problem.within_bounds(random_start(problem, first, fresh, self.spread))
        return self._method(start).init(problem, guess, fresh)

    def _first_step(self, problem, first, key, start):
        return self._method(start).step(problem, self._begin(problem, first, key, start))


def random_start(problem: Problem, first: Hidden, key: PRNGKeyArray, spread: Scalar) -> Hidden:
    """Around `first`: see `Restarts`. Of what has no width, `spread` is in units of `detectable_heights_at`."""
    leaves, tree = jax.tree.flatten(first)
    centers = jax.tree.leaves(center_of_leaves(first, problem.kinds))
    wide = [leaf.ndim > 0 and not kind.vector and bool(jnp.std(leaf) > 0) for leaf, kind in zip(leaves, problem.kinds)]
    seen = leaves if all(wide) else jax.tree.leaves(detectable_heights_at(problem, first))
    guesses = []
    for leaf, mean, kind, has_width, unit, k in zip(
        leaves, centers, problem.kinds, wide, seen, jax.random.split(key, len(leaves))
    ):
        half = jnp.sqrt(3.0).astype(leaf.dtype) * jnp.std(leaf) if has_width else spread.astype(leaf.dtype) * unit
        if kind.vector or leaf.ndim == 0:
            guesses.append(leaf + half * jax.random.cauchy(k, leaf.shape, leaf.dtype))
        else:
            guesses.append(mean + half * jax.random.uniform(k, leaf.shape, leaf.dtype, -1.0, 1.0))
    return jax.tree.unflatten(tree, guesses)


def _best_of(searches, numbers, kept, minima, evaluations, done):
    costs = [float(search.cost) for search in searches]
    slot = min(range(len(costs)), key=lambda i: (costs[i] != costs[i], costs[i]))
    best, inner = searches[slot], (tuple(searches), jnp.asarray(numbers, jnp.int32), kept, minima)
    where = {"stage": best.stage, "start": numbers[slot], "settled": best.settled}
    return outer_state(best.hidden, best.cost, inner, evaluations, done=done, **where)
