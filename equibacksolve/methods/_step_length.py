"""How long a step of Levenberg-Marquardt may be: what a rule for it must know."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Flag, Scalar
from equibacksolve.methods._step_equations import Unknowns

Solve = Callable[..., Unknowns]
"""`solve(diagonal)`: the s of (H + diagonal) s = -g; `solve(diagonal, right)`: the x of (H + diagonal) x = right."""


class DampedStep(NamedTuple):
    """A step s that solves (H + m D) s = -g, its damping m, and whether it is the full Gauss-Newton step."""

    step: Unknowns
    damping: Scalar
    full: Flag


class Tried(NamedTuple):
    """What became of a step.

    - `taken`: whether it was taken; `full`: whether it was the full Gauss-Newton step.
    - `long`: its length, as it was made within bounds.
    - `gain`: by how much the objective fell, over what the model expected.
    - `best_part`: the part of the step at which the objective is lowest, see `best_part_of_step`.
    """

    taken: Flag
    full: Flag
    long: Scalar
    gain: Scalar
    best_part: Scalar


class AbstractStepLength(eqx.Module):
    """A rule for the damping m and the scale D of the next step. What it remembers is a state of arrays.

    - `floor`: the least D for the sites of a map, which share a unit: in units of their mean.
    - `to_the_minimum`: whether the last digits count. Then steps are solved for by an orthogonal factor if that is
      cheap, and each full step as well.
    """

    if TYPE_CHECKING:  # not annotated: checkers would take it for the first argument of every subclass
        floor = cast(Float[Array, ""], ...)
    else:
        floor: eqx.AbstractVar[Float[Array, ""]]
    to_the_minimum: eqx.AbstractClassVar[bool]

    @abstractmethod
    def begin(self, unknowns: Unknowns) -> Any:
        """The state before the first look."""

    @abstractmethod
    def scaled(self, state: Any, curvature: Unknowns) -> Any:
        """The state where the curvature along each unknown is that, or its floor."""

    @abstractmethod
    def scale(self, state: Any) -> Unknowns:
        """D."""

    @abstractmethod
    def at_the_start(self, state: Any, unknowns: Unknowns, value: Scalar) -> Any:
        """The state when the start has been looked at, and the objective is known there."""

    @abstractmethod
    def damped(self, state: Any, solve: Solve, full: Unknowns, gradient: Unknowns, least_damping: float) -> DampedStep:
        """The next step; `full` is the one of the least damping. It need not be finite, or known."""

    @abstractmethod
    def after(self, state: Any, tried: Tried, first: Flag) -> Any:
        """The state after a step; `first`: whether it was the first one that could lead anywhere."""

    @abstractmethod
    def enough(self, gain: Scalar) -> Flag:
        """Whether the objective fell by enough for a step to be taken."""


def length(step: Unknowns, scale: Unknowns) -> Scalar:
    """sqrt(s^T D s): by how much the data change, about."""
    return jnp.sqrt(jnp.sum(scale * step**2))


def positive(largest: Unknowns) -> Unknowns:
    """What is not seen has no slope either, and stays where it is: any number will do."""
    return jnp.where(largest > 0, largest, 1.0)


def best_part_of_step(before: Scalar, after: Scalar, slope: Scalar) -> Scalar:
    """Where the parabola through both objectives, with this slope at the beginning, is lowest: from 0.1 to 0.5."""
    part = -slope / (2 * (after - before - slope))
    # Of an objective that grows a hundredfold, or is not finite, the parabola tells nothing.
    return jnp.where(after <= 100 * before, jnp.clip(jnp.nan_to_num(part, nan=0.1), 0.1, 0.5), 0.1)
