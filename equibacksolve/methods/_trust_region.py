"""How long a step may be: as far as the linear model is to be trusted.

A step that solves (H + m D) s = -g is the best one of its length |s| = sqrt(s^T D s). Either a damping m is given, and
the length follows; or a length is given, and m follows (Moré, Lecture Notes in Mathematics 630, 105 (1978)). With D the
largest curvature met so far along each unknown, no unit enters: a path in other units is the same path.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from equibacksolve._axes import Flag, Scalar
from equibacksolve.methods._step_equations import Unknowns

START = 10.0
"""The first radius, in lengths of the start itself. From 0.1 to 10, all of NIST's regression sets are solved."""

LEAST_GAIN = 1e-4
"""A step is taken if the objective falls by this part of what the model expects."""

CLOSE = 0.1
"""A step may differ from the radius by this fraction of it."""

ITERATIONS = 15
"""The most that are made to find the damping. Three are usual."""

Solve = Callable[..., Unknowns]
"""`solve(diagonal)`: the s of (H + diagonal) s = -g; `solve(diagonal, right)`: the x of (H + diagonal) x = right."""


class DampedStep(NamedTuple):
    """A step, its damping m, and whether it is the full Gauss-Newton step."""

    step: Unknowns
    damping: Scalar
    full: Flag


def length(step: Unknowns, scale: Unknowns) -> Scalar:
    """sqrt(s^T D s): by how much the data change, about."""
    return jnp.sqrt(jnp.sum(scale * step**2))


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


def best_part_of_step(before: Scalar, after: Scalar, slope: Scalar) -> Scalar:
    """Where the parabola through both objectives, with this slope at the beginning, is lowest: from 0.1 to 0.5."""
    part = -slope / (2 * (after - before - slope))
    # Of an objective that grows a hundredfold, or is not finite, the parabola tells nothing.
    return jnp.where(after <= 100 * before, jnp.clip(jnp.nan_to_num(part, nan=0.1), 0.1, 0.5), 0.1)
