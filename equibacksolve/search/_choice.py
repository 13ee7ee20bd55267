"""Which method a `method=` argument means."""

import dataclasses
import inspect
from typing import Any

import jax
import optax
import optimistix

from equibacksolve.inverse import AbstractSymmetry, Hidden, Problem, count_unknowns
from equibacksolve.methods import (
    FEW_UNKNOWNS,
    AbstractMethod,
    GradientDescent,
    ImagesOfTheEnd,
    LevenbergMarquardt,
    OptimistixSolver,
    Restarts,
    Stages,
    stage_of_search,
)
from equibacksolve.search._default import default_method


def check_bounds_are_kept(method: AbstractMethod) -> None:
    """Raise ValueError if some part of a method does not keep bounds: before a search that would come to it late."""
    for part in _parts(method, OptimistixSolver):
        part.refuse_bounds()


def way_to_the_minimum(method: AbstractMethod, problem: Problem, hidden: Hidden) -> AbstractMethod | None:
    """What leads from the end of a search to the minimum beside it, of the same objective as the method's.

    None for more unknowns than J^T J is formed of, where it could take longer than the search.
    """
    if count_unknowns(hidden) > FEW_UNKNOWNS:
        return None
    search = stage_of_search(60) if problem.has_landscape else LevenbergMarquardt(steps=60)
    return Stages((search,)) if _parts(method, Stages) else search


def _parts(method: AbstractMethod, kind: type) -> list:
    """The methods of this kind that a method is made of."""
    nodes = jax.tree.leaves(method, is_leaf=lambda node: isinstance(node, kind))
    return [node for node in nodes if isinstance(node, kind)]


def hopping_between_images(method: AbstractMethod, symmetries: tuple[AbstractSymmetry, ...]) -> AbstractMethod:
    """The method, each of its starts followed by short searches from the images of where it ended."""
    if not symmetries:
        return method
    again, number = Stages((stage_of_search(60),)), 2 ** len(symmetries)
    hop = lambda one: Restarts(one, (again,), starts=number, guesses=ImagesOfTheEnd(symmetries))
    if not isinstance(method, Restarts):
        return hop(method)
    opening, methods = (tuple(map(hop, part)) for part in (method.opening, method.methods))
    return dataclasses.replace(method, opening=opening, methods=methods)


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
    if inspect.isclass(method) or inspect.isroutine(method):
        call = f"{method.__name__}({'' if inspect.isclass(method) else '...'})"
        raise ValueError(f"method is {method.__name__} itself; call it and pass what it returns, {call}.")
    raise ValueError(
        f"method is a {type(method).__name__}; pass an optax optimizer, an optimistix solver, a method of "
        "equibacksolve, or nothing for the default."
    )
