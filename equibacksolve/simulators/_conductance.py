"""Conductances of any device: between two terminals, and of all terminals at once."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._device_readings import from_scattering
from equibacksolve.simulators._device_simulator import AbstractDeviceSimulator, check_terminals
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import check_before_compiling


class Conductance(AbstractDeviceSimulator):
    """G between two terminals, Tr t†t, in units of e^2/h; of a terminal with itself, the reflection Tr r†r.

    **Fields**

    - `device`.
    - `to`, `source`: the numbers of the terminals that electrons go to and come from.

    **Raises** ValueError if the device has no such terminal.
    """

    device: TightBindingDevice
    to: int = eqx.field(static=True, default=1)
    source: int = eqx.field(static=True, default=0)

    def __check_init__(self):
        check_terminals(self.device, to=self.to, source=self.source)

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, " points"]:
        """G at each point. Raises ValueError as `check_settings` does."""
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        return from_scattering(self, given, (self.to,), (self.source,), _total)


class ConductanceMatrix(AbstractDeviceSimulator):
    """T[p, q] from each terminal q to each terminal p, with the reflections on the diagonal.

    Each column sums to the number of open modes of its terminal, and so does each row.

    **Fields**

    - `device`.
    """

    device: TightBindingDevice

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, "points terminals terminals"]:
        """The matrix at each point. Raises ValueError as `check_settings` does."""
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        every = tuple(range(len(self.device.terminals)))
        return from_scattering(self, given, every, every, _between_terminals)


class ShotNoise(AbstractDeviceSimulator):
    """Shot noise between two terminals, Tr t†t (1 - t†t), in units of 2 e |V| e^2/h at zero temperature.

    Over `Conductance` it is the Fano factor (Blanter and Büttiker, Physics Reports 336, 1 (2000)).

    **Fields**

    - `device`.
    - `to`, `source`: the terminals.

    **Raises** ValueError if they are the same, or not there.
    """

    device: TightBindingDevice
    to: int = eqx.field(static=True, default=1)
    source: int = eqx.field(static=True, default=0)

    def __check_init__(self):
        check_terminals(self.device, to=self.to, source=self.source)
        if self.to == self.source:
            raise ValueError(f"shot noise is measured between two terminals, but to and source are both {self.to}.")

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, " points"]:
        """The noise at each point. Raises ValueError as `check_settings` does."""
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        return from_scattering(self, given, (self.to,), (self.source,), _noise)


def _total(simulator, found, datum):
    return jnp.sum(found.real**2 + found.imag**2)


def _between_terminals(simulator, found, datum):
    return between_terminals(simulator.device, found)


def between_terminals(device: TightBindingDevice, found: Any) -> Float[Array, "terminals terminals"]:
    """Probabilities |S|^2 summed over the channels of each terminal."""
    ends = jnp.cumsum(jnp.asarray(device.channels_of_terminals))
    owner = jnp.searchsorted(ends, jnp.arange(sum(device.channels_of_terminals)), side="right")
    belongs = (owner == jnp.arange(len(device.terminals))[:, None]).astype(found.real.dtype)
    return belongs @ (found.real**2 + found.imag**2) @ belongs.T


def _noise(simulator, found, datum):
    # Tr (t† t)^2 = sum |(t† t)_ab|^2.
    square = found.conj().T @ found
    return jnp.sum(found.real**2 + found.imag**2) - jnp.sum(square.real**2 + square.imag**2)
