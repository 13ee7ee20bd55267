"""What is known of the neighbours of each atom: data of zeros say that it holds."""

from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve.atoms._pair_sums import Scene


class AbstractConstraint(eqx.Module):
    """A residual for each atom, zero where the constraint holds."""

    @abstractmethod
    def needed_reach(self, elements: tuple[str, ...]) -> float:
        """The distance up to which neighbours matter. Raises ValueError for species that are not in the structure."""

    @abstractmethod
    def residuals(self, scene: Scene, elements: tuple[str, ...]) -> Float[Array, " atoms"]:
        """One number an atom."""


def number_of_species(name: str, elements: tuple[str, ...], argument: str) -> int:
    """The number of a species. Raises `ValueError` if it is not there."""
    if name not in elements:
        raise ValueError(f"{argument} names {name!r}, but the structure has {', '.join(elements)}; give one of those.")
    return elements.index(name)
