"""Levenberg-Marquardt on the per-datum Jacobian, with bounds.

optimistix has it too. Ours has bounds, steps that can be watched, equations for any size, and no regard for units. How
long a step is, whether it is taken, and which equations it solves are files of their own.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array, known_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, pressed_against
from equibacksolve.methods._acceptance import MEMORY, Objectives, is_low, is_stagnant, none_yet, remembered
from equibacksolve.methods._method import AbstractMethod, Count, State, check_momentum, first_state
from equibacksolve.methods._step_equations import AbstractStepEquations, Unknowns, over_leaves
from equibacksolve.methods._step_length import AbstractStepLength, DampedStep, Tried, best_part_of_step, length
from equibacksolve.methods._suitable_equations import suitable_equations
from equibacksolve.methods._trust_region import TrustRegion

RESOLUTION, TO_THE_MINIMUM = 1e-3, 200
"""A guess this many standard errors from a minimum has settled, but goes on; steps given for that beyond `steps`."""


class Inner(eqx.Module):
    """Where the search is (with `nonmonotone`, not always at the best guess), and what it remembers.

    - `point`, `model`: the last step that was taken, and the objective around it.
    - `velocity`: that step.
    - `full`: the full Gauss-Newton step from there, where it was asked for.
    - `rule`: what the rule for the length of steps remembers.
    - `objectives`: those of the latest steps.
    """

    point: Hidden
    model: Any
    velocity: Unknowns
    full: Unknowns
    rule: Any
    objectives: Objectives
    steps: Count


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps: (J^T J + m D) dp = -J^T r, with bounds.

    Left alone, it ends at a minimum, see `Problem.is_minimum`, and depends on no unit of an unknown or of the data.
    Unknowns that press against their bounds are held, and the step is solved for in the others.

    - `steps`: the most that are made; once the data are explained, 200 more lead to the minimum.
    - `patience`: it ends when so many steps lowered the objective by less than the fraction `decrease`, unless the data
      are explained.
    - `decrease`: 0: it ends at a minimum only.
    - `step_length`: m and D: `TrustRegion()`, or `Damping(first)`.
    - `momentum`: this part of the last step is added to the next one (Polyak 1964). A step that is not taken ends it.
    - `nonmonotone`: a step is taken if it leads below the highest of the last so many points. 1: below the point where
      it begins.
    - `equations`: how a step is solved for. Left out, `OrthogonalFactor` up to 256 unknowns, for a `TrustRegion`;
      `NormalEquations` up to 2048; beyond, `DataSpace` if there are fewer data than unknowns and it is able to, and
      else `ConjugateGradients`, which keeps the Jacobian up to 1 GiB.

    **Raises** ValueError for a `patience` or `nonmonotone` below 1 or above 64, and a `momentum` below 0 or from 1 on.

    One compiled step serves for every choice of numbers with a `Damping`, and one for all with a `TrustRegion`.
    """

    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=1000)
    patience: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=5)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    step_length: AbstractStepLength = eqx.field(default_factory=TrustRegion)
    momentum: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    nonmonotone: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=1)
    equations: AbstractStepEquations | None = None

    def __check_init__(self):
        for name in ("patience", "nonmonotone"):
            if not 1 <= np.asarray(getattr(self, name)) <= MEMORY:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 to {MEMORY} steps.")
        check_momentum(self.momentum)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        # Nothing is known yet, so the first step leads nowhere, looks at the start, and accepts it.
        unknowns = ravel_pytree(hidden)[0]
        nothing = _equations(self, problem, hidden).initial_model(problem, hidden)
        still, rule = known_array(np.zeros(unknowns.shape), unknowns.dtype), self.step_length.begin(unknowns)
        count = known_array(0, np.int32)
        inner = Inner(hidden, nothing, still, still, rule, none_yet(unknowns.dtype), count)
        return first_state(hidden, nothing.value, inner)

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


@eqx.filter_jit
def _next(method: LevenbergMarquardt, problem: Problem, state: State) -> State:
    equations, rule = _equations(method, problem, state.hidden), method.step_length
    before = _with_scale(rule, equations, problem, state.inner)
    flat = ravel_pytree(before.point)[0]
    begun = rule.at_the_start(before.rule, flat, before.model.value)
    begun = jax.tree.map(lambda new, old: jnp.where(before.steps == 1, new, old), begun, before.rule)
    before = eqx.tree_at(lambda i: i.rule, before, begun)
    trial, damped = _trial(method, equations, problem, before)
    model, cost = equations.model_at(problem, trial)
    expected = _expected(before, damped, rule.scale(before.rule))
    inner, taken = _moved(method, before, trial, ravel_pytree(trial)[0] - flat, model, expected, damped)
    newer = lambda new, old: jnp.where(model.value < before.objectives.lowest[-1], new, old)
    hidden, cost = jax.tree.map(newer, (trial, cost), (state.hidden, state.cost))
    explained = problem.explained(cost)
    given_up = inner.steps > method.steps + jnp.where(explained, TO_THE_MINIMUM, 0)
    given_up = given_up | (~explained & is_stagnant(inner.objectives, method.patience, method.decrease))
    # A full step is solved for where its outcome counts: a stage of a search mostly ends otherwise.
    asked = rule.to_the_minimum or explained | given_up
    infinite = lambda: jnp.full_like(flat, jnp.inf)
    full = jax.lax.cond(asked, lambda: _full_step(method, equations, problem, inner), infinite)
    fall, inner = _fall(problem, inner, full), eqx.tree_at(lambda i: i.full, inner, full)
    arrived = lambda resolution: problem.is_minimum(inner.model.value, fall, resolution)
    eps = jnp.finfo(flat.dtype).eps
    # No step can be told from standing still; and where the slope is not a number, there is none.
    stuck = (~taken & (expected <= 4 * eps * before.model.value)) | ~jnp.all(jnp.isfinite(inner.model.gradient))
    done = arrived(float(50 * eps) ** 0.5) | stuck | given_up
    simulated, settled = state.evaluations + equations.simulations, arrived(RESOLUTION)
    penalty = problem.penalty(hidden)
    return State(hidden, cost, done, simulated, inner, state.stage, state.start, settled, penalty)


def _equations(method: LevenbergMarquardt, problem: Problem, hidden: Hidden) -> AbstractStepEquations:
    return suitable_equations(method.equations, method.step_length.to_the_minimum, problem, hidden)


def _with_scale(rule: AbstractStepLength, equations, problem: Problem, inner: Inner) -> Inner:
    """With the curvature at the point where the search is, but no less than its floor."""
    curvature = equations.curvature(problem, inner.point, inner.model)
    floor = rule.floor.astype(curvature.dtype) * over_leaves(problem, inner.point, curvature)
    return eqx.tree_at(lambda i: i.rule, inner, rule.scaled(inner.rule, jnp.maximum(curvature, floor)))


def _free(problem: Problem, inner: Inner) -> Unknowns:
    """0 for unknowns that press against their bounds, else 1."""
    flat, bounds = ravel_pytree(inner.point)[0], (problem.lower, problem.upper)
    return jnp.ones_like(flat) if problem.lower is None else 1.0 - pressed_against(*bounds, flat, inner.model.gradient)


def _solver(equations, problem, inner: Inner):
    free = _free(problem, inner)
    return lambda diagonal, right=None: equations.solve(problem, inner.point, inner.model, diagonal, free, right), free


def _trial(method: LevenbergMarquardt, equations, problem: Problem, inner: Inner) -> tuple[Hidden, DampedStep]:
    """The point that the next step leads to, within bounds."""
    flat, unravel = ravel_pytree(inner.point)
    solve, free = _solver(equations, problem, inner)
    gradient, least = inner.model.gradient * free, equations.least_damping(flat.dtype)
    damped = method.step_length.damped(inner.rule, solve, inner.full, gradient, least)
    step = damped.step + method.momentum.astype(flat.dtype) * free * inner.velocity
    # Rounding can leave a matrix that is not positive: such a step is not made, and the damping grows.
    step = jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)
    return problem.within_bounds(unravel(flat + step)), damped


def _expected(inner: Inner, damped: DampedStep, scale: Unknowns) -> Scalar:
    """By how much the model expects the objective to fall: -2 g.s - s.H.s, where H s = -g - m D s."""
    step = jnp.nan_to_num(damped.step)
    return jnp.maximum(0.0, -step @ inner.model.gradient + damped.damping * length(step, scale) ** 2)


def _full_step(method: LevenbergMarquardt, equations, problem: Problem, inner: Inner) -> Unknowns:
    """The Gauss-Newton step, with the least damping that rounding asks for."""
    rule = method.step_length
    scale = rule.scale(_with_scale(rule, equations, problem, inner).rule)
    return _solver(equations, problem, inner)[0](equations.least_damping(scale.dtype) * scale)


def _fall(problem: Problem, inner: Inner, full: Unknowns) -> Scalar:
    """By how much the full step would lower the objective, by the model; infinite where nobody knows."""
    fall = -(inner.model.gradient * _free(problem, inner)) @ full
    return jnp.where(jnp.isfinite(fall), jnp.maximum(fall, 0.0), jnp.inf)


def _moved(method: LevenbergMarquardt, inner: Inner, trial: Hidden, step, model, expected, damped: DampedStep):
    """At the trial point if it is low enough, else where it was, more careful and without momentum."""
    rule, value = method.step_length, inner.model.value
    gain = jnp.where(jnp.isfinite(model.value), (value - model.value) / expected, -1.0)
    low = is_low(inner.objectives, method.nonmonotone, value, model.value, expected, rule.enough(gain))
    # Nothing has been taken before the first look.
    taken = (low & jnp.all(jnp.isfinite(model.gradient))) | ((inner.steps == 0) & jnp.isfinite(model.value))
    best_part = best_part_of_step(value, model.value, 2 * step @ inner.model.gradient)
    tried = Tried(taken, damped.full, length(step, rule.scale(inner.rule)), gain, best_part)
    # A step that is refused tells of no stagnation, as long as shorter ones promise more.
    counts = taken | (expected * method.patience < method.decrease * value)
    objectives = remembered(inner.objectives, model.value, taken, counts)
    point, model = jax.tree.map(lambda new, old: jnp.where(taken, new, old), (trial, model), (inner.point, inner.model))
    velocity, after = jnp.where(taken, step, 0.0), rule.after(inner.rule, tried, inner.steps == 1)
    return Inner(point, model, velocity, inner.full, after, objectives, inner.steps + 1), taken
