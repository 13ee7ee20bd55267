"""What a lead is to the rest of the package."""

from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Complex, Float

from equibacksolve._axes import Scalar
from equibacksolve._entries import Settings

Points = Float[Array, " points"]


class SelfEnergy(NamedTuple):
    """What a lead does to the orbitals that it touches, at one point.

    - `matrix`: the retarded self-energy Sigma.
    - `amplitudes`: W with W W† = i (Sigma - Sigma†), a column for each open channel; closed channels are zeros.
    """

    matrix: Complex[Array, "interface interface"]
    amplitudes: Complex[Array, "interface channels"]


class AbstractLead(eqx.Module):
    """Where electrons come from and go to. What it touches is said by the `Terminal` that it makes."""

    @abstractmethod
    def channels(self, interface: int) -> int:
        """The most channels that can be open, where so many orbitals are touched.

        Raises ValueError if the lead does not fit so many.
        """

    @abstractmethod
    def self_energy(self, interface: int, energy: Scalar, flux: Scalar, settings: Settings) -> SelfEnergy:
        """Sigma and its channels at one point, for a lead that touches so many orbitals."""

    @abstractmethod
    def check(self, name: str, interface: int, energy: Points, flux: Points, settings: dict[str, Points]) -> None:
        """Raise ValueError if the lead, called `name` in the message, has no self-energy at one of these points."""

    @property
    @abstractmethod
    def settings(self) -> tuple[str, ...]:
        """The names of the settings that the lead asks for, besides flux and energy."""

    @property
    @abstractmethod
    def knows_flux(self) -> bool:
        """Whether it is right in a magnetic field."""


class LeadModes(NamedTuple):
    """The left-going modes of wires, the same on every row, one entry per orbital (eqs. 10, 11).

    A left-going wave of unit current has psi = norm and chi = -norm * phase with phase = t e^{-ik}, t sin k < 0; the
    right-going one has the complex conjugate phase. `hopping` is |t|, also the coupling of the sample to the lead.
    """

    norm: Float[Array, " orbitals"]
    phase_real: Float[Array, " orbitals"]
    phase_imag: Float[Array, " orbitals"]
    hopping: Float[Array, " orbitals"]
