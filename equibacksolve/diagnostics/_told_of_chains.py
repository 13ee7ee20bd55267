"""How far to believe chains, in sentences."""

import itertools
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

AGREED = 1.01
"""The largest R-hat of chains that agree (A. Vehtari et al., Bayesian Analysis 16, 667 (2021))."""

ENOUGH = 100
"""Effective draws a chain, below which R-hat itself is not to be trusted (the same)."""

APART = 3.0
"""Chains whose means differ by more than so many of their standard deviations are around different minima."""


def told_of_chains(
    r_hat: Float[Array, " unknowns"],
    effective: Float[Array, " unknowns"],
    diverged: Bool[Array, "chains draws"],
    modes: list[list[int]],
    height: Float[Array, "chains draws"],
) -> list[str]:
    """Whether the chains agree, how many draws they are worth, and whether any diverged."""
    chains, draws = diverged.shape
    worst, least = float(np.max(np.asarray(r_hat))), float(np.min(np.asarray(effective)))
    told = [f"{chains} chains of {draws} draws: split R-hat up to {worst:.3f}, worth {least:.0f} independent draws."]
    if len(modes) > 1:
        lowest = "; ".join(f"{_named(group)}: {_lowest(height, group):.4g}" for group in modes)
        told.append(
            f"The chains are around {len(modes)} different minima, and cannot tell which is the more probable (lowest "
            f"minus log density of chains {lowest}); look at each by itself."
        )
    elif not worst <= AGREED or not least >= ENOUGH * chains:
        told.append("The chains do not agree well enough to be believed; take more draws.")
    if lost := int(np.sum(np.asarray(diverged))):
        told.append(
            f"{lost} draws diverged: some part of the posterior is too narrow for these steps, and may be missed; pass "
            "acceptance=0.95, or write the unknowns in another way."
        )
    return told


def modes_of(unknowns: Float[np.ndarray, "chains draws unknowns"]) -> list[list[int]]:
    """Chains in groups: two are together if their means are near in each unknown, directly or through a third one."""
    means, widths = unknowns.mean(axis=1), unknowns.std(axis=1)
    groups: list[list[int]] = []
    for number in range(unknowns.shape[0]):
        near = [group for group in groups if any(_near(means, widths, number, other) for other in group)]
        groups = [group for group in groups if group not in near] + [sorted([*itertools.chain(*near), number])]
    return sorted(groups)


def _near(means: Any, widths: Any, one: int, other: int) -> bool:
    return bool(np.all(np.abs(means[one] - means[other]) <= APART * np.maximum(widths[one], widths[other])))


def _named(group: list[int]) -> str:
    return ", ".join(str(number + 1) for number in group)


def _lowest(height: Float[Array, "chains draws"], group: list[int]) -> float:
    return float(np.min(np.asarray(height)[group]))
