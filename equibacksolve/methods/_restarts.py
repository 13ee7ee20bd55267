"""Step 5 of the paper: when the cost stagnates at a large value, begin again from another guess."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from equibacksolve._arrays import known_array
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods._guesses import AbstractGuesses, Ends, RandomGuesses
from equibacksolve.methods._method import AbstractMethod, State, check_counts, outer_state
from equibacksolve.methods._threads import in_threads

SAME_MINIMUM = 1e-6
"""Costs that differ by this fraction are of one minimum."""

NOT_BEGUN = -1
"""The number of the start where there is room for a search, but none yet."""


def _as_tuple(given: Any) -> tuple[AbstractMethod, ...]:
    return (given,) if isinstance(given, AbstractMethod) else tuple(given)


class Restarts(AbstractMethod):
    """Run one method after another, each from its own guess, until the data are explained. The best end counts.

    `parallel` searches go on at a time, each in a thread: a step of all is a step of each of them, and whichever has
    ended is followed by the next start. So the numbers do not depend on which thread is faster. The guess that counts
    is the best one of the moment. Where a mesh of devices is set, the searches of a step take their turns instead. What
    has to be compiled beside the opening waits for its end: mostly it is the opening that finds gentle maps, in less
    time than compiling takes.

    - `opening`: run from the user's guess, a method or several: the guess may be close to the truth.
    - `methods`: taken in turn after these, so that starts can differ in more than their guesses.
    - `starts`: the most that are made.
    - `guesses`: where they begin.
    - `parallel`: searches at a time, as many as there are cores to run them.
    - `repeats`: the search ends as well when so many starts have led to the same lowest minimum: there is no better one
      to be found. 0: it does not.

    **Raises** ValueError if `starts` or `parallel` is below 1, `repeats` below 0, or if there are several searches at a
    time although guesses wait for the ends of others.
    """

    opening: tuple[AbstractMethod, ...] = eqx.field(converter=_as_tuple)
    methods: tuple[AbstractMethod, ...]
    starts: int = 20
    guesses: AbstractGuesses = eqx.field(default_factory=RandomGuesses)
    parallel: int = 1
    repeats: int = 0

    def __check_init__(self):
        check_counts(self, "starts", "parallel")
        if self.repeats < 0:
            raise ValueError(f"repeats is {self.repeats}; give at least 0.")
        if self.parallel > 1 and self.guesses.waits:
            raise ValueError(
                f"parallel is {self.parallel}, but {type(self.guesses).__name__} makes guesses from the ends of other "
                "searches; give 1."
            )

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        slots = min(self.parallel, self.starts)
        first = next((number for number in range(slots) if self._is_compiled_anew(number)), slots)
        ends = Ends(hidden, hidden, hidden, known_array(0, np.int32))
        searches = in_threads([lambda n=n: self._begin(problem, ends, key, n) for n in range(first)])
        evaluations = sum(int(search.evaluations) for search in searches)
        infinite = known_array(np.inf, problem.tolerance.dtype)
        minima = infinite, infinite, known_array(0, np.int32)
        numbers = [*range(first), *[NOT_BEGUN] * (slots - first)]
        return _best_of(searches, numbers, (ends, key), minima, evaluations, done=False)

    def step(self, problem: Problem, state: State) -> State:
        before, numbers, (ends, key), minima = state.inner
        going_on = {slot for slot, search in enumerate(before) if not bool(search.done)}
        numbers, calls = self._calls(problem, state, going_on)
        # The first steps take turns, so that what they have in common is compiled once.
        stepped = in_threads(list(calls.values()), at_once=int(state.evaluations) > 0)
        after = dict(enumerate(before)) | dict(zip(calls, stepped))
        used = sum(int(after[s].evaluations) - (int(before[s].evaluations) if s in going_on else 0) for s in calls)
        ended = [slot for slot in calls if bool(after[slot].done)]
        for slot in ended:
            ends, minima = self._counted(problem, ends, minima, after[slot], numbers[slot])
        searches = [after[slot] for slot in sorted(after)]
        explained = any(bool(problem.explained(after[slot].cost)) for slot in ended)
        found_again = 0 < self.repeats <= int(minima[2])
        exhausted = all(bool(search.done) for search in searches) and max(numbers) + 1 >= self.starts
        done = explained or found_again or exhausted
        return _best_of(searches, numbers, (ends, key), minima, int(state.evaluations) + used, done)

    def _calls(self, problem: Problem, state: State, going_on: set[int]) -> tuple[list[int], dict[int, Any]]:
        """The number of the start in each slot, and what makes its next step: that of a new start, where one ended."""
        before, numbers, (ends, key), _ = state.inner
        numbers = np.asarray(numbers).tolist()
        opened = all(numbers[slot] >= len(self.opening) for slot in going_on)
        calls: dict[int, Any] = {
            s: lambda s=s, n=numbers[s]: self._method(n).step(problem, before[s]) for s in sorted(going_on)
        }
        for slot in sorted(set(range(len(numbers))) - going_on):
            start = max(numbers) + 1
            if start < self.starts and (opened or not self._is_compiled_anew(start)):
                numbers[slot] = start
                calls[slot] = lambda start=start: self._first_step(problem, ends, key, start)
        return numbers, calls

    def _counted(self, problem: Problem, ends: Ends, minima: tuple, end: State, number: int) -> tuple[Ends, tuple]:
        """What is kept of an end: the objective of the best, the cost of the lowest minimum, how often it was found."""
        best, lowest, times = minima
        if number == 0:
            ends = ends._replace(first=end.hidden)
        if float(end.objective) < float(best):
            ends = ends._replace(best=end.hidden, number=known_array(number, np.int32))
            best = end.objective
        if self.repeats and bool(end.settled):
            # Two searches that have settled differ by the square of what is left of a standard error.
            same = abs(float(end.cost) - float(lowest)) <= SAME_MINIMUM * float(lowest) + float(problem.rounding)
            lower = float(end.cost) < float(lowest)
            if lower or same:
                times = known_array(int(times) + 1 if same else 1, np.int32)
                lowest = end.cost if lower else lowest
        return ends, (best, lowest, times)

    def _method(self, start: int) -> AbstractMethod:
        opening = len(self.opening)
        return self.opening[start] if start < opening else self.methods[(start - opening) % len(self.methods)]

    def _is_compiled_anew(self, start: int) -> bool:
        """Whether a start is none of the opening, and has another program than these."""
        known = [jax.tree.structure(method) for method in self.opening]
        return start >= len(self.opening) and jax.tree.structure(self._method(start)) not in known

    def _begin(self, problem: Problem, ends: Ends, key: PRNGKeyArray, start: int) -> State:
        fresh = key if start == 0 else jax.random.fold_in(key, start)
        guess = ends.guess
        if start >= len(self.opening):
            guess = problem.within_bounds(self.guesses.guess(problem, ends, start, fresh))
        return self._method(start).init(problem, guess, fresh)

    def _first_step(self, problem: Problem, ends: Ends, key: PRNGKeyArray, start: int) -> State:
        return self._method(start).step(problem, self._begin(problem, ends, key, start))


def _best_of(searches, numbers, kept, minima, evaluations, done):
    judged = [float(search.objective) for search in searches]
    slot = min(range(len(judged)), key=lambda i: (judged[i] != judged[i], judged[i]))
    best, inner = searches[slot], (tuple(searches), known_array(numbers, np.int32), kept, minima)
    where = {"stage": best.stage, "start": numbers[slot], "settled": best.settled, "penalty": best.penalty}
    return outer_state(best.hidden, best.cost, inner, evaluations, done=done, **where)
