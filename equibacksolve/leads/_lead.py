"""What a lead is to the rest of the package."""

from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float


class LeadModes(NamedTuple):
    """The left-going modes of a lead, the same on every row, one entry per orbital (eqs. 10, 11).

    A left-going wave of unit current has psi = norm and chi = -norm * phase with phase = t e^{-ik}, t sin k < 0; the
    right-going one has the complex conjugate phase. `hopping` is |t|, also the coupling of the sample to the lead.
    """

    norm: Float[Array, " orbitals"]
    phase_real: Float[Array, " orbitals"]
    phase_imag: Float[Array, " orbitals"]
    hopping: Float[Array, " orbitals"]


class AbstractLead(eqx.Module):
    """Where electrons come from and go to: the same lead is attached to either end of the sample."""

    @property
    @abstractmethod
    def orbitals(self) -> int:
        """Number of orbitals (spin species) a site of the lead carries."""

    @abstractmethod
    def modes(self) -> LeadModes:
        """The propagating modes, normalised to unit current."""
