"""What all simulators of a tight-binding device share."""

from typing import Any

import equinox as eqx

from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import AbstractSimulator

TIP = ("tip_x", "tip_y")
"""Settings that belong to the measurement, not to the device."""


class AbstractDeviceSimulator(AbstractSimulator):
    """A measurement on a `TightBindingDevice`, the field `device`.

    Observations of it have the variables `flux` (per unit of area, in h/e), `energy` (in the unit of the Hamiltonian),
    and the settings that sample and leads ask for by name. All readings of a datum come from one solution.
    """

    device: eqx.AbstractVar[TightBindingDevice]

    def check_settings(self, **variables: Any) -> None:
        """Raise ValueError if settings do not fit the device, or a lead is at a band edge."""
        given = settings_of(variables)
        self.device.check_settings({name: value for name, value in given.items() if name not in TIP})


def check_terminals(device: TightBindingDevice, **numbers: int) -> None:
    """Raise ValueError if a terminal, by the name of its argument, is not one of the device."""
    for name, number in numbers.items():
        if not 0 <= number < len(device.terminals):
            raise ValueError(
                f"{name} is terminal {number}, but the device has {len(device.terminals)}, counted from 0."
            )
