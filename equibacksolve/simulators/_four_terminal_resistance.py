"""Resistances measured with voltage probes: Büttiker's equations for the terminals of a device."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.simulators._conductance import between_terminals
from equibacksolve.simulators._device import TightBindingDevice
from equibacksolve.simulators._device_readings import from_scattering
from equibacksolve.simulators._device_simulator import AbstractDeviceSimulator, check_terminals
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import check_before_compiling


class FourTerminalResistance(AbstractDeviceSimulator):
    """(V_i - V_j) / I in units of h/e^2: R_xx, R_xy, or non-local ones; several pairs from one solution.

    A current I flows from terminal `current[0]` into the sample and out to `current[1]`. All other terminals are
    voltage probes: their net current is zero, I_p = sum_q (N_p delta_pq - T_pq) V_q = 0, and an electron that enters
    one comes back without a phase. So absorbing probes are terminals as well, e.g. `WideBandLead`. With both
    `voltage` terminals those of the current, it is the two-terminal resistance.

    **Fields**

    - `device`.
    - `current`: the two terminals of the current.
    - `voltage`: pairs (i, j), or one pair.

    **Raises** ValueError if a terminal is not there, or both of the current are the same.
    """

    device: TightBindingDevice
    current: tuple[int, int] = eqx.field(static=True)
    voltage: tuple[tuple[int, int], ...] = eqx.field(static=True)

    def __init__(self, device: TightBindingDevice, current: Any, voltage: Any):
        self.device = device
        source, drain = (int(number) for number in current)
        self.current = source, drain
        pairs = np.asarray(voltage).reshape(-1, 2)
        self.voltage = tuple((int(i), int(j)) for i, j in pairs)

    def __check_init__(self):
        check_terminals(self.device, **dict(zip(("current[0]", "current[1]"), self.current)))
        for pair in self.voltage:
            check_terminals(self.device, **dict(zip(("voltage[0]", "voltage[1]"), pair)))
        if self.current[0] == self.current[1]:
            raise ValueError(f"current flows from terminal {self.current[0]} to itself; name two terminals.")

    def predict(self, *, flux: Any, energy: Any, **settings: Any) -> Float[Array, "points *pairs"]:
        """The resistance at each point, with a second axis for several pairs; infinite where a probe has no open mode.

        Raises ValueError as `check_settings` does.
        """
        given = settings_of({"flux": flux, "energy": energy, **settings})
        check_before_compiling(self, given)
        every = tuple(range(len(self.device.terminals)))
        found = from_scattering(self, given, every, every, _resistances)
        return found[:, 0] if len(self.voltage) == 1 else found


def _resistances(simulator, found, datum):
    (source, drain), terminals = simulator.current, len(simulator.device.terminals)
    passed = between_terminals(simulator.device, found)
    passed = passed * (1 - jnp.eye(terminals, dtype=passed.dtype))
    # N - T_pp is the sum of what goes to the others.
    matrix = jnp.diag(jnp.sum(passed, axis=0)) - passed
    others = np.array([p for p in range(terminals) if p != drain])
    injected = jnp.asarray(others == source, passed.dtype)
    voltages = jnp.zeros(terminals, passed.dtype).at[others].set(_solved(matrix[others][:, others], injected))
    # A probe without an open mode has no voltage.
    voltages = jnp.where(jnp.min(jnp.diagonal(matrix)) > 0, voltages, jnp.inf)
    first, second = (np.array(numbers) for numbers in zip(*simulator.voltage))
    return jnp.where(jnp.isinf(voltages[0]), jnp.inf, voltages[first] - voltages[second])


def _solved(
    matrix: Float[Array, "terminals terminals"], right: Float[Array, " terminals"]
) -> Float[Array, " terminals"]:
    """Elimination without pivots: a matrix whose columns are dominated by their diagonal needs none, and stays so."""
    size = matrix.shape[0]
    whole = jnp.concatenate([matrix, right[:, None]], axis=1)

    def step(whole, k):
        row = jnp.take(whole, k, axis=0)
        row = row / jnp.take(row, k)
        rest = whole - jnp.take(whole, k, axis=1)[:, None] * row
        hot = (jnp.arange(size) == k)[:, None]
        return jnp.where(hot, row, rest), None

    return jax.lax.scan(step, whole, jnp.arange(size))[0][:, -1]
