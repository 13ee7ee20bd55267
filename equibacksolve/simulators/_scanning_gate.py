"""Scanning gate maps: the conductance while a charged tip stands over the sample."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._conductance import _total
from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._device_readings import AbstractGate, from_scattering
from equibacksolve.simulators._device_simulator import AbstractDeviceSimulator, check_terminals
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import check_before_compiling


class AbstractTip(eqx.Module):
    """The potential that a tip makes on the sites. Subclass it for a tip of another shape."""

    @abstractmethod
    def energies(self, offset: Float[Array, "sites dimensions"]) -> Float[Array, " sites"]:
        """The energy of each site at this offset from the tip."""


class LorentzianTip(AbstractTip):
    """height / (1 + d^2 / radius^2), d the distance from the tip in the plane.

    **Fields**

    - `height` as an energy, `radius` as a length; both trainable.

    **Raises** ValueError unless radius > 0.
    """

    height: Float[Array, ""] = eqx.field(converter=named_float_array("LorentzianTip.height"))
    radius: Float[Array, ""] = eqx.field(converter=named_float_array("LorentzianTip.radius"))

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.radius) and not float(self.radius) > 0:
            raise ValueError(f"LorentzianTip got radius={float(self.radius)}; give a positive length.")

    def energies(self, offset: Float[Array, "sites dimensions"]) -> Float[Array, " sites"]:
        return self.height / (1 + jnp.sum(offset**2, axis=1) / self.radius**2)


class ScanningGate(AbstractDeviceSimulator, AbstractGate):
    """The conductance between two terminals against the position of a tip.

    Observations of it have also the variables `tip_x` and `tip_y`, in the unit of the positions.

    **Fields**

    - `device`.
    - `tip`.
    - `to`, `source`: the terminals.

    **Raises** ValueError if one is not there.
    """

    device: TightBindingDevice
    tip: AbstractTip
    to: int = eqx.field(static=True, default=1)
    source: int = eqx.field(static=True, default=0)

    def __check_init__(self):
        check_terminals(self.device, to=self.to, source=self.source)
        if self.device.sample.positions.shape[1] != 2:
            raise ValueError(
                f"a tip scans a plane, but sites have {self.device.sample.positions.shape[1]} coordinates; give two."
            )

    def added_energies(self, datum: dict[str, Scalar]) -> Float[Array, " sites"]:
        place = jnp.stack([datum["tip_x"], datum["tip_y"]])
        return self.tip.energies(self.device.sample.positions - place)

    def predict(self, *, flux: Any, energy: Any, tip_x: Any, tip_y: Any, **settings: Any) -> Float[Array, " points"]:
        """G at each point. Raises ValueError as `check_settings` does."""
        given = settings_of({"flux": flux, "energy": energy, "tip_x": tip_x, "tip_y": tip_y, **settings})
        check_before_compiling(self, given)
        return from_scattering(self, given, (self.to,), (self.source,), _total)
