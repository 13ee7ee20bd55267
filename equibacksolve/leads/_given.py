"""Leads that are given by their self-energy: wide bands, tunnel tips, absorbing probes, what another code computed."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, check_known, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve._entries import Settings
from equibacksolve.leads._amplitudes import channels_of
from equibacksolve.leads._lead import AbstractLead, Points, SelfEnergy

_EXACT = 2e-14
"""A point is that of a row if it differs by no more than rounding, in units of its own."""


class WideBandLead(AbstractLead):
    """Sigma = -i Gamma / 2 on each orbital that it touches, at every energy: a tunnel tip, a metal, an absorbing probe.

    **Fields**

    - `broadening`: Gamma of each orbital, or one number for all, as an energy; trainable.

    **Raises** ValueError if a broadening is not positive.
    """

    broadening: Float[Array, " orbitals"] = eqx.field(
        converter=lambda a: jnp.atleast_1d(named_float_array("WideBandLead.broadening")(a)), metadata={"smooth": False}
    )

    def __check_init__(self):
        check_fields(self)
        check_known(self)
        if is_concrete(self.broadening) and not np.all(np.asarray(self.broadening) > 0):
            raise ValueError(
                f"WideBandLead got broadening {np.min(self.broadening)}; give positive energies, and touch no orbital "
                "that is not broadened."
            )

    def channels(self, interface: int) -> int:
        if self.broadening.shape[0] not in (1, interface):
            raise ValueError(
                f"WideBandLead has {self.broadening.shape[0]} broadenings for an interface of {interface} orbitals; "
                "give one for all, or one for each."
            )
        return interface

    def check(self, name: str, interface: int, energy: Points, flux: Points, settings: dict[str, Points]) -> None:
        """Any energy will do."""

    @property
    def settings(self) -> tuple[str, ...]:
        return ()

    @property
    def knows_flux(self) -> bool:
        return True

    def self_energy(self, interface: int, energy: Scalar, flux: Scalar, settings: Settings) -> SelfEnergy:
        broadening = jnp.broadcast_to(self.broadening, (interface,))
        zero = jnp.zeros_like(broadening)
        matrix = jax.lax.complex(zero, -broadening / 2)
        return SelfEnergy(jnp.diag(matrix), jnp.diag(jax.lax.complex(jnp.sqrt(broadening), zero)))


class TabulatedLead(AbstractLead):
    """A self-energy that another program computed, at the energies and fluxes of the measurement.

    **Fields**

    - `energy`, `flux`: of each row of the table.
    - `real`, `imag`: Sigma on the interface, one matrix a row.

    Where a point is in no row, the result is NaN; `check_settings` of a simulator says so before.

    **Raises** ValueError if the shapes do not fit, or i (Sigma - Sigma†) has a negative eigenvalue: then Sigma is the
    advanced one.
    """

    energy: Float[Array, " rows"] = eqx.field(converter=named_float_array("TabulatedLead.energy"))
    flux: Float[Array, " rows"] = eqx.field(converter=named_float_array("TabulatedLead.flux"))
    real: Float[Array, "rows interface interface"] = eqx.field(converter=named_float_array("TabulatedLead.real"))
    imag: Float[Array, "rows interface interface"] = eqx.field(converter=named_float_array("TabulatedLead.imag"))

    def __check_init__(self):
        check_fields(self)
        check_known(self)
        if not is_concrete(self.real, self.imag):
            return
        matrix = np.asarray(self.real) + 1j * np.asarray(self.imag)
        broadening = 1j * (matrix - matrix.conj().swapaxes(1, 2))
        smallest, largest = (np.linalg.eigvalsh(broadening)[:, end] for end in (0, -1))
        if np.any(smallest < -1e-8 * np.abs(largest).max(initial=0.0)):
            raise ValueError(
                f"i (Sigma - Sigma†) of a TabulatedLead has the eigenvalue {smallest.min():.3g}; give the retarded "
                "self-energy, whose imaginary part is not positive."
            )

    def channels(self, interface: int) -> int:
        if self.real.shape[1] != interface:
            raise ValueError(
                f"TabulatedLead holds matrices of {self.real.shape[1]} orbitals for an interface of {interface}."
            )
        return interface

    def check(self, name: str, interface: int, energy: Points, flux: Points, settings: dict[str, Points]) -> None:
        far = np.flatnonzero(np.min(self._off(energy[:, None], flux[:, None]), axis=1) > _EXACT)
        if far.size:
            raise ValueError(
                f"{name} has no row for energy {energy[far[0]]:.6g} and flux {flux[far[0]]:.6g}; a table is not "
                "interpolated: compute its self-energy there."
            )

    @property
    def settings(self) -> tuple[str, ...]:
        return ()

    @property
    def knows_flux(self) -> bool:
        return True

    def self_energy(self, interface: int, energy: Scalar, flux: Scalar, settings: Settings) -> SelfEnergy:
        off = self._off(energy, flux)
        row = jnp.argmin(off)
        matrix = jax.lax.complex(self.real[row], self.imag[row]) * jnp.where(off[row] <= _EXACT, 1.0, jnp.nan)
        return SelfEnergy(matrix, channels_of(interface, matrix))

    def _off(self, energy, flux):
        """How far each row is from a point: in energy and in flux, each in units of the largest one."""
        smallest = np.finfo(self.energy.dtype).tiny
        unit = lambda rows, asked: jnp.maximum(jnp.maximum(jnp.max(jnp.abs(rows)), jnp.abs(asked)), smallest)
        off = lambda rows, asked: jnp.abs(rows - asked) / unit(rows, asked)
        return off(self.energy, energy) + off(self.flux, flux)
