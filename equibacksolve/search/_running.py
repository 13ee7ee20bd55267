"""A search as it runs: step after step, watched, until it ends."""

import dataclasses
import time
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray
from tqdm.auto import tqdm

from equibacksolve._devices import agreed, on_every_device
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import AbstractMethod, State
from equibacksolve.search._history import Course, History
from equibacksolve.search._run_directory import RunDirectory
from equibacksolve.search._verdict import leaves_without_slope

INTERRUPTED = "the search was interrupted"
"""Why a search ended, if by Ctrl-C."""


def progress_bar(shown: bool) -> tqdm:
    """The bar of a search, before its first step: it is there at once, and says what takes so long."""
    bar = tqdm(disable=not shown, desc="backsolve", unit=" steps", leave=False)
    bar.set_postfix_str("compiling")
    return bar


def run(
    methods: tuple[AbstractMethod, AbstractMethod | None],
    problem: Problem,
    hidden: Hidden,
    key: PRNGKeyArray,
    steps: int | None,
    seconds: float | int,
    bar: tqdm,
    callback: Callable[[State], bool | None] | None,
    directory: RunDirectory | None,
) -> tuple[Course, str]:
    """Step until the method is done, or the budget is. Returns how far it came, and why it ended.

    `methods`: the search, and what leads from its end to the minimum, or None.
    """
    course = Course(None, hidden, np.inf, np.inf, History()) if directory is None else directory.course
    first, last = methods
    began = time.monotonic() - course.history.seconds_now
    bar.n = bar.initial = course.steps
    bar.leave = True  # from here on nothing is refused
    bar.refresh()
    try:
        if course.state is None:
            course = course._replace(state=first.init(problem, hidden, key))
        while (reason := _ended(course, steps, seconds, last is not None)) is None:
            if bool(course.state.done) and last is not None:
                course = _polishing(last, problem, course, key)
            state = _step(last if course.polishing and last is not None else first, problem, course.state)
            start = course.state.start if course.polishing else state.start
            state = dataclasses.replace(state, hidden=on_every_device(state.hidden), start=start)
            course = course.after(state, agreed(time.monotonic() - began), float(problem.tolerance))
            if directory is not None:
                directory.keep(course)
            bar.update()
            bar.set_postfix(_told_on_the_way(course, seconds), refresh=False)
            if callback is not None and callback(state) and not bool(state.done):
                reason = "the callback ended the search"
                break
            if (reason := _without_slope(problem, course)) is not None:
                break
    except KeyboardInterrupt:
        reason = INTERRUPTED
    return course, reason


def _step(method: AbstractMethod, problem: Problem, state: State) -> State:
    try:
        return method.step(problem, state)
    except (TypeError, ValueError) as error:
        if problem.spread.dtype == jnp.result_type(float):
            raise
        raise ValueError(
            f"the hidden leaves are {problem.spread.dtype}, in which this {type(method).__name__} does not compute "
            "while JAX has x64 enabled; make them float64."
        ) from error


def _polishing(last: AbstractMethod, problem: Problem, course: Course, key) -> Course:
    """The course, about to go from the best guess of the search to the minimum beside it."""
    state, before = last.init(problem, course.best, key), course.state
    state = dataclasses.replace(state, evaluations=before.evaluations, start=before.start)
    return course._replace(state=state, polishing=True)


def _without_slope(problem: Problem, course: Course) -> str | None:
    """Why nothing moves: looked at when a search has ended where it began, or stands there after ten steps."""
    if course.polishing or not (bool(course.state.done) or course.steps == 10) or bool(course.state.settled):
        return None
    costs = course.history.cost
    if np.nanmin(costs, initial=np.inf) < np.max(costs[np.isfinite(costs)], initial=-np.inf):
        return None
    names = leaves_without_slope(problem, course.best)
    if not names:
        return None
    return (
        f"the gradient of the cost at the start is not a number in {', '.join(names)}, so that no step leads on; look "
        "for a square root or a division at zero in the simulator, or start elsewhere"
    )


def _ended(course: Course, steps, seconds, polish: bool) -> str | None:
    """Why the search has ended, or None if it goes on. A step is always made."""
    if course.steps == 0:
        return None
    if bool(course.state.done) and (course.polishing or course.settled or not polish):
        return "the search ended by itself"
    if steps is not None and course.steps >= steps:
        return f"the budget of {steps} steps is used up"
    if course.history.seconds_now > seconds:
        return f"the budget of {seconds:g} seconds is used up"
    return None


def _told_on_the_way(course: Course, seconds) -> dict[str, str | int]:
    state = course.state
    left = max(0.0, seconds - course.history.seconds_now)
    return {
        "cost": f"{course.history.cost_now:.2e}",
        "best": f"{course.lowest:.2e}",
        "stage": int(state.stage) + 1,
        "start": int(state.start) + 1,
        "left": f"{left:.0f} s",
    }
