"""What an onsite term is, and how terms add up."""

from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

import equinox as eqx
import jax.numpy as jnp

from equibacksolve._axes import OnsiteBlocks
from equibacksolve._rich_display import leaves_of_module


class AbstractOnsite(eqx.Module):
    """An onsite energy term. Terms add with `+`.

    A subclass has `blocks`, and as fields or properties

    - `orbitals`: the number of orbitals of a site that the term acts on; 1 acts alike on any number
    - `shape`: (length, width) of the sample, in sites
    """

    if TYPE_CHECKING:  # not annotated: checkers would take them for the first arguments of every subclass
        orbitals, shape = cast(int, ...), cast(tuple[int, int], ...)
    else:
        orbitals: eqx.AbstractVar[int]
        shape: eqx.AbstractVar[tuple[int, int]]

    @abstractmethod
    def blocks(self) -> OnsiteBlocks:
        """The Hermitian onsite matrix of every site, in units of the hopping."""

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the term, and its maps."""
        return leaves_of_module(self)

    def __add__(self, other: object) -> "OnsiteSum":
        return OnsiteSum((self, other)) if isinstance(other, AbstractOnsite) else NotImplemented


Onsite = TypeVar("Onsite", bound=AbstractOnsite, covariant=True)
"""The kind of onsite term that a sample has."""


class OnsiteSum(AbstractOnsite):
    """The sum of onsite terms, e.g. `Potential(v) + ExchangeField(angle, coupling)`.

    **Raises** ValueError if the terms differ in size, or in their number of orbitals (1 fits any).
    """

    terms: tuple[AbstractOnsite, ...]

    def __check_init__(self):
        shapes = {term.shape for term in self.terms}
        orbitals = {term.orbitals for term in self.terms} - {1}
        if len(shapes) != 1 or len(orbitals) > 1:
            given = ", ".join(f"{type(t).__name__} of {t.shape} sites with {t.orbitals} orbital(s)" for t in self.terms)
            raise ValueError(f"terms of one sample must agree in sites and orbitals, got {given}; reshape one of them.")

    @property
    def orbitals(self) -> int:
        return max(term.orbitals for term in self.terms)

    @property
    def shape(self) -> tuple[int, int]:
        return self.terms[0].shape

    def blocks(self) -> OnsiteBlocks:
        blocks = [term.blocks() for term in self.terms]
        widened = [b * jnp.eye(self.orbitals, dtype=b.dtype) if b.shape[-1] == 1 else b for b in blocks]
        return sum(widened[1:], start=widened[0])
