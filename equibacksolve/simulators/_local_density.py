"""The local density of states."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._device_readings import from_states
from equibacksolve.simulators._device_simulator import AbstractDeviceSimulator, check_terminals
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import check_before_compiling


class LocalDensityOfStates(AbstractDeviceSimulator):
    """The density of states of every site, sum |psi|^2 / 2 pi over the states that come in from terminals.

    In units of 1 / energy. With all terminals it is -Im G / pi, but for bound states, which no terminal reaches.

    **Fields**

    - `device`.
    - `source`: the terminals, all if left out.

    **Raises** ValueError if one is not there.
    """

    device: TightBindingDevice
    source: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, device: TightBindingDevice, source: Any = None):
        self.device = device
        self.source = tuple(range(len(device.terminals))) if source is None else tuple(int(p) for p in source)

    def __check_init__(self):
        check_terminals(self.device, **{f"source[{i}]": p for i, p in enumerate(self.source)})

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, "points sites"]:
        """The density at each point, on every site. Raises ValueError as `check_settings` does."""
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        return from_states(self, given, self.source, _density)


def _density(simulator, found, datum):
    of_orbitals = jnp.sum(found.real**2 + found.imag**2, axis=1) / (2 * jnp.pi)
    sample = simulator.device.sample
    sites = jnp.zeros(sample.positions.shape[0], of_orbitals.dtype)
    return sites.at[sample.orbital_site].add(of_orbitals)
