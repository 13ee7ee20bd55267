"""Langevin dynamics of falling temperature: for thousands of unknowns, where no Jacobian is made."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods._method import AbstractMethod, Count, State, check_counts, outer_state

WITHOUT_NOISE = 0.07
"""The last part of the steps, in which the temperature is zero."""

POWER_STEPS = 20
"""Of the power iteration for the largest curvature. A rough figure will do: four times as much would be stable."""

PROBES = 8
"""Random directions whose mean curvature stands for that of all unknowns."""


Best = tuple[Hidden, tuple[Scalar, Scalar]]
"""A guess, and its cost and penalty."""


class Walker(NamedTuple):
    """The point of the dynamics, its velocity, its time step, the mean curvature, and how many steps it has made."""

    hidden: Hidden
    velocity: Float[Array, " unknowns"]
    time_step: Scalar
    curvature: Scalar
    key: PRNGKeyArray
    steps: Count


class AnnealedLangevin(AbstractMethod):
    """Unknowns that are shaken, less and less, end lower than by descent alone. A step is one simulation, one gradient.

        v <- (1 - f) (v - dt grad U) + sqrt((1 - (1 - f)^2) T) xi,    x <- x + dt v,

    with U the objective and T a temperature that falls geometrically. In a valley of curvature c, an unknown then
    wanders by d = sqrt(T / c). The temperatures are told by that distance. dt is 1 / sqrt(largest curvature) at the
    start, half of where the dynamics becomes unstable. So no unit of the data enters. The best guess counts.

    **Fields**

    - `hot`, `cold`: d at the beginning and at the end, in the unit of the unknowns, which all have the same. For atoms,
      0.2 and 0.02 of their distance.
    - `steps`: in all. The last 7 % have no noise. More of them end lower.
    - `friction`: f.
    - `together`: steps that are compiled into one.

    Bounds are kept: a point beyond them is put on them.

    **Raises** ValueError unless hot >= cold > 0 and 0 < friction <= 1, and for counts below 1.
    """

    hot: Float[Array, ""] = eqx.field(converter=float_array)
    cold: Float[Array, ""] = eqx.field(converter=float_array)
    steps: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=4000)
    friction: Float[Array, ""] = eqx.field(converter=float_array, default=0.03)
    together: int = eqx.field(static=True, default=50)

    def __check_init__(self):
        check_counts(self, "steps", "together")
        if not self.hot >= self.cold > 0:
            raise ValueError(
                f"hot is {self.hot:g} and cold {self.cold:g}; give distances above 0 that do not grow on the way."
            )
        if not 0 < self.friction <= 1:
            raise ValueError(f"friction is {self.friction:g}; give a part of the velocity, above 0 and up to 1.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        of_curvature, of_noise = jax.random.split(key)
        largest, mean, cost = _curvatures(problem, hidden, of_curvature)
        still = jnp.zeros_like(ravel_pytree(hidden)[0])
        walker = Walker(hidden, still, largest**-0.5, mean, of_noise, jnp.zeros((), jnp.int32))
        return outer_state(hidden, cost, walker, POWER_STEPS + PROBES, done=False, penalty=problem.penalty(hidden))

    def step(self, problem: Problem, state: State) -> State:
        best = state.hidden, (state.cost, state.penalty)
        walker, (hidden, (cost, penalty)) = _walked(self, problem, state.inner, best)
        done = (int(walker.steps) >= int(self.steps)) | bool(problem.explained(cost))
        return outer_state(hidden, cost, walker, state.evaluations + self.together, done=done, penalty=penalty)


@eqx.filter_jit
def _curvatures(problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> tuple[Scalar, Scalar, Scalar]:
    """The largest and the mean eigenvalue of 2 J^T J / N, and the cost: without J itself."""
    flat, unravel = ravel_pytree(hidden)
    residuals = lambda x: problem.objective_residuals(unravel(x), problem.residuals(unravel(x)))
    _, push = jax.linearize(residuals, flat)
    pull = jax.linear_transpose(push, flat)
    curved = lambda x: 2 * pull(push(x))[0] / problem.observed.count
    of_start, of_probes = jax.random.split(key)
    start = jax.random.normal(of_start, flat.shape, flat.dtype)
    unit = lambda x: x / jnp.linalg.norm(x)
    signs = jax.random.rademacher(of_probes, (PROBES, flat.size), flat.dtype)

    def one(along, number):
        """The power iteration, its value, then the probes: in one loop, so that the product is compiled once."""
        x = jnp.where(number <= POWER_STEPS, along, signs[number - POWER_STEPS - 1])
        product = curved(x)
        return jnp.where(number < POWER_STEPS, unit(product), along), x @ product

    _, values = jax.lax.scan(one, unit(start), jnp.arange(POWER_STEPS + 1 + PROBES))
    return values[POWER_STEPS], jnp.mean(values[POWER_STEPS + 1 :]) / flat.size, problem.cost(hidden)


@eqx.filter_jit
def _walked(method: AnnealedLangevin, problem: Problem, walker: Walker, best: Best) -> tuple[Walker, Best]:
    """Some more steps, with the best guess on the way."""
    unravel = ravel_pytree(walker.hidden)[1]
    slope = jax.value_and_grad(problem.objective, has_aux=True)

    def one(carry, _):
        walker, best = carry
        (_, cost), gradient = slope(walker.hidden)
        here = walker.hidden, (cost, problem.penalty(walker.hidden))
        better = sum(here[1]) < sum(best[1])
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), here, best)
        push = walker.time_step * ravel_pytree(gradient)[0]
        noise = jax.random.normal(jax.random.fold_in(walker.key, walker.steps), push.shape, push.dtype)
        kept = 1 - method.friction.astype(push.dtype)
        velocity = kept * (walker.velocity - push)
        velocity = velocity + jnp.sqrt((1 - kept**2) * _temperature(method, walker)) * noise
        moved = unravel(ravel_pytree(walker.hidden)[0] + walker.time_step * velocity)
        moved = walker._replace(hidden=problem.within_bounds(moved), velocity=velocity, steps=walker.steps + 1)
        return (moved, best), None

    return jax.lax.scan(one, (walker, best), length=method.together)[0]


def _temperature(method: AnnealedLangevin, walker: Walker) -> Scalar:
    dtype = walker.curvature.dtype
    hot, cold, steps = (number.astype(dtype) for number in (method.hot, method.cold, method.steps))
    along = walker.steps.astype(dtype) / ((1 - WITHOUT_NOISE) * steps)
    return jnp.where(along < 1, (hot * (cold / hot) ** along) ** 2 * walker.curvature, 0.0)
