"""Which changes of what was found no datum can see."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from equibacksolve.diagnostics import Selector, hidden_and_known
from equibacksolve.inverse import (
    AbstractObservations,
    AbstractSymmetry,
    Mirror,
    Negation,
    Observations,
    closest_image,
    kinds_of_leaves,
    symmetry_error,
)
from equibacksolve.reporting._page import paragraph, section, table
from equibacksolve.simulators import AbstractSimulator, MomentumImage

BLIND = 1e-3
"""A change of the predicted data below this share of sigma, or of their spread, is none."""


def likely_symmetries(simulator: AbstractSimulator, where: Selector) -> dict[str, AbstractSymmetry]:
    """Mirrors of maps, and a change of sign: what may leave the data as they are, by name."""
    hidden, _ = hidden_and_known(simulator, where)
    leaves = lambda s: jax.tree.leaves(where(s))
    shapes = [leaf.ndim if kind.smooth else 0 for leaf, kind in zip(jax.tree.leaves(hidden), kinds_of_leaves(hidden))]
    if min(shapes) != 2:
        return {}
    return {
        "mirrored along x": Mirror(leaves, 0),
        "mirrored across, along y": Mirror(leaves, 1),
        "sign changed": Negation(leaves),
    }


def checked_symmetries(
    symmetries: dict[str, AbstractSymmetry], simulator: AbstractSimulator, observed: AbstractObservations
) -> dict[str, tuple[AbstractSymmetry, float, bool]]:
    """For each, the largest change of any predicted datum, and whether that is none at all."""
    known = observed.sigma is not None
    spread = np.min(np.asarray(observed.sigma)) if known else min(map(_deviation, observed.sets.values()))
    found = {}
    for name, symmetry in symmetries.items():
        change = float(symmetry_error(symmetry, simulator, observed))
        found[name] = (symmetry, change, change <= BLIND * float(spread))
    return found


def _deviation(observed: Observations) -> float:
    return float(np.std(np.asarray(observed.values)))


def nearest_to(
    truth: AbstractSimulator, simulator: AbstractSimulator, symmetries: Sequence[AbstractSymmetry], where: Selector
) -> AbstractSimulator:
    """The image of what was found that is closest to the truth; angles are compared on the circle."""
    kinds = kinds_of_leaves(hidden_and_known(simulator, where)[0])

    def compared(image):
        for leaf, kind in zip(jax.tree.leaves(hidden_and_known(image, where)[0]), kinds):
            turn = None if kind.period is None else 2 * np.pi / kind.period
            yield from (leaf,) if turn is None else (jnp.cos(turn * leaf), jnp.sin(turn * leaf))

    return closest_image(simulator, symmetries, truth, lambda image: list(compared(image)))


def symmetry_section(found: dict[str, tuple[AbstractSymmetry, float, bool]], simulator: AbstractSimulator) -> str:
    """How many explanations of these data follow from this one."""
    if isinstance(simulator, MomentumImage):
        return section(
            "Symmetry",
            paragraph(
                "An image in momentum space does not change when all atoms move together "
                "in a periodic box, or are inverted: the whole has no place of its own."
            ),
        )
    if not found:
        return section("Symmetry", paragraph("None was looked for: pass symmetries= to have them checked."))
    rows = [(name, f"{change:.2g}", "no" if blind else "yes") for name, (_, change, blind) in found.items()]
    blind = [name for name, (_, _, one) in found.items() if one]
    text = (
        f"No datum can tell what was found from its images ({', '.join(blind)}; {2 ** len(blind)} in all). Choose "
        "among them by what else is known, with choose_image."
        if blind
        else "None of these changes leaves the data as they are."
    )
    return section(
        "Symmetry", table(["change of what was found", "largest change of a datum", "seen?"], rows), paragraph(text)
    )
