"""Steps as long as the linear model is to be trusted.

A step that solves (H + m D) s = -g is the best one of its length |s| = sqrt(s^T D s). Here the length is given, and m
follows (Moré, Lecture Notes in Mathematics 630, 105 (1978)). With D the largest curvature met so far along each
unknown, no unit enters: a path in other units is the same path.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array, known_array
from equibacksolve._axes import Flag, Scalar
from equibacksolve.methods._step_equations import Unknowns
from equibacksolve.methods._step_length import AbstractStepLength, DampedStep, Solve, Tried, length, positive

START = 10.0
"""The first radius, in lengths of the start itself. From 0.1 to 10, all of NIST's regression sets are solved."""

LEAST_GAIN = 1e-4
"""A step is taken if the objective falls by this part of what the model expects."""

CLOSE = 0.1
"""A step may differ from the radius by this fraction of it."""

ITERATIONS = 15
"""The most that are made to find the damping. Three are usual."""


class Region(NamedTuple):
    """The length of the next step, and the largest curvature met along each unknown: 0 for what is not seen."""

    radius: Scalar
    largest: Unknowns


class TrustRegion(AbstractStepLength):
    """The step is as long as the last ones allow; D is the largest curvature met so far. Its end is a minimum.

    - `floor`: the least D for the sites of a map, in units of their mean.
    """

    to_the_minimum: ClassVar[bool] = True
    floor: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)

    def begin(self, unknowns: Unknowns) -> Region:
        return Region(known_array(1, unknowns.dtype), known_array(np.zeros(unknowns.shape), unknowns.dtype))

    def scaled(self, state: Region, curvature: Unknowns) -> Region:
        return state._replace(largest=jnp.maximum(state.largest, curvature))

    def scale(self, state: Region) -> Unknowns:
        return positive(state.largest)

    def at_the_start(self, state: Region, unknowns: Unknowns, value: Scalar) -> Region:
        long = length(unknowns, self.scale(state))
        return state._replace(radius=START * jnp.where(long > 0, long, jnp.sqrt(value)))

    def damped(self, state, solve, full, gradient, least_damping) -> DampedStep:
        return step_of_length(solve, full, gradient, self.scale(state), state.radius, least_damping)

    def after(self, state: Region, tried: Tried, first: Flag) -> Region:
        radius = jnp.where(first, jnp.minimum(state.radius, tried.long), state.radius)
        return state._replace(radius=next_radius(radius, tried.long, tried.gain, tried.best_part, tried.full))

    def enough(self, gain: Scalar) -> Flag:
        return gain > LEAST_GAIN


def step_of_length(
    solve: Solve, full: Unknowns, gradient: Unknowns, scale: Unknowns, radius: Scalar, least_damping: float
) -> DampedStep:
    """The full step if it is no longer than the radius, else the damped one of that length.

    - `full`: the step of the least damping. It need not be finite.

    |s(m)| is nearly inverse to m + constant, so that Newton's method is used for 1/|s|, between safe limits.
    """
    least = jnp.asarray(least_damping, gradient.dtype)
    most = jnp.maximum(jnp.sqrt(jnp.sum(gradient**2 / scale)) / radius, 2 * least)
    fits = length(full, scale) <= (1 + CLOSE) * radius  # False for a step that is not finite

    def go_on(state):
        number, _, _, _, step = state
        off = jnp.abs(length(step, scale) - radius) / radius
        return (number < ITERATIONS) & ~(off <= CLOSE) & ~fits

    def improve(state):
        number, low, high, damping, step = state
        long = length(step, scale)
        slope = -jnp.sum(scale * step * solve(damping * scale, scale * step)) / long
        too_long = ~(long <= radius)
        low, high = jnp.where(too_long, damping, low), jnp.where(too_long, high, damping)
        better = damping - (long - radius) / radius * long / slope
        damping = jnp.where((better > low) & (better < high), better, jnp.sqrt(low * high))
        return number + 1, low, high, damping, solve(damping * scale)

    _, _, _, damping, step = jax.lax.while_loop(go_on, improve, (0, least, most, least, full))
    return DampedStep(step, damping, fits)


def next_radius(radius: Scalar, long: Scalar, gain: Scalar, best_part: Scalar, full: Flag) -> Scalar:
    """The rules of MINPACK's lmder (Moré, Garbow and Hillstrom, 1980), after a step of length `long`.

    - `gain`: by how much the objective fell, over what the model expected.
    - `best_part`: the part of the step at which the objective is lowest, by `best_part_of_step`.
    - `full`: whether it was the full Gauss-Newton step.
    """
    part = jnp.where(gain >= 0, 0.5, best_part)
    # A step that bounds have stopped altogether has no length.
    shorter = part * jnp.where(long > 0, jnp.minimum(radius, 10 * long), radius)
    good = (full & (gain > 0.25)) | (gain >= 0.75)
    return jnp.where(good & (long > 0), 2 * long, jnp.where(gain > 0.25, radius, shorter))
