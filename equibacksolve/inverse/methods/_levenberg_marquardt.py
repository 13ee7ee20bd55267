"""Levenberg-Marquardt on the per-datum Jacobian, with bounds.

optimistix has Levenberg-Marquardt too, and takes part as a method like any other. Ours exists for three things that
optimistix's lacks: bounds, a step that can be watched and resumed as part of a continuation, and equations of a step
that suit the size of the problem.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._conjugate_gradients import ConjugateGradients
from equibacksolve.inverse.methods._data_space import DataSpace, suits_data_space
from equibacksolve.inverse.methods._method import AbstractMethod, Count, State, first_state
from equibacksolve.inverse.methods._normal_equations import NormalEquations
from equibacksolve.inverse.methods._step_equations import AbstractStepEquations

FEW_UNKNOWNS = 2048
"""So many unknowns, and J^T J and its factor cost less than the simulations that make J."""

SMALL_JACOBIAN = 2**27
"""Entries of a Jacobian that is kept in memory: 1 GiB in float64."""


MEMORY = 64
"""Steps that are remembered: the most that `patience` can be."""


class Inner(eqx.Module):
    model: Any
    damping: Scalar
    recent: Float[Array, " memory"]
    steps: Count


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps: (J^T J + damping D) dp = -J^T r, D = diag(J^T J) with a floor.

    A step that lowers the objective is taken, and the damping divided by `ease`; else it is multiplied by 4. With
    bounds, unknowns that press against theirs are held, and the rest is solved for.

    The step is one of implicit Euler along the steepest descent, D dp/dt = -J^T r, over a time 1 / damping. An `ease`
    of 4 soon leaves that path. Close to 1, the search follows it at growing speed: see `gradient_flow`.

    **Fields** `steps`: the most that are made; `patience`, `decrease`: it ends when `patience` steps lowered the
    objective by less than the fraction `decrease`; `damping`: the initial one; `floor`: of D, in units of its mean;
    `ease`: the damping after a good step is divided by it;
    `equations`: how a step is solved for. Left out, `NormalEquations` up to 2048 unknowns; beyond, `DataSpace` if there
    are fewer data than unknowns and it is able to, and else `ConjugateGradients`, which keeps the Jacobian up to 1 GiB.

    **Raises** ValueError for a `patience` below 1 or above 64. All but `equations` are arrays: one compiled step serves
    for every choice.
    """

    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=200)
    patience: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=5)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=0.005)
    damping: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)
    ease: Float[Array, ""] = eqx.field(converter=float_array, default=4.0)
    equations: AbstractStepEquations | None = None

    def __check_init__(self):
        if not 1 <= self.patience <= MEMORY:
            raise ValueError(f"patience is {self.patience}; give 1 to {MEMORY} steps.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        # Nothing is known yet, so the first step leads nowhere, looks at the start, and accepts it.
        unknowns = ravel_pytree(hidden)[0]
        nothing = equations_of(self, problem, hidden).unseen(problem, hidden)
        recent = jnp.full(MEMORY, jnp.inf, unknowns.dtype)
        damping = 4 * self.damping.astype(unknowns.dtype)
        return first_state(hidden, nothing.value, Inner(nothing, damping, recent, jnp.zeros((), jnp.int32)))

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


def gradient_flow(steps: int = 110) -> LevenbergMarquardt:
    """The path of steepest descent, from the start to where it ends, in about a hundred steps.

    Small steps downhill find rough landscapes that Gauss-Newton steps miss: they fit first what the data know best, and
    everything else only then. Here the time along the path grows by a fifth with each step, and D is the same for all
    unknowns. It is given up when 20 steps gain less than 12 %: paths that led to the truth gained more on the way.
    """
    return LevenbergMarquardt(steps, patience=20, decrease=0.12, damping=0.03, floor=1e4, ease=1.2)


def equations_of(method: LevenbergMarquardt, problem: Problem, hidden: Hidden) -> AbstractStepEquations:
    """The equations that the method names, or those that suit the size of the problem."""
    if method.equations is not None:
        return method.equations
    unknowns = sum(leaf.size for leaf in jax.tree.leaves(hidden))
    data = problem.observed.values.size
    if unknowns <= FEW_UNKNOWNS:
        return NormalEquations()
    keep_jacobian = unknowns * data <= SMALL_JACOBIAN
    if keep_jacobian and data < unknowns and suits_data_space(problem):
        return DataSpace()
    return ConjugateGradients(keep_jacobian=keep_jacobian)


@eqx.filter_jit
def _next(method: LevenbergMarquardt, problem: Problem, state: State) -> State:
    inner = state.inner
    equations = equations_of(method, problem, state.hidden)
    trial = _trial(method, equations, problem, state)
    model, cost = equations.look(problem, trial)
    better, ease = model.value < inner.model.value, method.ease.astype(cost.dtype)
    damping = jnp.clip(jnp.where(better, inner.damping / ease, inner.damping * 4), 1e-15, 1e15)
    hidden, cost, model = jax.tree.map(
        lambda new, old: jnp.where(better, new, old), (trial, cost, model), (state.hidden, state.cost, inner.model)
    )
    recent = jnp.roll(inner.recent, -1).at[-1].set(model.value)
    steps = inner.steps + 1
    stagnant = model.value > (1 - method.decrease) * recent[MEMORY - method.patience]
    # Beyond, the residuals are rounding.
    exact = model.value <= 1e4 * jnp.finfo(cost.dtype).eps ** 2 * problem.observed.variance()
    done = stagnant | exact | (steps > method.steps)
    evaluations = state.evaluations + equations.simulations
    return State(hidden, cost, done, evaluations, Inner(model, damping, recent, steps), state.stage, state.start)


def _trial(method: LevenbergMarquardt, equations: AbstractStepEquations, problem: Problem, state: State) -> Hidden:
    """The point that the damped step leads to."""
    inner = state.inner
    flat, unravel = ravel_pytree(state.hidden)
    gradient = inner.model.gradient
    free = jnp.ones_like(flat)
    if problem.lower is not None:
        lower, upper = ravel_pytree(problem.lower)[0], ravel_pytree(problem.upper)[0]
        pressed = ((flat <= lower) & (gradient > 0)) | ((flat >= upper) & (gradient < 0))
        free = 1.0 - pressed
    diagonal = inner.damping * equations.scale(problem, state.hidden, inner.model, method.floor)
    step = equations.solve(problem, state.hidden, inner.model, diagonal, free)
    # Rounding can leave a matrix that is not positive: such a step is not made, and the damping grows.
    step = jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)
    return problem.within_bounds(unravel(flat + step))
