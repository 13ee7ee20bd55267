"""Wire leads: every row of the sample continues into a one-dimensional wire (eqs. 9-11)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from equibacksolve._arrays import check_fields, float_array, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve._entries import Settings
from equibacksolve.leads._lead import AbstractLead, LeadModes, Points, SelfEnergy


def _one_per_orbital(wavenumber: Any) -> Shaped[Array, "..."]:
    return jnp.atleast_1d(float_array(wavenumber, "WireLead.wavenumber"))


class WireLead(AbstractLead):
    """One-dimensional wires with hopping -t and a wavenumber k that is the same at every energy.

    Equivalently, the onsite energy of the wires is E + 2 t cos k. All modes propagate; none is evanescent.

    **Fields**

    - `wavenumber`: k per orbital, shape (orbitals,), in radians per site; one number is taken as one orbital. Spin
      species may differ.
    - `hopping`: t, a scalar, in units of the hopping of the sample; the sample couples to either wire with the same t.

    **Raises** ValueError if t sin k = 0 for some orbital: such a mode carries no current. Any weak coupling is fine as
    long as t^2 is a normal number (|t| > 1e-153 in double precision).
    """

    wavenumber: Float[Array, " orbitals"] = eqx.field(converter=_one_per_orbital)
    hopping: Float[Array, ""] = eqx.field(converter=named_float_array("WireLead.hopping"), default=1.0)

    def __check_init__(self):
        check_fields(self)
        if not is_concrete(self.wavenumber, self.hopping):
            return
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            sine, square = np.abs(np.sin(np.asarray(self.wavenumber))), np.asarray(self.hopping) ** 2
        # pi itself is not a floating-point number: sin(pi) is 1e-16 (1e-7 in single precision), not 0. The hopping may
        # be as weak as can be: through a weak contact G goes as t^2, which must be a normal number.
        if not (np.all(sine > 1e-6) and np.isfinite(square) and square >= np.finfo(square.dtype).tiny):
            raise ValueError(
                f"WireLead got wavenumber={np.asarray(self.wavenumber)} and hopping={float(self.hopping)}: a mode with "
                "t sin k = 0 carries no current; choose k strictly between 0 and pi and a non-zero, finite hopping."
            )

    @property
    def orbitals(self) -> int:
        """Number of orbitals (spin species) a site of the lead carries."""
        return self.wavenumber.shape[0]

    def channels(self, interface: int) -> int:
        if interface % self.orbitals:
            raise ValueError(
                f"WireLead has {self.orbitals} orbitals a site, but touches {interface} orbitals; give whole sites."
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
        modes = self.modes()
        repeated = lambda array: jnp.tile(array, interface // self.orbitals)
        # The end site of a wire obeys g = 1 / (-2 t cos k - t^2 g); the retarded root is t g = -e^{i|k|}.
        matrix = -jax.lax.complex(repeated(modes.phase_real), repeated(modes.phase_imag))
        return SelfEnergy(jnp.diag(matrix), jnp.diag(jnp.sqrt(2 * repeated(modes.phase_imag)).astype(matrix.dtype)))

    def modes(self) -> LeadModes:
        """The propagating modes, normalised to unit current."""
        # With k -> -sign(t sin k) k, t e^{-ik} = t cos k + i |t sin k|.
        velocity = jnp.abs(self.hopping * jnp.sin(self.wavenumber))
        hopping = jnp.broadcast_to(jnp.abs(self.hopping), self.wavenumber.shape)
        return LeadModes((2 * velocity) ** -0.5, self.hopping * jnp.cos(self.wavenumber), velocity, hopping)
