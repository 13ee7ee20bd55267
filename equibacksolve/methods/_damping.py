"""Steps along the path of steepest descent, whose damping is given."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array
from equibacksolve._axes import Flag, Scalar
from equibacksolve.methods._step_equations import Unknowns
from equibacksolve.methods._step_length import AbstractStepLength, DampedStep, Tried, positive


class Damped(NamedTuple):
    """The damping m of the next step, and the curvature along each unknown."""

    damping: Scalar
    curvature: Unknowns


class Damping(AbstractStepLength):
    """m falls with each step that is taken, and grows fourfold with each that is not; D is the curvature of the moment.

    Each step is one of implicit Euler, over a time 1 / m, along the path of steepest descent D dp/dt = -J^T r. A
    divisor of 4 soon leaves that path; a divisor close to 1 stays on it.

    - `first`: m of the first step.
    - `divisor`: m is divided by it after a step that is taken.
    - `floor`: the least D for the sites of a map, in units of their mean. Far above 1, D is the same for all.
    """

    to_the_minimum: ClassVar[bool] = False
    first: Float[Array, ""] = eqx.field(converter=float_array)
    divisor: Float[Array, ""] = eqx.field(converter=float_array, default=4.0)
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)

    def begin(self, unknowns: Unknowns) -> Damped:
        # The look at the start counts as a step that is taken, and divides by 4 as a rule.
        return Damped(4 * self.first.astype(unknowns.dtype), jnp.zeros_like(unknowns))

    def scaled(self, state: Damped, curvature: Unknowns) -> Damped:
        return state._replace(curvature=curvature)

    def scale(self, state: Damped) -> Unknowns:
        return positive(state.curvature)

    def at_the_start(self, state: Damped, unknowns: Unknowns, value: Scalar) -> Damped:
        del unknowns, value
        return state

    def damped(self, state, solve, full, gradient, least_damping) -> DampedStep:
        del full, gradient, least_damping
        return DampedStep(solve(state.damping * self.scale(state)), state.damping, jnp.asarray(False))

    def after(self, state: Damped, tried: Tried, first: Flag) -> Damped:
        del first
        damping = jnp.where(tried.taken, state.damping / self.divisor.astype(state.damping.dtype), state.damping * 4)
        return state._replace(damping=jnp.clip(damping, 1e-15, 1e15))

    def enough(self, gain: Scalar) -> Flag:
        return jnp.ones_like(gain, bool)
