"""Which method a `method=` argument means."""

from typing import Any

import jax
import optax
import optimistix

from equibacksolve.inverse._symmetry import AbstractSymmetry
from equibacksolve.inverse.methods._annealing import Annealing
from equibacksolve.inverse.methods._between_levels import BetweenLevels
from equibacksolve.inverse.methods._continuation import (
    Continuation,
    brisk_schedule,
    patient_schedule,
    single_stage,
    two_stages,
)
from equibacksolve.inverse.methods._gradient import GradientDescent
from equibacksolve.inverse.methods._image_hopping import ImageHopping
from equibacksolve.inverse.methods._levenberg_marquardt import LevenbergMarquardt, heavy_ball
from equibacksolve.inverse.methods._method import AbstractMethod
from equibacksolve.inverse.methods._optimistix import OptimistixSolver
from equibacksolve.inverse.methods._restarts import Restarts
from equibacksolve.inverse.methods._threads import usable_cores
from equibacksolve.inverse.methods._two_levels import TwoLevels


def default_method(patterns: bool = False) -> AbstractMethod:
    """From one random start after another, under one method after another, each for another kind of landscape.

    First Levenberg-Marquardt, in case the start is close. Then continuation, for smooth landscapes, under one prior
    after another, and in turns with it balls, heavy and light ones, for rough landscapes, and heavy ones between two
    levels, for patterns. Half-way, if `patterns` is set, annealed flips between two levels, for patterns that weigh
    much with the data, and annealing at last. Then all over again. Flips pay where the simulator knows what single
    changes do: there `backsolve` sets it.

    On a CPU as many searches go on at a time as the process has cores, up to eight: beyond, Python's own part of each
    step would keep them waiting for one another.
    """
    stage, last = LevenbergMarquardt(steps=25), LevenbergMarquardt(steps=60)
    schedules = (patient_schedule(2.0), brisk_schedule(1.0), patient_schedule(3.0), brisk_schedule(0.5))
    opening = Continuation(stage, LevenbergMarquardt(steps=12), single_stage())
    rolling = lambda ball: Continuation(ball, last, two_stages())
    heavy, light = rolling(heavy_ball()), rolling(heavy_ball(momentum=0.8, ease=1.2, uphill=10))
    # Patterns stand out on either side.
    up, down, higher, deeper, lower, shallower = (
        rolling(BetweenLevels(height=height)) for height in (1.0, -1.0, 1.25, -1.25, 0.8, -0.8)
    )
    smooth = [Continuation(stage, last, schedule) for schedule in schedules]
    balls = (heavy, up, light, down, heavy, higher, light, deeper)
    in_turns = tuple(method for pair in zip(2 * smooth, balls) for method in pair)
    rough = tuple(method for one in smooth for method in (one, heavy, light))
    # Not sooner, for they cost several times as much as the others. A walk bears a level that is a fourth too high or
    # low; balls find patterns that weigh less.
    two_levels = tuple(TwoLevels(height=height) for height in (3.0, 4.5)) if patterns else ()
    methods = (*in_turns, *two_levels, *rough, lower, shallower, Annealing())
    abreast = min(usable_cores(), 8) if jax.default_backend() == "cpu" else 1
    return Restarts(opening, methods, starts=1000, abreast=abreast)


def hopping_between_images(method: AbstractMethod, symmetries: tuple[AbstractSymmetry, ...]) -> AbstractMethod:
    """The method, each of its starts followed by short searches from the images of where it ended."""
    if not symmetries:
        return method
    search = LevenbergMarquardt(steps=60)
    hop = lambda one: ImageHopping(one, symmetries, Continuation(search, search, single_stage()))
    if not isinstance(method, Restarts):
        return hop(method)
    return Restarts(hop(method.opening), tuple(map(hop, method.methods)), method.starts, method.spread, method.abreast)


def as_method(method: Any, patterns: bool = False) -> AbstractMethod:
    """The method that an optax optimizer, an optimistix solver, a method of ours or None stands for.

    None is the default, with or without `patterns`.

    Raises ValueError for anything else.
    """
    if method is None:
        return default_method(patterns)
    if isinstance(method, AbstractMethod):
        return method
    if isinstance(method, optax.GradientTransformation):
        return GradientDescent(method)
    if isinstance(method, optimistix.AbstractLeastSquaresSolver | optimistix.AbstractMinimiser):
        return OptimistixSolver(method)
    raise ValueError(
        f"method is a {type(method).__name__}; pass an optax optimizer, an optimistix solver, a method of "
        "equibacksolve, or nothing for the default."
    )
