"""Any optax optimizer, as it is."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods._keyed_optimizer import keyed_optimizer
from equibacksolve.methods._method import AbstractMethod, State, first_state


class GradientDescent(AbstractMethod):
    """Follow the gradient with an optax optimizer, until the data are explained, or progress ends.

    **Fields**

    - `optimizer`: any optax transformation, one with a line search too.
    - `steps`: the most that are made.
    - `patience`, `decrease`: it ends when `patience` steps lowered the best objective by less than that fraction.
    """

    optimizer: optax.GradientTransformationExtraArgs = eqx.field(static=True, converter=keyed_optimizer)
    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=3000)
    patience: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=200)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        infinite = jnp.full_like(problem.tolerance, jnp.inf)
        best = (infinite, jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))
        return first_state(hidden, infinite, (hidden, self.optimizer.init(hidden), best))

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


@eqx.filter_jit
def _next(method: GradientDescent, problem: Problem, state: State) -> State:
    here, optimizer_state, (best, since, steps) = state.inner

    objective = lambda hidden: problem.objective(hidden)[0]
    within = lambda hidden: objective(problem.within_bounds(hidden))  # what a line search looks along
    value, gradient = _value_and_gradient(problem, objective, here, optimizer_state)
    cost = value if problem.transform is None and not problem.priors else problem.cost(here)
    update = method.optimizer.update
    changes, optimizer_state = update(gradient, optimizer_state, here, value=value, grad=gradient, value_fn=within)
    onwards = problem.within_bounds(optax.apply_updates(here, changes))
    progress = value < (1 - method.decrease) * best
    best, since, steps = jnp.minimum(best, value), jnp.where(progress, 0, since + 1), steps + 1
    done = problem.explained(cost) | (since >= method.patience) | (steps >= method.steps) | ~jnp.isfinite(value)
    inner = (onwards, optimizer_state, (best, since.astype(jnp.int32), steps))
    penalty, evaluations = problem.penalty(here), state.evaluations + 1
    return State(here, cost, done, evaluations, inner, state.stage, state.start, penalty=penalty)


def _value_and_gradient(problem, objective, hidden, optimizer_state) -> Any:
    """A line search has been here already, and kept what it found; but not within bounds, which move its end."""
    if problem.lower is not None or optax.tree.get(optimizer_state, "grad") is None:
        return jax.value_and_grad(objective)(hidden)
    return optax.value_and_grad_from_state(objective)(hidden, state=optimizer_state)
