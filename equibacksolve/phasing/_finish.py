"""From the peaks of a search to as many atoms as there are: pairs are split, misplaced atoms are moved.

All of it runs on the host, a few times in a search, but for the least squares.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import judged
from equibacksolve.phasing._least_squares import Fit, difference_map, fitted, squared
from equibacksolve.phasing._task import Task

FIRST_STEPS, STEPS, SETTLED = 20, 80, 1e-3
"""Steps of least squares after which it is asked whether a structure is right, and the most that are made; standard
errors from a minimum at which it has settled."""

HOPELESS, RIGHT = 1e-3, 0.1
"""Parts of a sum of squares: six steps that gain less lead nowhere; of what was measured, what remains of a structure
most of which is right."""

Places = Float[np.ndarray, "atoms 2"]


def finish(
    problem: Problem, hidden: Hidden, task: Task, positions: Places, known: int, repairs: int
) -> tuple[Places, bool]:
    """The structure that least squares lead to, and whether it is at a minimum of the problem.

    If most of it is right, but the data are not explained, the least wanted atoms are put where some are missing, half
    as many each time that this did not help.
    """
    dtype = task.free.dtype
    fit_to = lambda places, target, steps, gain: fitted(
        jnp.asarray(places, dtype), task.free, target, task.box, jnp.asarray(steps), jnp.asarray(gain, dtype)
    )
    fit = fit_to(positions, task.sharp, FIRST_STEPS, HOPELESS)
    if float(fit.squares) > RIGHT * float(squared(task.sharp)):
        return into_box(np.asarray(fit.positions), task, known), False
    fit, moves = fit_to(fit.positions, task.sharp, STEPS, HOPELESS), max(1, len(positions) // 20)
    for _ in range(repairs):
        if bool(problem.explained(judged(problem, with_positions(problem, hidden, np.asarray(fit.positions)))[0])):
            break
        difference = np.asarray(difference_map(fit.positions, task.sharp, task.box))
        moved = moved_atoms(np.asarray(fit.positions, float), difference, float(task.box.box_length), known, moves)
        trial = fit_to(moved, task.sharp, STEPS, HOPELESS)
        better = float(trial.squares) < (1 - HOPELESS) * float(fit.squares)
        if not better and moves == 1:
            break
        fit, moves = (trial, moves) if better else (fit, max(1, moves // 2))
    fit = fit_to(fit.positions, task.plain, STEPS, 1e-10)
    places = np.asarray(fit.positions)
    return into_box(places, task, known) if task.box.periodic else places, _is_settled(problem, hidden, fit)


def _is_settled(problem: Problem, hidden: Hidden, fit: Fit) -> bool:
    cost, _ = judged(problem, with_positions(problem, hidden, np.asarray(fit.positions)))
    return bool(problem.is_minimum(cost, jnp.maximum(fit.decrease, 0.0) / problem.observed.count, SETTLED))


def with_positions(problem: Problem, hidden: Hidden, positions: Places) -> Hidden:
    """The hidden leaves with these positions, in their precision."""
    return eqx.tree_at(lambda h: h.positions, hidden, jnp.asarray(positions, hidden.positions.dtype))


def into_box(positions: Places, task: Task, known: int) -> Places:
    """In a periodic box, at their images inside. In an open one, moved together, so that no atom is cut at an edge.

    The widest empty stripes are then along the edges. With known atoms nothing is moved.
    """
    box_length = float(task.box.box_length)
    if known and not task.box.periodic:
        return positions
    moved = positions.copy()
    moved[known:] = np.mod(moved[known:], box_length) % box_length  # twice, for tiny negative numbers
    if task.box.periodic:
        return moved
    for axis in range(2):
        sorted_ = np.sort(moved[:, axis])
        gaps = np.diff(sorted_, append=sorted_[0] + box_length)
        widest = int(np.argmax(gaps))
        moved[:, axis] = np.mod(moved[:, axis] - sorted_[widest] - gaps[widest] / 2, box_length)
    return moved


def split_peaks(
    places: Float[np.ndarray, "peaks 2"],
    heights: Float[np.ndarray, " peaks"],
    atoms: int,
    apart: float,
    random: np.random.Generator,
) -> Places:
    """So many atoms from peaks and their heights in units of one atom.

    Each of the highest peaks is an atom. While atoms are lacking, the peak that is highest for the atoms it has becomes
    one more: an unresolved pair, whose atoms are put `apart` from each other, in a random direction.
    """
    order = np.argsort(-heights)
    taken = order[: max(1, min(atoms, int(np.sum(heights > 0.5))))]
    shares = np.ones(len(taken), int)
    while shares.sum() < atoms:
        shares[np.argmax(heights[taken] / (shares + 0.5))] += 1
    centers = np.repeat(places[taken], shares, axis=0)
    angle = random.uniform(0, 2 * np.pi, len(taken))
    number = np.concatenate([np.arange(share) for share in shares])
    turn = np.repeat(angle, shares) + 2 * np.pi * number / np.repeat(shares, shares)
    radius = np.where(np.repeat(shares, shares) > 1, apart / 2, 0.0)[:, None]
    return centers + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1)


def moved_atoms(
    positions: Places,
    difference: Float[np.ndarray, "pixels pixels"],
    box_length: float,
    known: int,
    moves: int,
) -> Places:
    """The same atoms, but the least wanted ones put where one is missing most.

    - `difference`: the map of (measured - calculated) moduli with the phases of the atoms: high where an atom is
      missing, low where there is one too many.
    - `known`: so many of the first atoms stay.
    """
    pixels = len(difference)
    index = np.floor(np.mod(positions[known:], box_length) / box_length * pixels).astype(int) % pixels
    least_wanted = known + np.argsort(difference[index[:, 0], index[:, 1]])[:moves]
    around = [np.roll(difference, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    tops = np.where(difference >= np.max(around, axis=0), difference, -np.inf)
    best = np.argsort(-tops, axis=None)[: len(least_wanted)]
    moved = positions.copy()
    moved[least_wanted] = (np.stack(np.unravel_index(best, tops.shape), axis=-1) + 0.5) * (box_length / pixels)
    return moved
