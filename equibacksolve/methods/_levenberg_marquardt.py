"""Levenberg-Marquardt on the per-datum Jacobian, with bounds.

optimistix has it too. Ours has bounds, steps that can be watched, equations for any size, and no regard for units.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, pressed_against
from equibacksolve.methods._method import AbstractMethod, Count, State, check_momentum, first_state, optional_array
from equibacksolve.methods._step_equations import AbstractStepEquations, Unknowns, over_leaves
from equibacksolve.methods._suitable_equations import suitable_equations
from equibacksolve.methods._trust_region import (
    LEAST_GAIN,
    START,
    DampedStep,
    best_part_of_step,
    length,
    next_radius,
    step_of_length,
)

MEMORY = 64
"""Steps that are remembered: the most that `patience` and `nonmonotone` can be."""

RESOLUTION, TO_THE_MINIMUM = 1e-3, 200
"""A guess this many standard errors from a minimum has settled, but goes on; steps given for that beyond `steps`."""


class Inner(eqx.Module):
    """Where the search is (with `nonmonotone`, not always at the best guess), and what it remembers.

    - `point`, `model`: the last step that was taken, and the objective around it.
    - `velocity`: that step.
    - `full`: the full Gauss-Newton step from there, where it was asked for.
    - `damping`, `radius`, `largest`: m, the length of the next step, and the largest curvature met along each unknown.
    - `taken`: the objective after the latest steps, of those that were taken.
    - `lowest`: the lowest of all, after each of the latest.
    """

    point: Hidden
    model: Any
    velocity: Unknowns
    full: Unknowns
    damping: Scalar
    radius: Scalar
    largest: Unknowns
    taken: Float[Array, " memory"]
    lowest: Float[Array, " memory"]
    steps: Count


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps: (J^T J + m D) dp = -J^T r, with bounds.

    Left alone, it is a trust-region method (`_trust_region.py`): m follows from how long a step may be, and D is the
    largest diag(J^T J) met so far. It ends at a minimum, see `Problem.is_minimum`, and depends on no unit of an unknown
    or of the data.

    With `damping`, m is given. It is divided by `damping_divisor` after a step that is taken, and multiplied by 4 after
    one that is not. Each step is then one of implicit Euler, over a time 1 / m, along the path of steepest descent
    D dp/dt = -J^T r. A divisor of 4 soon leaves that path; a divisor close to 1 stays on it.

    Unknowns that press against their bounds are held, and the step is solved for in the others.

    **Fields**

    - `steps`: the most that are made; once the data are explained, 200 more lead to the minimum.
    - `patience`: it ends when so many steps lowered the objective by less than the fraction `decrease`, unless the data
      are explained.
    - `decrease`: 0: it ends at a minimum only.
    - `damping`: the first m, or None for a trust region.
    - `floor`: the least D for the sites of a map, which share a unit: in units of their mean.
    - `damping_divisor`: m is divided by it after a step that is taken.
    - `momentum`: this part of the last step is added to the next one (Polyak 1964). A step that is not taken ends it.
    - `nonmonotone`: a step is taken if it leads below the highest of the last so many points (Grippo, Lampariello and
      Lucidi 1986). 1: below the point where it begins.
    - `equations`: how a step is solved for. Left out, `OrthogonalFactor` up to 256 unknowns, unless `damping` is given;
      `NormalEquations` up to 2048; beyond, `DataSpace` if there are fewer data than unknowns and it is able to, and
      else `ConjugateGradients`, which keeps the Jacobian up to 1 GiB.

    **Raises** ValueError for a `patience` or `nonmonotone` below 1 or above 64, and a `momentum` below 0 or from 1 on.

    One compiled step serves for every choice of numbers with `damping`, and one for all without.
    """

    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=1000)
    patience: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=5)
    decrease: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    damping: Float[Array, ""] | None = eqx.field(converter=optional_array, default=None)
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)
    damping_divisor: Float[Array, ""] = eqx.field(converter=float_array, default=4.0)
    momentum: Float[Array, ""] = eqx.field(converter=float_array, default=0.0)
    nonmonotone: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=1)
    equations: AbstractStepEquations | None = None

    def __check_init__(self):
        for name in ("patience", "nonmonotone"):
            if not 1 <= getattr(self, name) <= MEMORY:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 to {MEMORY} steps.")
        check_momentum(self.momentum)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        # Nothing is known yet, so the first step leads nowhere, looks at the start, and accepts it.
        unknowns = ravel_pytree(hidden)[0]
        nothing = suitable_equations(self.equations, self.damping is None, problem, hidden).initial_model(
            problem, hidden
        )
        unseen = jnp.full(MEMORY, jnp.inf, unknowns.dtype)
        one, still, count = jnp.ones((), unknowns.dtype), jnp.zeros_like(unknowns), jnp.zeros((), jnp.int32)
        damping = one if self.damping is None else 4 * self.damping.astype(unknowns.dtype)
        inner = Inner(hidden, nothing, still, still, damping, one, still, -unseen, unseen, count)
        return first_state(hidden, nothing.value, inner)

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)


@eqx.filter_jit
def _next(method: LevenbergMarquardt, problem: Problem, state: State) -> State:
    equations = suitable_equations(method.equations, method.damping is None, problem, state.hidden)
    before = eqx.tree_at(lambda i: i.largest, state.inner, _largest_curvature(method, equations, problem, state.inner))
    scale = _positive(before.largest)
    before = _with_radius(before, scale)
    trial, damped = _trial(method, equations, problem, before, scale)
    model, cost = equations.model_at(problem, trial)
    step = ravel_pytree(trial)[0] - ravel_pytree(before.point)[0]
    expected = _expected(before, damped, scale)
    inner, taken = _moved(method, before, trial, step, model, expected, damped, scale)
    newer = lambda new, old: jnp.where(model.value < before.lowest[-1], new, old)
    hidden, cost = jax.tree.map(newer, (trial, cost), (state.hidden, state.cost))
    explained, lowest = problem.explained(cost), inner.lowest[-1]
    stagnant = lowest > (1 - method.decrease) * inner.lowest[MEMORY - method.patience]
    given_up = inner.steps > method.steps + jnp.where(explained, TO_THE_MINIMUM, 0)
    given_up = given_up | (~explained & stagnant)
    # A full step is solved for where its outcome counts: a stage of a search mostly ends otherwise.
    asked = method.damping is None or explained | given_up
    infinite = lambda: jnp.full_like(scale, jnp.inf)
    full = jax.lax.cond(asked, lambda: _full_step(method, equations, problem, inner), infinite)
    fall, inner = _fall(problem, inner, full), eqx.tree_at(lambda i: i.full, inner, full)
    arrived = lambda resolution: problem.is_minimum(inner.model.value, fall, resolution)
    eps = jnp.finfo(lowest.dtype).eps
    # No step can be told from standing still; and where the slope is not a number, there is none.
    stuck = (~taken & (expected <= 4 * eps * before.model.value)) | ~jnp.all(jnp.isfinite(inner.model.gradient))
    done = arrived(float(50 * eps) ** 0.5) | stuck | given_up
    simulated, settled = state.evaluations + equations.simulations, arrived(RESOLUTION)
    penalty = problem.penalty(hidden)
    return State(hidden, cost, done, simulated, inner, state.stage, state.start, settled, penalty)


def _largest_curvature(method, equations, problem, inner: Inner) -> Unknowns:
    """D, at the point where the search is; 0 for what the data do not see."""
    curvature = equations.curvature(problem, inner.point, inner.model)
    floor = method.floor.astype(curvature.dtype) * over_leaves(problem, inner.point, curvature)
    scale = jnp.maximum(curvature, floor)
    return jnp.maximum(scale, inner.largest) if method.damping is None else scale


def _positive(largest: Unknowns) -> Unknowns:
    """What is not seen has no slope either, and stays where it is: any number will do."""
    return jnp.where(largest > 0, largest, 1.0)


def _with_radius(inner: Inner, scale: Unknowns) -> Inner:
    """The first radius is known when the start has been looked at."""
    start = length(ravel_pytree(inner.point)[0], scale)
    first = START * jnp.where(start > 0, start, jnp.sqrt(inner.model.value))
    return eqx.tree_at(lambda i: i.radius, inner, jnp.where(inner.steps == 1, first, inner.radius))


def _free(problem: Problem, inner: Inner) -> Unknowns:
    """0 for unknowns that press against their bounds, else 1."""
    flat, bounds = ravel_pytree(inner.point)[0], (problem.lower, problem.upper)
    return jnp.ones_like(flat) if problem.lower is None else 1.0 - pressed_against(*bounds, flat, inner.model.gradient)


def _solver(equations, problem, inner: Inner):
    free = _free(problem, inner)
    return lambda diagonal, right=None: equations.solve(problem, inner.point, inner.model, diagonal, free, right), free


def _trial(method, equations, problem, inner: Inner, scale: Unknowns) -> tuple[Hidden, DampedStep]:
    """The point that the next step leads to, within bounds."""
    flat, unravel = ravel_pytree(inner.point)
    solve, free = _solver(equations, problem, inner)
    if method.damping is None:
        gradient, least = inner.model.gradient * free, equations.least_damping(flat.dtype)
        damped = step_of_length(solve, inner.full, gradient, scale, inner.radius, least)
    else:
        damped = DampedStep(solve(inner.damping * scale), inner.damping, jnp.asarray(False))
    step = damped.step + method.momentum.astype(flat.dtype) * free * inner.velocity
    # Rounding can leave a matrix that is not positive: such a step is not made, and the damping grows.
    step = jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)
    return problem.within_bounds(unravel(flat + step)), damped


def _expected(inner: Inner, damped: DampedStep, scale: Unknowns) -> Scalar:
    """By how much the model expects the objective to fall: -2 g.s - s.H.s, where H s = -g - m D s."""
    step = jnp.nan_to_num(damped.step)
    return jnp.maximum(0.0, -step @ inner.model.gradient + damped.damping * length(step, scale) ** 2)


def _full_step(method, equations, problem, inner: Inner) -> Unknowns:
    """The Gauss-Newton step, with the least damping that rounding asks for."""
    scale = _positive(_largest_curvature(method, equations, problem, inner))
    return _solver(equations, problem, inner)[0](equations.least_damping(scale.dtype) * scale)


def _fall(problem: Problem, inner: Inner, full: Unknowns) -> Scalar:
    """By how much the full step would lower the objective, by the model; infinite where nobody knows."""
    fall = -(inner.model.gradient * _free(problem, inner)) @ full
    return jnp.where(jnp.isfinite(fall), jnp.maximum(fall, 0.0), jnp.inf)


def _moved(method, inner: Inner, trial, step, model, expected, damped: DampedStep, scale):
    """At the trial point if it is low enough, else where it was, more careful and without momentum."""
    limit = jnp.max(jnp.where(jnp.arange(MEMORY) >= MEMORY - method.nonmonotone, inner.taken, -jnp.inf))
    eps, value = jnp.finfo(limit.dtype).eps, inner.model.value
    long, slope = length(step, scale), 2 * step @ inner.model.gradient
    gain = jnp.where(jnp.isfinite(model.value), (value - model.value) / expected, -1.0)
    low = model.value < limit
    if method.damping is None:
        low = low & ((gain > LEAST_GAIN) | (method.nonmonotone > 1))
    # Where the expected fall is rounding, so is a rise.
    low = low | ((expected < 1e3 * eps * value) & (model.value <= limit * (1 + 1e3 * eps)))
    # Nothing has been taken before the first look.
    taken = (low & jnp.all(jnp.isfinite(model.gradient))) | ((inner.steps == 0) & jnp.isfinite(model.value))
    decreased = inner.damping / method.damping_divisor.astype(limit.dtype)
    damping = jnp.clip(jnp.where(taken, decreased, inner.damping * 4), 1e-15, 1e15)
    radius = jnp.where(inner.steps == 1, jnp.minimum(inner.radius, long), inner.radius)
    radius = next_radius(radius, long, gain, best_part_of_step(value, model.value, slope), damped.full)
    of_taken = jnp.where(taken, jnp.roll(inner.taken, -1).at[-1].set(model.value), inner.taken)
    lowest = jnp.roll(inner.lowest, -1).at[-1].set(jnp.fmin(inner.lowest[-1], model.value))
    # A step that is refused tells of no stagnation, as long as shorter ones promise more.
    counts = taken | (expected * method.patience < method.decrease * value)
    lowest = jnp.where(counts, lowest, inner.lowest)
    point, model = jax.tree.map(lambda new, old: jnp.where(taken, new, old), (trial, model), (inner.point, inner.model))
    velocity, steps = jnp.where(taken, step, 0.0), inner.steps + 1
    return Inner(point, model, velocity, inner.full, damping, radius, inner.largest, of_taken, lowest, steps), taken
