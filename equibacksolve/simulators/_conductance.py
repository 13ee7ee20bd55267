"""Conductance between two terminals of any device."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._device_readings import from_scattering, total
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import AbstractSimulator, check_before_compiling


class Conductance(AbstractSimulator):
    """G between two terminals, Tr t†t, in units of e^2/h; between a terminal and itself it is the reflection.

    Observations of it have the variables `flux` (per unit of area, in h/e), `energy`, and the settings of the device.

    **Fields** `device`; `to`, `source`: the numbers of the terminals that electrons go to and come from.
    """

    device: TightBindingDevice
    to: int = eqx.field(static=True, default=1)
    source: int = eqx.field(static=True, default=0)

    def check_settings(self, **variables: Any) -> None:
        self.device.check_settings(settings_of(variables))

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, " points"]:
        """G at each point."""
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        return from_scattering(self, given, (self.to,), (self.source,), _total)


def _total(simulator, found, datum):
    return total(found)
