"""The best fit with one quantity held near a value: a point of its profile.

The quantity q is held by one more residual, (q(u) - c) / w. Its weight need not be large: whatever minimises
S(u) + (q(u) - c)^2 / w^2 also minimises S among all u that have the same q. So each such fit ends *on* the profile
S(q), at a q near c; and there dS/dq = 2 (c - q) / w^2, the force by which the quantity is held.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Int, PyTree

from equibacksolve._arrays import random_key
from equibacksolve._axes import Scalar
from equibacksolve.inverse import AbstractPrior, Hidden, Problem
from equibacksolve.methods import LevenbergMarquardt

STEPS = 200
"""Of one fit; it ends by itself far sooner."""


class Entry(eqx.Module):
    """The quantity that is one of the unknowns. Which one is a number in an array: all share one compiled program."""

    number: Int[Array, ""]

    def __call__(self, hidden: Hidden, known: PyTree) -> Scalar:
        return ravel_pytree(hidden)[0][self.number]


class Function(eqx.Module):
    """A quantity that a user computes from the simulator."""

    function: Callable[[Any], Any] = eqx.field(static=True)

    def __call__(self, hidden: Hidden, known: PyTree) -> Scalar:
        return jnp.asarray(self.function(eqx.combine(hidden, known)))


class Held(AbstractPrior):
    """A quantity that is held near `target`, give or take `width`."""

    quantity: Entry | Function
    known: PyTree
    target: Scalar
    width: Scalar

    def residuals(self, hidden, kinds):
        return [(self.quantity(hidden, self.known) - self.target) / self.width]


class ProfilePoint(NamedTuple):
    """A fit on the profile: the unknowns, the quantity, S there, and dS/dq; S is not finite where the fit failed."""

    hidden: Hidden
    value: float
    squares: float
    slope: float


def held_fit(problem: Problem, hidden: Hidden, quantity: Entry | Function, target: float, width: float) -> ProfilePoint:
    """The minimum beside a guess, with the quantity held; an infinite width does not hold it."""
    number = lambda size: jnp.asarray(size, problem.tolerance.dtype)
    held = Held(quantity, problem.known, number(target), number(width))
    hidden = _minimum(dataclasses.replace(problem, priors=(*problem.priors, held)), hidden)
    value, squares = map(float, _look(problem, hidden, quantity))
    return ProfilePoint(hidden, value, squares, 2 * (target - value) / width**2)


def _minimum(problem: Problem, hidden: Hidden) -> Hidden:
    method = LevenbergMarquardt(steps=STEPS)
    state = method.init(problem, hidden, random_key(0))
    while not bool(state.done):
        state = method.step(problem, state)
    return state.hidden


@eqx.filter_jit
def _look(problem: Problem, hidden: Hidden, quantity) -> tuple[Scalar, Scalar]:
    """The quantity, and S: chi-squared, and beside it minus twice the logarithm of the priors."""
    squares = jnp.sum(problem.residuals(hidden) ** 2) + jnp.sum(problem.prior_residuals(hidden) ** 2)
    return quantity(hidden, problem.known), squares


def is_finite(point: ProfilePoint) -> bool:
    """Whether the fit is one."""
    return bool(np.isfinite(point.value) and np.isfinite(point.squares))
