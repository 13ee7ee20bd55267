"""Symmetries: changes of the hidden leaves that no datum can see.

None of the images of a solution is 'the' solution. Search with everything free; then choose the image that agrees with
what is known.
"""

import itertools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from equibacksolve._axes import Scalar
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.simulators import AbstractSimulator


class AbstractSymmetry(eqx.Module):
    """A map of simulators that leaves their predictions unchanged, and that undoes itself."""

    @abstractmethod
    def __call__(self, simulator: AbstractSimulator) -> AbstractSimulator:
        """The image of a simulator."""


class Mirror(AbstractSymmetry):
    """Reverse the leaves that `where` selects along one axis, e.g. a potential along (0) or across (1) the current."""

    where: Callable[[Any], PyTree] = eqx.field(static=True)
    axis: int = eqx.field(static=True)

    def __call__(self, simulator: AbstractSimulator) -> AbstractSimulator:
        return eqx.tree_at(self.where, simulator, replace_fn=lambda leaf: jnp.flip(leaf, self.axis))


class Negation(AbstractSymmetry):
    """Change the sign of the leaves that `where` selects, e.g. of all angles of a magnetization."""

    where: Callable[[Any], PyTree] = eqx.field(static=True)

    def __call__(self, simulator: AbstractSimulator) -> AbstractSimulator:
        return eqx.tree_at(self.where, simulator, replace_fn=jnp.negative)


def images(simulator: AbstractSimulator, symmetries: Sequence[AbstractSymmetry]) -> list[AbstractSimulator]:
    """All images of a simulator: the products of any of the symmetries, itself first."""
    found = []
    for chosen in itertools.product((False, True), repeat=len(symmetries)):
        image = simulator
        for symmetry in itertools.compress(symmetries, chosen):
            image = symmetry(image)
        found.append(image)
    return found


def choose_image(
    simulator: AbstractSimulator,
    symmetries: Sequence[AbstractSymmetry],
    disagreement: Callable[[AbstractSimulator], Any],
) -> AbstractSimulator:
    """The image that disagrees least with what is known, e.g. `lambda s: s.sample.onsite.values[0, 0]` for a dip there.

    Raises ValueError if the disagreement is not a finite number for some image.
    """
    found = images(simulator, symmetries)
    scores = [float(disagreement(image)) for image in found]
    if not np.all(np.isfinite(scores)):
        raise ValueError(f"disagreement gave {scores} for the images; return one finite number for each.")
    return found[int(np.argmin(scores))]


def closest_image(
    simulator: AbstractSimulator,
    symmetries: Sequence[AbstractSymmetry],
    other: AbstractSimulator,
    where: Callable[[Any], PyTree],
) -> AbstractSimulator:
    """The image whose leaves at `where` are closest to those of another simulator, in the root mean square."""

    return choose_image(simulator, symmetries, lambda image: distance(image, other, where))


def distance(one: AbstractSimulator, other: AbstractSimulator, where: Callable[[Any], PyTree]) -> Scalar:
    """Root mean square difference of the leaves at `where`."""
    pairs = list(zip(jax.tree.leaves(where(one)), jax.tree.leaves(where(other))))
    return jnp.sqrt(sum(jnp.sum((a - b) ** 2) for a, b in pairs) / sum(a.size for a, _ in pairs))


def distinct_solutions(
    solutions: Sequence[AbstractSimulator],
    symmetries: Sequence[AbstractSymmetry],
    where: Callable[[Any], PyTree],
    within: float,
) -> list[list[AbstractSimulator]]:
    """Solutions in groups, each given as the image that is closest to the first of its group.

    Two solutions belong together if an image of one is `within` of the other, in the root mean square of the leaves at
    `where`. More than one group says that the data have more than one explanation. The order of the solutions is kept.

    Raises ValueError if `within` is not positive.
    """
    if not within > 0:
        raise ValueError(f"within must be positive, got {within}; give the difference that errors may explain.")
    groups: list[list[AbstractSimulator]] = []
    for solution in solutions:
        nearest = [closest_image(solution, symmetries, group[0], where) for group in groups]
        apart = [float(distance(image, group[0], where)) for image, group in zip(nearest, groups)]
        if apart and min(apart) <= within:
            chosen = int(np.argmin(apart))
            groups[chosen].append(nearest[chosen])
        else:
            groups.append([solution])
    return groups


def symmetry_error(symmetry: AbstractSymmetry, simulator: AbstractSimulator, observed: AbstractObservations) -> Scalar:
    """Largest change of any predicted datum under a symmetry: rounding, if it is one of these data."""
    before, after = (s.predict(**observed.variables) for s in (simulator, symmetry(simulator)))
    return jnp.max(jnp.abs(after - before))


def check_symmetries(
    symmetries: Sequence[AbstractSymmetry], simulator: AbstractSimulator, observed: AbstractObservations
) -> None:
    """Raise ValueError for a symmetry that changes the predicted data by more than rounding (half the digits)."""
    if not symmetries:
        return
    before = simulator.predict(**observed.variables)
    allowed = float(jnp.finfo(before.dtype).eps) ** 0.5 * max(float(jnp.max(jnp.abs(before))), 1e-300)
    for number, symmetry in enumerate(symmetries):
        change = float(jnp.max(jnp.abs(symmetry(simulator).predict(**observed.variables) - before)))
        if not change <= allowed:
            raise ValueError(
                f"symmetries[{number}], a {type(symmetry).__name__}, changes the predicted data by {change:.2g}: these "
                "data tell its images apart; leave it out."
            )
