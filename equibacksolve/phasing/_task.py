"""What alternating projections are asked: whether they can answer, and all that follows from the data."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.inverse import Hidden, Problem
from equibacksolve.phasing._atom_shape import atom_shape
from equibacksolve.phasing._atoms import drawn
from equibacksolve.phasing._iteration import Data
from equibacksolve.phasing._least_squares import Box, Target
from equibacksolve.phasing._moduli import folded, sharpened_moduli
from equibacksolve.simulators import MomentumImage


class Task(NamedTuple):
    """All that follows from the data and the simulator.

    - `data`: what the search is given, in single precision.
    - `sharp`, `plain`: what least squares fit, sharpened moduli first, then the image itself.
    - `box`: how atoms are drawn.
    - `free`: 1 for atoms that are looked for, 0 for those that are known.
    """

    data: Data
    sharp: Target
    plain: Target
    box: Box
    free: Float[Array, " atoms"]


def task_of(problem: Problem, hidden: Hidden, known: int, sharpness: float) -> Task:
    """What the data of a problem ask for. Raises ValueError for problems of another kind, see `check_task`."""
    check_task(problem, hidden, known)
    simulator: Any = problem.simulator(hidden)
    positions, observed = simulator.positions, problem.observed
    width, box_length, pixels = float(simulator.width), float(simulator.box_length), simulator.pixels
    here = folded(np.asarray(observed.values, float), np.asarray(observed.weights(), float))
    check_enough(int(np.sum(here.weights > 0)), 2 * (len(positions) - known))
    noise = here.noise(box_length) if observed.sigma is not None else 0.0
    noise = np.where(here.weights > 0, noise, 0.0)
    shape = atom_shape(width, box_length, pixels, len(positions), sharpness, noise)
    moduli = sharpened_moduli(here, box_length, shape.sharpening)
    places = jnp.asarray(positions[:known], jnp.float32)
    data = Data(moduli, shape, jax.jit(drawn)(places, jnp.ones(known, jnp.float32), shape))
    cast = lambda array: jnp.asarray(array, positions.dtype)
    sharpened = np.asarray(shape.sharpening, float) * np.sqrt(here.counted) * (here.weights > 0)
    unit = (pixels / 2) ** 2
    sharp = Target(cast(here.moduli(box_length)), cast(sharpened), cast(0.0))
    plain = Target(cast(here.image * (unit / box_length)), cast(here.weights * (box_length / unit)), cast(1 / unit))
    box = Box(cast(width), cast(box_length), pixels, simulator.periodic, simulator.stamp)
    return Task(data, sharp, plain, box, cast(np.arange(len(positions)) >= known))


def check_task(problem: Problem, hidden: Hidden, known: int) -> None:
    """Raise ValueError unless the positions of a momentum image are looked for, and nothing else."""
    simulator = problem.simulator(hidden)
    if not isinstance(simulator, MomentumImage):
        raise ValueError(
            f"the simulator is a {type(simulator).__name__}, but alternating projections find the atoms of a "
            "MomentumImage; give one, or another method."
        )
    leaves = jax.tree.leaves(hidden)
    if hidden.positions is None or len(leaves) > 1:
        raise ValueError(
            "where selects other leaves than positions, which are all that alternating projections find; give "
            "where=lambda s: s.positions."
        )
    if known >= len(hidden.positions):
        raise ValueError(f"known is {known} of {len(hidden.positions)} atoms; leave at least one to be found.")
    _check_nothing_else(problem.lower, "bounds=", "say known= for atoms that stay")
    _check_nothing_else(problem.priors or None, "prior=", "leave it out")
    for one in problem.observed.sets.values():
        _check_nothing_else(one.noise, "noise=", "leave it out, or take another method")
        _check_nothing_else(one.whitening, "covariance=", "give sigma=, or take another method")


def _check_nothing_else(given: Any, argument: str, advice: str) -> None:
    if given is not None:
        raise ValueError(f"{argument} is given, which alternating projections do not keep; {advice}.")


def check_enough(measured: int, unknowns: int) -> None:
    """Raise ValueError if fewer moduli were measured than there are coordinates to be found."""
    if measured < unknowns:
        raise ValueError(
            f"{measured} independent moduli were measured, too few for {unknowns} coordinates; give an image of more "
            "pixels, or a mask that leaves more of them."
        )
