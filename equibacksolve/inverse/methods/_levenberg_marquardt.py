"""Levenberg-Marquardt on the per-datum Jacobian, with bounds.

optimistix has Levenberg-Marquardt too, and takes part as a method like any other. Ours exists for two things that
optimistix's lacks: bounds, and a step that can be watched and resumed as part of a continuation.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._method import AbstractMethod, Count, State, first_state


class Quadratic(eqx.Module):
    """The objective near a point: its value, gradient J^T r and Hessian J^T J, each divided by the number of data."""

    value: Scalar
    gradient: Float[Array, " unknowns"]
    hessian: Float[Array, "unknowns unknowns"]


class Inner(eqx.Module):
    model: Quadratic
    damping: Scalar
    recent: Float[Array, " patience"]
    steps: Count


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps: (J^T J + damping D) dp = -J^T r, D = diag(J^T J) with a floor.

    A step that lowers the objective is taken, and the damping divided by 4; else the damping is multiplied by 4. With
    bounds, unknowns that press against theirs are held, and the rest is solved for.

    **Fields** `steps`: the most that are made; `patience`, `decrease`: it ends when `patience` steps lowered the
    objective by less than the fraction `decrease`; `damping`: the initial one; `floor`: of D, in units of its mean.
    """

    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=200)
    patience: int = eqx.field(static=True, default=5)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=0.005)
    damping: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        # Nothing is known yet, so the first step leads nowhere, looks at the start, and accepts it.
        unknowns = ravel_pytree(hidden)[0]
        infinite = jnp.asarray(jnp.inf, unknowns.dtype)
        nothing = Quadratic(infinite, jnp.zeros_like(unknowns), jnp.zeros((unknowns.size,) * 2, unknowns.dtype))
        recent = jnp.full(self.patience, jnp.inf, unknowns.dtype)
        damping = 4 * self.damping.astype(unknowns.dtype)
        return first_state(hidden, infinite, Inner(nothing, damping, recent, jnp.zeros((), jnp.int32)))

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


def quadratic(problem: Problem, hidden: Hidden) -> tuple[Quadratic, Scalar]:
    """The objective's quadratic model at `hidden`, and the plain cost there."""
    flat, unravel = ravel_pytree(hidden)

    def seen(unknowns):
        leaves = unravel(unknowns)
        plain = problem.residuals(leaves)
        return problem.seen(leaves, plain), plain

    r, push, plain = jax.linearize(seen, flat, has_aux=True)
    jacobian = jax.vmap(push, out_axes=1)(jnp.eye(flat.size, dtype=flat.dtype))
    count = problem.observed.count
    model = Quadratic(r @ r / count, jacobian.T @ r / count, jacobian.T @ jacobian / count)
    return model, plain @ plain / count


@eqx.filter_jit
def _next(method: LevenbergMarquardt, problem: Problem, state: State) -> State:
    inner = state.inner
    trial = _trial(method, problem, state)
    model, cost = quadratic(problem, trial)
    better = model.value < inner.model.value
    damping = jnp.clip(jnp.where(better, inner.damping / 4, inner.damping * 4), 1e-15, 1e15)
    hidden, cost, model = jax.tree.map(
        lambda new, old: jnp.where(better, new, old), (trial, cost, model), (state.hidden, state.cost, inner.model)
    )
    recent = jnp.roll(inner.recent, -1).at[-1].set(inner.model.value)
    steps = inner.steps + 1
    stagnant = model.value > (1 - method.decrease) * recent[0]
    # Beyond, the residuals are rounding.
    exact = model.value <= 1e4 * jnp.finfo(cost.dtype).eps ** 2 * problem.observed.variance()
    done = stagnant | exact | (steps > method.steps)
    return State(
        hidden, cost, done, state.evaluations + 1, Inner(model, damping, recent, steps), state.stage, state.start
    )


def _trial(method: LevenbergMarquardt, problem: Problem, state: State) -> Hidden:
    """The point that the damped step leads to."""
    inner = state.inner
    gradient, hessian = inner.model.gradient, inner.model.hessian
    flat, unravel = ravel_pytree(state.hidden)
    curvature = jnp.diagonal(hessian)
    scale = jnp.maximum(curvature, method.floor.astype(curvature.dtype) * jnp.mean(curvature))
    scale = jnp.where(scale > 0, scale, 1.0)
    free = jnp.ones_like(flat)
    if problem.lower is not None:
        lower, upper = ravel_pytree(problem.lower)[0], ravel_pytree(problem.upper)[0]
        pressed = ((flat <= lower) & (gradient > 0)) | ((flat >= upper) & (gradient < 0))
        free = 1.0 - pressed
    damped = hessian * free * free[:, None] + jnp.diag(inner.damping * scale + (1 - free))
    step = -jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(damped), gradient * free)
    # Rounding can leave a matrix that is not positive: such a step is not made, and the damping grows.
    step = jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)
    return problem.within_bounds(unravel(flat + step))
