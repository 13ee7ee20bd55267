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
from equibacksolve.inverse.methods._method import AbstractMethod, Count, State, check_momentum, first_state
from equibacksolve.inverse.methods._normal_equations import NormalEquations
from equibacksolve.inverse.methods._step_equations import AbstractStepEquations, Unknowns

FEW_UNKNOWNS = 2048
"""So many unknowns, and J^T J and its factor cost less than the simulations that make J."""

SMALL_JACOBIAN = 2**27
"""Entries of a Jacobian that is kept in memory: 1 GiB in float64."""


MEMORY = 64
"""Steps that are remembered: the most that `patience` and `uphill` can be."""


class Inner(eqx.Module):
    """Where the search is, which with `uphill` need not be the best guess, and what it remembers.

    `point`, `model`: the last step that was taken, and the objective around it; `velocity`: that step; `taken`: the
    objective after the latest steps, of those that were taken; `lowest`: the lowest of all, after each of the latest.
    """

    point: Hidden
    model: Any
    velocity: Unknowns
    damping: Scalar
    taken: Float[Array, " memory"]
    lowest: Float[Array, " memory"]
    steps: Count


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps: (J^T J + damping D) dp = -J^T r, D = diag(J^T J) with a floor.

    A step that lowers the objective is taken, and the damping divided by `ease`; else it is multiplied by 4. With
    bounds, unknowns that press against theirs are held, and the rest is solved for.

    The step is one of implicit Euler along the steepest descent, D dp/dt = -J^T r, over a time 1 / damping. An `ease`
    of 4 soon leaves that path. Close to 1, the search follows it at growing speed. With `momentum`, a part of the step
    before is added to each, as to those of a heavy ball (Polyak 1964): see `heavy_ball`.

    **Fields** `steps`: the most that are made; `patience`, `decrease`: it ends when `patience` steps lowered the
    objective by less than the fraction `decrease`; `damping`: the initial one; `floor`: of D, in units of its mean;
    `ease`: the damping after a good step is divided by it; `momentum`: the part of the step before, from 0 to 1, lost
    where a step is not taken; `uphill`: a step is taken if it leads below the highest of so many points that it came by
    (1: below where it is). The best guess is kept in any case.
    `equations`: how a step is solved for. Left out, `NormalEquations` up to 2048 unknowns; beyond, `DataSpace` if there
    are fewer data than unknowns and it is able to, and else `ConjugateGradients`, which keeps the Jacobian up to 1 GiB.

    **Raises** ValueError for a `patience` or `uphill` below 1 or above 64, and a `momentum` below 0 or from 1 on. All
    but `equations` are arrays: one compiled step serves for every choice.
    """

    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=200)
    patience: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=5)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=0.005)
    damping: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)
    ease: Float[Array, ""] = eqx.field(converter=float_array, default=4.0)
    momentum: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    uphill: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=1)
    equations: AbstractStepEquations | None = None

    def __check_init__(self):
        for name in ("patience", "uphill"):
            if not 1 <= getattr(self, name) <= MEMORY:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 to {MEMORY} steps.")
        check_momentum(self.momentum)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        # Nothing is known yet, so the first step leads nowhere, looks at the start, and accepts it.
        unknowns = ravel_pytree(hidden)[0]
        nothing = equations_of(self, problem, hidden).unseen(problem, hidden)
        unseen = jnp.full(MEMORY, jnp.inf, unknowns.dtype)
        damping = 4 * self.damping.astype(unknowns.dtype)
        still, count = jnp.zeros_like(unknowns), jnp.zeros((), jnp.int32)
        inner = Inner(hidden, nothing, still, damping, -unseen, unseen, count)
        return first_state(hidden, nothing.value, inner)

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


def heavy_ball(
    steps: int = 200, momentum: float = 0.97, ease: float = 1.1, uphill: int = 20, patience: int = 40
) -> LevenbergMarquardt:
    """A heavy ball that rolls down the misfit: for rough landscapes and patterns, from small random starts.

    Small steps downhill find rough landscapes that Gauss-Newton steps miss: they fit first what the data know best, and
    everything else only then. Momentum carries the search through the shallow valleys on the way, in which steepest
    descent, and every method whose objective only falls, would end. Here the time along the path grows by a tenth with
    each step, D is the same for all unknowns, and 97 % of a step go into the next. A lighter ball in more haste
    (`momentum` 0.8, `ease` 1.2, `uphill` 10) takes half the steps, and finds other landscapes. One in still more haste
    (besides, `steps` 60, `ease` 1.3, `patience` 15) is what the stages of a continuation want.

    It is given up when `patience` steps gain less than 12 %. The last digits want plain Levenberg-Marquardt after it.
    """
    # A floor far above all curvatures makes D the same for all unknowns. Times the damping it is 3 % of their mean.
    floor = 1e4
    return LevenbergMarquardt(
        steps, patience, decrease=0.12, damping=0.03 / floor, floor=floor, ease=ease, momentum=momentum, uphill=uphill
    )


def quick_ball() -> LevenbergMarquardt:
    """A light ball in haste: for the stages of a continuation, and to go on from where a rough search ended."""
    return heavy_ball(steps=60, momentum=0.8, ease=1.3, uphill=10, patience=15)


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
    equations = equations_of(method, problem, state.hidden)
    trial, step = _trial(method, equations, problem, state.inner)
    model, cost = equations.look(problem, trial)
    inner = _moved(method, state.inner, trial, step, model)
    best = model.value < state.inner.lowest[-1]
    hidden, cost = jax.tree.map(lambda new, old: jnp.where(best, new, old), (trial, cost), (state.hidden, state.cost))
    lowest = inner.lowest[-1]
    stagnant = lowest > (1 - method.decrease) * inner.lowest[MEMORY - method.patience]
    # Beyond, the residuals are rounding.
    exact = lowest <= 1e4 * jnp.finfo(cost.dtype).eps ** 2 * problem.observed.variance()
    done = stagnant | exact | (inner.steps > method.steps)
    evaluations = state.evaluations + equations.simulations
    return State(hidden, cost, done, evaluations, inner, state.stage, state.start)


def _moved(method: LevenbergMarquardt, inner: Inner, trial: Hidden, step: Unknowns, model: Any) -> Inner:
    """At the trial point if it is low enough, else where it was, more careful and without momentum."""
    window = jnp.arange(MEMORY) >= MEMORY - method.uphill
    limit = jnp.max(jnp.where(window, inner.taken, -jnp.inf))
    # Nothing has been taken before the first look.
    taken = (model.value < limit) | ((inner.steps == 0) & jnp.isfinite(model.value))
    ease = method.ease.astype(inner.damping.dtype)
    damping = jnp.clip(jnp.where(taken, inner.damping / ease, inner.damping * 4), 1e-15, 1e15)
    of_taken = jnp.where(taken, jnp.roll(inner.taken, -1).at[-1].set(model.value), inner.taken)
    lowest = jnp.roll(inner.lowest, -1).at[-1].set(jnp.fmin(inner.lowest[-1], model.value))
    point, model = jax.tree.map(lambda new, old: jnp.where(taken, new, old), (trial, model), (inner.point, inner.model))
    return Inner(point, model, jnp.where(taken, step, 0.0), damping, of_taken, lowest, inner.steps + 1)


def _trial(
    method: LevenbergMarquardt, equations: AbstractStepEquations, problem: Problem, inner: Inner
) -> tuple[Hidden, Unknowns]:
    """The point that the damped step leads to, and the way there."""
    flat, unravel = ravel_pytree(inner.point)
    gradient = inner.model.gradient
    free = jnp.ones_like(flat)
    if problem.lower is not None:
        lower, upper = ravel_pytree(problem.lower)[0], ravel_pytree(problem.upper)[0]
        pressed = ((flat <= lower) & (gradient > 0)) | ((flat >= upper) & (gradient < 0))
        free = 1.0 - pressed
    diagonal = inner.damping * equations.scale(problem, inner.point, inner.model, method.floor)
    step = equations.solve(problem, inner.point, inner.model, diagonal, free)
    step = step + method.momentum.astype(flat.dtype) * free * inner.velocity
    # Rounding can leave a matrix that is not positive: such a step is not made, and the damping grows.
    step = jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)
    trial = problem.within_bounds(unravel(flat + step))
    return trial, ravel_pytree(trial)[0] - flat
