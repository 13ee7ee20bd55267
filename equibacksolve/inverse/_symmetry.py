"""Symmetries: changes of the hidden leaves that no datum can see.

None of the images of a solution is 'the' solution. Search with everything free; then choose the image that agrees with
what is known.
"""

import inspect
import itertools
import operator
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from equibacksolve._axes import Scalar
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._leaves import Selector, check_is_function
from equibacksolve.simulators import AbstractSimulator, Simulator


class AbstractSymmetry(eqx.Module):
    """A map of simulators that leaves their predictions unchanged, and that undoes itself."""

    @abstractmethod
    def __call__(self, simulator: Simulator) -> Simulator:
        """The image of a simulator."""


if TYPE_CHECKING:
    Symmetries = AbstractSymmetry | Sequence[AbstractSymmetry]
else:
    Symmetries = Any  # `symmetries_of` refuses what is none, in one sentence
"""One symmetry, or several."""


def whole_axis(axis: Any) -> int:
    """The axis as a Python integer. Raises TypeError for what is no whole number."""
    try:
        return operator.index(axis)
    except TypeError as error:
        raise TypeError(f"axis is {axis!r}; give a whole number, 0 for the first axis of the leaves.") from error


def leaves_to_change(symmetry: AbstractSymmetry, where: Selector, simulator: AbstractSimulator) -> list[Any]:
    """What `where` selects. Raises ValueError unless all are arrays, and leaves of the simulator."""
    name, leaves = type(symmetry).__name__, jax.tree.leaves(where(simulator))
    if not leaves:
        raise ValueError(f"where of {name} selects nothing; return the leaves that it changes.")
    for leaf in leaves:
        if not isinstance(leaf, (jax.Array, np.ndarray)):
            raise ValueError(f"where of {name} selects {leaf!r}; return leaves that are arrays.")
    if not {id(leaf) for leaf in leaves} <= {id(leaf) for leaf in jax.tree.leaves(simulator)}:
        raise ValueError(f"where of {name} returns what is not a leaf of the simulator; return the leaves unchanged.")
    return leaves


def changed_leaves(where: Selector, simulator: Simulator, change: Callable[[Any], Any]) -> Simulator:
    """The simulator with this change of each leaf that `where` selects."""
    return eqx.tree_at(lambda s: jax.tree.leaves(where(s)), simulator, replace_fn=change)


class Mirror(AbstractSymmetry):
    """Reverse the leaves that `where` selects along one axis, e.g. a potential along (0) or across (1) the current.

    **Raises** TypeError if `where` is no function, or the axis no whole number; ValueError, when it is applied, for
    leaves that have no such axis.
    """

    where: Selector = eqx.field(static=True)
    axis: int = eqx.field(static=True, converter=whole_axis)

    def __check_init__(self):
        check_is_function(self.where)

    def __call__(self, simulator: Simulator) -> Simulator:
        for leaf in leaves_to_change(self, self.where, simulator):
            if not -leaf.ndim <= self.axis < leaf.ndim:
                raise ValueError(
                    f"Mirror has axis={self.axis}, but where selects a leaf of shape {leaf.shape}, which has no such "
                    "axis; give one that each leaf has."
                )
        return changed_leaves(self.where, simulator, lambda leaf: jnp.flip(leaf, self.axis))


class Negation(AbstractSymmetry):
    """Change the sign of the leaves that `where` selects, e.g. of all angles of a magnetization."""

    where: Selector = eqx.field(static=True)

    def __check_init__(self):
        check_is_function(self.where)

    def __call__(self, simulator: Simulator) -> Simulator:
        leaves_to_change(self, self.where, simulator)
        return changed_leaves(self.where, simulator, jnp.negative)


def symmetries_of(given: Any) -> tuple[AbstractSymmetry, ...]:
    """One symmetry or several, as several. Raises TypeError for anything else."""
    several = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    for one in several:
        if not isinstance(one, AbstractSymmetry):
            told = f"{one.__name__} itself" if inspect.isclass(one) else f"{one!r}"
            raise TypeError(
                f"symmetries holds {told}; give Mirror(where, axis), Negation(where), or what a subclass of "
                "AbstractSymmetry makes."
            )
    return several


def images(simulator: Simulator, symmetries: Symmetries) -> list[Simulator]:
    """All images of a simulator: the products of any of the symmetries, itself first."""
    symmetries, found = symmetries_of(symmetries), []
    for chosen in itertools.product((False, True), repeat=len(symmetries)):
        image = simulator
        for symmetry in itertools.compress(symmetries, chosen):
            image = symmetry(image)
        found.append(image)
    return found


def choose_image(
    simulator: Simulator,
    symmetries: Symmetries,
    disagreement: Callable[[Simulator], Any],
) -> Simulator:
    """The image that disagrees least with what is known, e.g. `lambda s: s.sample.onsite.values[0, 0]` for a dip there.

    Raises ValueError if the disagreement is not a finite number for some image.
    """
    found = images(simulator, symmetries)
    scores = [float(disagreement(image)) for image in found]
    if not np.all(np.isfinite(scores)):
        raise ValueError(f"disagreement gave {scores} for the images; return one finite number for each.")
    return found[int(np.argmin(scores))]


def closest_image(
    simulator: Simulator,
    symmetries: Symmetries,
    other: AbstractSimulator,
    where: Callable[[Any], PyTree],
) -> Simulator:
    """The image whose leaves at `where` are closest to those of another simulator, in the root mean square."""

    return choose_image(simulator, symmetries, lambda image: distance(image, other, where))


def distance(one: AbstractSimulator, other: AbstractSimulator, where: Callable[[Any], PyTree]) -> Scalar:
    """Root mean square difference of the leaves at `where`."""
    pairs = list(zip(jax.tree.leaves(where(one)), jax.tree.leaves(where(other))))
    return jnp.sqrt(sum(jnp.sum((a - b) ** 2) for a, b in pairs) / sum(a.size for a, _ in pairs))


def distinct_solutions(
    solutions: Sequence[Simulator],
    symmetries: Symmetries,
    where: Callable[[Any], PyTree],
    within: float,
) -> list[list[Simulator]]:
    """Solutions in groups, each given as the image that is closest to the first of its group.

    Two solutions belong together if an image of one is `within` of the other, in the root mean square of the leaves at
    `where`. More than one group says that the data have more than one explanation. The order of the solutions is kept.

    Raises ValueError if `within` is not positive.
    """
    if not within > 0:
        raise ValueError(f"within must be positive, got {within}; give the difference that errors may explain.")
    groups: list[list[Simulator]] = []
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


def check_symmetries(symmetries: Symmetries, simulator: AbstractSimulator, observed: AbstractObservations) -> None:
    """Raise ValueError for a symmetry that changes the predicted data by more than rounding (half the digits)."""
    symmetries = symmetries_of(symmetries)
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
