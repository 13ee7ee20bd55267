"""Backsolution: from data to the hidden leaves of a simulator (steps 1-5 of the paper)."""

import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree
from tqdm import tqdm

from equibacksolve._devices import agreed, on_every_device
from equibacksolve.inverse._history import History
from equibacksolve.inverse._observations import Observations
from equibacksolve.inverse._problem import Problem, pose
from equibacksolve.inverse._solution import Solution
from equibacksolve.inverse.methods import AbstractMethod, State, as_method
from equibacksolve.simulators import AbstractSimulator


def backsolve(
    simulator: AbstractSimulator,
    observed: Observations,
    method: Any = None,
    *,
    where: Callable[[Any], PyTree],
    key: PRNGKeyArray | None = None,
    bounds: tuple[Any, Any] | None = None,
    tolerance: float | int | None = None,
    steps: int | None = None,
    seconds: float | int = 300,
    progress: bool = True,
    callback: Callable[[State], bool | None] | None = None,
) -> Solution:
    """Recover hidden leaves of a simulator from observations.

    **Arguments**

    - `simulator`: the start; its leaves outside `where` are taken as known.
    - `observed`: the data.
    - `method`: an optax optimizer, an optimistix solver, a method of ours, or None for Levenberg-Marquardt under
      continuation with restarts.
    - `where`: a function that returns the hidden leaves, e.g. `lambda s: s.sample.onsite.values`.
    - `key`: for random restarts; the seed 0 if left out.
    - `bounds`: (lower, upper), each one number or leaves as `where` returns them.
    - `tolerance`: the cost at which the data count as explained. Left out, it is a millionth of the variance of the
      data, or chi-squared per datum of 1 + 3 sqrt(2/N) if sigma is known.
    - `steps`, `seconds`: the budget of the whole search. A search that has not found a solution ends after 300 seconds.
    - `progress`: whether to show a progress bar.
    - `callback`: called with the state after each step; the search ends when it returns True.

    Ctrl-C ends the search, too: whatever ended it, the best guess so far is returned.

    Under `jax.set_mesh` of a mesh with an axis `points`, the data points of each simulation are spread over its
    devices. If they belong to several processes, all of them make the same call, and callbacks decide alike.

    **Raises** ValueError for a `where` that selects nothing trainable, a start whose cost is not finite, bounds out of
    order, an unknown kind of method, or variables that the simulator does not take.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}; leave it out for no such budget.")
    method = as_method(method)
    problem, hidden = on_every_device(pose(simulator, observed, where, bounds, tolerance))
    key = on_every_device(jax.random.key(0) if key is None else key)
    best, reason, history = _run(method, problem, hidden, key, steps, seconds, progress, callback)
    cost = problem.cost(best)
    converged = bool(problem.explained(cost))
    return Solution(problem.simulator(best), cost, converged, _told(reason, converged, cost, problem), history)


def _run(method: AbstractMethod, problem: Problem, hidden, key, steps, seconds, progress, callback):
    """Step until the method is done, or the budget is. Returns the best guess, why it ended, and the history."""
    history, began = History(), time.monotonic()
    best, lowest, reason = hidden, np.inf, "the search ended by itself"
    with tqdm(disable=not progress, desc="backsolve", unit=" steps") as bar:
        try:
            state = method.init(problem, hidden, key)
            while True:
                state = method.step(problem, state)
                state = eqx.tree_at(lambda s: s.hidden, state, on_every_device(state.hidden))
                elapsed = agreed(time.monotonic() - began)
                history.record(state, elapsed)
                cost = history.cost_now
                if cost < lowest:
                    best, lowest = state.hidden, cost
                bar.update()
                bar.set_postfix(cost=f"{cost:.2e}", best=f"{lowest:.2e}", **_where_in(state), refresh=False)
                stop = callback is not None and callback(state)
                if bool(state.done):
                    break
                if stop:
                    reason = "the callback ended the search"
                    break
                if steps is not None and len(history) >= steps:
                    reason = f"the budget of {steps} steps is used up"
                    break
                if elapsed > seconds:
                    reason = f"the budget of {seconds:g} seconds is used up"
                    break
        except KeyboardInterrupt:
            reason = "the search was interrupted"
    return best, reason, history


def _where_in(state: State) -> dict[str, int]:
    return {"stage": int(state.stage) + 1, "start": int(state.start) + 1}


def _told(reason: str, converged: bool, cost, problem: Problem) -> str:
    """The reason, with advice if the data are not explained."""
    if converged:
        return f"the data are explained: cost {float(cost):.2e} is below {float(problem.tolerance):.2e}; {reason}"
    advice = (
        "give it more time or another key, bounds= that the leaves keep, or data over a wider range"
        if problem.observed.sigma is not None
        else "give it more time or another key, bounds= that the leaves keep, or sigma= if the data are noisy"
    )
    compared = f"cost {float(cost):.2e} is above {float(problem.tolerance):.2e}"
    return f"the data are not explained: {compared}; {reason}; {advice}"
