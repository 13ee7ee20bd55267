"""Which method a `method=` argument means."""

import dataclasses
from typing import Any

import jax
import optax
import optimistix

from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse._symmetry import AbstractSymmetry
from equibacksolve.inverse.methods._annealing import Annealing
from equibacksolve.inverse.methods._between_levels import BetweenLevels
from equibacksolve.inverse.methods._continuation import (
    Continuation,
    brisk_schedule,
    even_first,
    patient_schedule,
    single_stage,
    two_stages,
)
from equibacksolve.inverse.methods._few_discs import FewDiscs
from equibacksolve.inverse.methods._gradient import GradientDescent
from equibacksolve.inverse.methods._image_hopping import ImageHopping
from equibacksolve.inverse.methods._levenberg_marquardt import LevenbergMarquardt
from equibacksolve.inverse.methods._method import AbstractMethod
from equibacksolve.inverse.methods._optimistix import OptimistixSolver
from equibacksolve.inverse.methods._restarts import Restarts
from equibacksolve.inverse.methods._search_methods import heavy_ball, quick_ball, stage_of_search
from equibacksolve.inverse.methods._suitable_equations import FEW_UNKNOWNS
from equibacksolve.inverse.methods._threads import usable_cores


def default_method(landscape: bool = True) -> AbstractMethod:
    """From one random start after another.

    `landscape`: whether some hidden leaf is a map, whose neighbours are neighbours in space; `backsolve` looks.

    For a map, under one method after another, each for another kind of landscape. First Levenberg-Marquardt, in case
    the start is close. Then, in turns, continuation for smooth landscapes, under one prior after another; annealing and
    a heavy ball for rough landscapes; balls between two levels for patterns; and discs, for patterns that weigh much
    with the data. Then all over again.

    Without a map, Levenberg-Marquardt, in every other start of data that were blurred first. It ends when twenty starts
    have led to the same lowest minimum.

    For maps, on a CPU as many searches go on at a time as the process has cores, up to eight: beyond, Python's own part
    of each step would keep them waiting for one another.
    """
    abreast = min(usable_cores(), 8) if jax.default_backend() == "cpu" else 1
    return _for_maps(abreast) if landscape else _for_numbers()


def _for_numbers() -> Restarts:
    search = LevenbergMarquardt()
    sharp, blurred = (Continuation(search, search, schedule) for schedule in (single_stage(), brisk_schedule()))
    return Restarts(sharp, (blurred, sharp), starts=1000, spread=3.0, repeats=20)


def _for_maps(abreast: int) -> Restarts:
    stage, last = stage_of_search(25), stage_of_search(60)
    opening = Continuation(stage, stage_of_search(12), even_first())
    quick, light = quick_ball(), heavy_ball(momentum=0.8, ease=1.2, uphill=10)
    # Gentle landscapes are found greedily, in half the time; more of the higher ones by balls.
    gentle, smooth, smoother, smoothest, fine, finest = (
        Continuation(method, last, schedule)
        for method, schedule in (
            (stage, patient_schedule(2.0)),
            (quick, patient_schedule(2.0)),
            (quick, patient_schedule(3.0)),
            (quick, patient_schedule(4.0)),
            (quick, brisk_schedule(1.0)),
            (light, brisk_schedule(0.5)),
        )
    )
    rolling = lambda ball: Continuation(ball, last, two_stages())
    # Patterns stand out on either side.
    up, higher, lower, down = (rolling(BetweenLevels(height=height)) for height in (1.0, 1.25, 0.8, -1.0))
    # A walk bears levels that are twice as high or low; balls find patterns that weigh less.
    discs, high_discs = FewDiscs(height=3.0), FewDiscs(height=4.5)
    in_turns = (
        *(gentle, up, Annealing(), smoothest, discs, Annealing(), fine, lower, Annealing(), smoother, high_discs),
        *(rolling(heavy_ball()), finest, higher, smoothest, discs, Annealing(), down, smooth, high_discs),
    )
    return Restarts(opening, in_turns, starts=1000, abreast=abreast)


def check_bounds_are_kept(method: AbstractMethod) -> None:
    """Raise ValueError if some part of a method does not keep bounds: before a search that would come to it late."""
    for part in _parts(method, OptimistixSolver):
        part.refuse_bounds()


def way_to_the_minimum(method: AbstractMethod, problem: Problem, hidden: Hidden) -> AbstractMethod | None:
    """What leads from the end of a search to the minimum beside it, of the same objective as the method's.

    None for more unknowns than J^T J is formed of, where it could take longer than the search.
    """
    if sum(leaf.size for leaf in jax.tree.leaves(hidden)) > FEW_UNKNOWNS:
        return None
    search = stage_of_search(60) if problem.has_landscape else LevenbergMarquardt(steps=60)
    return Continuation(search, search, single_stage()) if _parts(method, Continuation) else search


def _parts(method: AbstractMethod, kind: type) -> list:
    """The methods of this kind that a method is made of."""
    nodes = jax.tree.leaves(method, is_leaf=lambda node: isinstance(node, kind))
    return [node for node in nodes if isinstance(node, kind)]


def hopping_between_images(method: AbstractMethod, symmetries: tuple[AbstractSymmetry, ...]) -> AbstractMethod:
    """The method, each of its starts followed by short searches from the images of where it ended."""
    if not symmetries:
        return method
    search = stage_of_search(60)
    hop = lambda one: ImageHopping(one, symmetries, Continuation(search, search, single_stage()))
    if not isinstance(method, Restarts):
        return hop(method)
    return dataclasses.replace(method, opening=hop(method.opening), methods=tuple(map(hop, method.methods)))


def as_method(method: Any, landscape: bool = True) -> AbstractMethod:
    """The method that an optax optimizer, an optimistix solver, a method of ours or None stands for.

    None is the default, with or without a `landscape`.

    Raises ValueError for anything else.
    """
    if method is None:
        return default_method(landscape)
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
