"""What an axis of an instrument is to a lattice: fluxes, energies, conductances. Plain numbers, SI units and eV.

Every function has its inverse beside it, to say where to measure next.
"""

import math
from typing import TYPE_CHECKING, Any

from jaxtyping import Shaped
from scipy import constants

FLUX_QUANTUM = constants.h / constants.e
"""h/e in Wb; exact since 2019, as the next one."""

CONDUCTANCE_QUANTUM = constants.e**2 / constants.h
"""e^2/h in S: one mode of one spin."""

if TYPE_CHECKING:
    Numbers = Any  # an array gives an array, a number a number
else:
    Numbers = Shaped[Any, "..."] | float | int


def flux_per_plaquette(field: Numbers, cell_area: float | int, zero: float | int = 0.0) -> Numbers:
    """Flux through one cell of the lattice, in h/e: (B - B0) a^2 / (h/e).

    `field` in T, `cell_area` in m^2, `zero`: what the field reads when there is none (trapped flux of a magnet), in T.
    Raises ValueError if the area is not positive.
    """
    return (field - zero) * (_positive(cell_area, "cell_area") / FLUX_QUANTUM)


def magnetic_field(flux: Numbers, cell_area: float | int, zero: float | int = 0.0) -> Numbers:
    """The field in T that sends `flux` (h/e) through a cell: the inverse of `flux_per_plaquette`."""
    return flux * (FLUX_QUANTUM / _positive(cell_area, "cell_area")) + zero


def energy_in_hoppings(
    voltage: Numbers, lever_arm: float | int, hopping: float | int, offset: float | int = 0.0
) -> Numbers:
    """Fermi energy in units of the hopping: alpha (V - V0) / t.

    `voltage` in V, `lever_arm` alpha in eV per V (negative where the gate lowers the Fermi energy), `hopping` t in eV,
    `offset` V0 in V: the gate voltage at which the simulator's energy is 0, the middle of its band. Raises ValueError
    for a lever arm of zero and a hopping that is not positive.
    """
    return (voltage - offset) * (_nonzero(lever_arm) / _positive(hopping, "hopping"))


def gate_voltage(energy: Numbers, lever_arm: float | int, hopping: float | int, offset: float | int = 0.0) -> Numbers:
    """The gate voltage in V at which the energy is `energy` hoppings: the inverse of `energy_in_hoppings`."""
    return energy * (_positive(hopping, "hopping") / _nonzero(lever_arm)) + offset


def thermal_energy(temperature: Numbers, hopping: float | int) -> Numbers:
    """k_B T in units of the hopping, of a temperature in K and a hopping in eV: what `ThermalSmearing` takes.

    Raises ValueError if the hopping is not positive.
    """
    return temperature * (constants.k / constants.e / _positive(hopping, "hopping"))


def temperature(energy: Numbers, hopping: float | int) -> Numbers:
    """The temperature in K at which k_B T is `energy` hoppings: the inverse of `thermal_energy`."""
    return energy * (_positive(hopping, "hopping") * constants.e / constants.k)


def conductance_quanta(conductance: Numbers) -> Numbers:
    """A conductance in S, in units of e^2/h."""
    return conductance / CONDUCTANCE_QUANTUM


def siemens(quanta: Numbers) -> Numbers:
    """A conductance in units of e^2/h, in S: the inverse of `conductance_quanta`."""
    return quanta * CONDUCTANCE_QUANTUM


def conductance_of_resistance(resistance: Numbers) -> Numbers:
    """1/R in units of e^2/h, of a resistance in ohm; its own inverse, with the units exchanged."""
    return 1 / (resistance * CONDUCTANCE_QUANTUM)


def conductance_error(resistance: Numbers, sigma: Numbers) -> Numbers:
    """Standard deviation of G = 1/R in e^2/h, from that of R in ohm, to first order: |dG/dR| sigma = sigma / R^2.

    Good while sigma is small against R: the next order shifts G by (sigma / R)^2 of itself.
    """
    return sigma / (resistance**2 * CONDUCTANCE_QUANTUM)


def _positive(number: float | int, name: str) -> float:
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be a positive number, got {number}.")
    return float(number)


def _nonzero(lever_arm: float | int) -> float:
    if not (math.isfinite(lever_arm) and lever_arm):
        raise ValueError(f"lever_arm must be a number other than zero, got {lever_arm}.")
    return float(lever_arm)
