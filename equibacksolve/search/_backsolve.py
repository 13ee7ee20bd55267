"""Backsolution: from data to the hidden leaves of a simulator (steps 1-5 of the paper)."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from threadpoolctl import threadpool_limits

from equibacksolve._arrays import random_key
from equibacksolve._devices import on_every_device
from equibacksolve.inverse import (
    AbstractObservations,
    AbstractPrior,
    Problem,
    Selector,
    Symmetries,
    check_symmetries,
    hidden_leaves,
    make_problem,
    symmetries_of,
)
from equibacksolve.methods import State
from equibacksolve.search._choice import as_method, check_bounds_are_kept, hopping_between_images, way_to_the_minimum
from equibacksolve.search._going_on import After, begun_after, with_what_came_before
from equibacksolve.search._history import Course, History
from equibacksolve.search._run_directory import RunDirectory
from equibacksolve.search._run_settings import settings_of
from equibacksolve.search._running import INTERRUPTED, progress_bar, run
from equibacksolve.search._solution import Solution
from equibacksolve.search._verdict import verdict
from equibacksolve.simulators import Simulator


def backsolve(
    simulator: Simulator,
    observed: AbstractObservations,
    method: Any = None,
    *,
    where: Selector,
    key: Any = None,
    bounds: Any = None,
    prior: AbstractPrior | Sequence[AbstractPrior] = (),
    symmetries: Symmetries = (),
    tolerance: float | int | None = None,
    polish: bool = True,
    steps: int | None = None,
    seconds: float | int = 300,
    progress: bool = True,
    callback: Callable[[State], bool | None] | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    after: After | None = None,
) -> Solution[Simulator]:
    """Recover hidden leaves of a simulator from observations.

    **Arguments**

    - `simulator`: the start; its leaves outside `where` are taken as known.
    - `observed`: the data.
    - `method`: an optax optimizer, an optimistix solver, a method of ours, or None for `default_method()`, which
      escalates by itself: Levenberg-Marquardt, continuation, momentum, annealing, from one random start after
      another, one on each core. With another number of cores the starts come in another order.
    - `where`: a function that returns the hidden leaves, e.g. `lambda s: s.sample.onsite.values`.
    - `key`: for random restarts, a key of JAX or a seed; the seed 0 if left out.
    - `bounds`: (lower, upper), each one number or leaves as `where` returns them.
    - `prior`: what is known of the hidden leaves, one or several: `Smoothness`, `KnownMean`, `TotalVariation`. Minus
      twice its logarithm is added to chi-squared; without sigma, the tolerance stands for the variance of the noise.
    - `symmetries`: what no datum can tell, one or several, e.g. `Mirror`. They are checked at the start. Where bounds
      or a prior break one, a search that ended in the trap beside an image goes on from the images of its end.
    - `tolerance`: the cost at which the data count as explained. Left out, it is a millionth of the variance of the
      data, or chi-squared per datum of 1 + 3 sqrt(2/N) if sigma is known.
    - `polish`: whether the best guess of a search that ended by itself is led to the minimum beside it, by
      Levenberg-Marquardt. It changes nothing where the method has arrived there already.
    - `steps`, `seconds`: the budget of the whole search. A search that has not found a solution ends after 300 seconds.
      Of a resumed search, the steps and seconds of earlier processes count, the time between them does not.
    - `progress`: whether to show a progress bar.
    - `callback`: called with the state after each step; the search ends when it returns True.
    - `out`: a run directory, written as the search goes: settings, a line for each step, checkpoints (about every ten
      seconds and at the end), the solution. Trust a directory before you resume from it, as you would a program.
    - `resume`: go on from the latest checkpoint in `out`, if there is a run already. A run that was killed ends with
      the same numbers as one that was not, to the last bit on the same machine; one whose budget is used up, or that
      was interrupted, goes on if there is budget left.
    - `after`: a solution, or the run directory of a search that ended or was killed: begin at what it found. The leaves
      that were hidden there are taken as found, whether they are hidden now or not; the others are as `simulator`
      has them. All else may differ: more data, another sigma, prior, method, other leaves hidden. The budget begins
      anew. `out` is a directory of its own, whose run.json lists the searches before it, and what changed after each.

    `converged` says that two things hold: the data are explained, and the guess is at a minimum, where a further step
    would change it by less than a thousandth of a standard error (`Problem.is_minimum`).

    Leaves keep their precision, and a search computes in it: with a hidden leaf of float32, the data are taken as
    float32, too; of several hidden leaves, the finest counts.

    While it searches, BLAS has one thread, in the whole process.

    Ctrl-C ends the search, too: whatever ended it, the best guess so far is returned.

    Under `jax.set_mesh` of a mesh with an axis `points`, the data points of each simulation are spread over its
    devices. If they belong to several processes, all of them make the same call, and callbacks decide alike.

    **Raises** ValueError for a `where` that selects nothing trainable, a start whose cost is not finite, bounds out of
    order or for a method that does not keep them, an unknown kind of method, variables that the simulator does not
    take, a symmetry that the data can tell, an `after` of another simulator or without a step, or an `out` that holds a
    run which is not to be resumed, or cannot be: of another problem or version, in use, damaged.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}; leave it out for no such budget.")
    symmetries = symmetries_of(symmetries)
    key = on_every_device(random_key(key))
    before = None
    if after is not None:
        simulator, before = begun_after(simulator, after)
    with progress_bar(progress) as bar:
        try:
            check_symmetries(symmetries, simulator, observed)
            problem, hidden = on_every_device(make_problem(simulator, observed, where, bounds, tolerance, prior))
        except KeyboardInterrupt:
            return _interrupted_before_it_began(simulator, where)
        chosen = as_method(method, problem.has_landscape)
        if bounds is not None:
            check_bounds_are_kept(chosen)
        method = hopping_between_images(chosen, symmetries if bounds is not None or problem.priors else ())
        directory = None
        if out is not None:
            settings = settings_of(problem, hidden, method, key, {"steps": steps, "seconds": seconds})
            settings = settings if before is None else with_what_came_before(settings, before)
            directory = RunDirectory(out, settings, hidden, observed, resume)
        last = way_to_the_minimum(chosen, problem, hidden) if polish else None
        try:
            # On a CPU jax calls OpenBLAS, whose own threads would wait, spinning, on the cores that the searches need.
            with threadpool_limits(1, user_api="blas"):
                course, reason = run((method, last), problem, hidden, key, steps, seconds, bar, callback, directory)
        finally:
            if directory is not None:
                directory.close()
    best, cost = course.best, _cost_of_the_best(problem, course)
    told = verdict(problem, best, float(cost), course.settled, reason)
    converged = course.settled and bool(problem.explained(cost))
    history = course.history.until(course.steps)
    solved: Any = problem.simulator(best)
    found = Solution(solved, cost, converged, told, history, best)
    if directory is not None:
        directory.conclude(found.save)
    return found


def _interrupted_before_it_began(simulator: Simulator, where: Selector) -> Solution[Simulator]:
    hidden = eqx.filter(simulator, hidden_leaves(simulator, where))
    reason = f"{INTERRUPTED} before its first step; nothing was found"
    return Solution(simulator, jnp.asarray(jnp.inf), False, reason, History(), hidden)


def _cost_of_the_best(problem: Problem, course: Course):
    """As the search saw it: nothing is simulated again, unless no step had a cost that is a number."""
    if course.steps == 0 or course.state is None:
        return problem.cost(course.best)
    if not np.isfinite(course.lowest):
        # Compiled, for a search may end where the simulator, asked from outside, refuses to go.
        return eqx.filter_jit(Problem.cost)(problem, course.best)
    return on_every_device(jnp.asarray(course.cost, course.state.cost.dtype))
