"""Potentials on the sites of any sample, and what is hidden of them."""

from abc import abstractmethod
from typing import TypeVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, check_known, named_float_array
from equibacksolve._rich_display import leaves_of_module


class AbstractSiteEnergies(eqx.Module):
    """A potential on the sites of a sample. Potentials add with `+`."""

    @property
    @abstractmethod
    def sites(self) -> int:
        """Number of sites."""

    @abstractmethod
    def energies(self) -> Float[Array, " sites"]:
        """The energy of every site, added to all its orbitals."""

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the potential, and its maps."""
        return leaves_of_module(self)

    def __add__(self, other: object) -> "SumOfEnergies":
        return SumOfEnergies((self, other)) if isinstance(other, AbstractSiteEnergies) else NotImplemented


Energies = TypeVar("Energies", bound=AbstractSiteEnergies, covariant=True)
"""The kind of potential that a sample has."""


class SumOfEnergies(AbstractSiteEnergies):
    """The sum of potentials, e.g. a known gate and a hidden one. **Raises** ValueError if their sites differ."""

    terms: tuple[AbstractSiteEnergies, ...]

    def __check_init__(self):
        if len({term.sites for term in self.terms}) != 1:
            told = ", ".join(f"{type(term).__name__} of {term.sites}" for term in self.terms)
            raise ValueError(f"potentials of one sample must have the same sites, got {told}.")

    @property
    def sites(self) -> int:
        return self.terms[0].sites

    def energies(self) -> Float[Array, " sites"]:
        energies = [term.energies() for term in self.terms]
        return sum(energies[1:], start=energies[0])


class SiteEnergies(AbstractSiteEnergies):
    """One number for each site.

    **Fields**

    - `values`: in the order of the sites. A search takes them as numbers without neighbours. Where neighbours are
      alike, hide a `SplinePotential`, or lay the sites out as a map, `MapOfSites`.
    """

    values: Float[Array, " sites"] = eqx.field(converter=named_float_array("SiteEnergies.values"))

    def __check_init__(self):
        check_fields(self)
        check_known(self)

    @property
    def sites(self) -> int:
        return self.values.shape[0]

    def energies(self) -> Float[Array, " sites"]:
        return jnp.asarray(self.values)
