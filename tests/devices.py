"""Small devices for the laws of transport, and their conductance by each of the three algorithms.

All functions are pure and compile once per shape: a property draws numbers for a function that is compiled already.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve.transport import Scattering, transmission_by_greens_function, transmission_by_qr, wire_self_energy

SHAPE, POINTS = (5, 4), 12
INTERVAL = 6
"""What is chosen for known onsite energies up to 1, as those of the laws are: rough samples name another one."""


class Numbers(NamedTuple):
    """Every number that a device is made of; two wavenumbers make it spinful."""

    values: jax.Array
    angle: jax.Array
    coupling: jax.Array
    wavenumber: jax.Array
    hopping: jax.Array


class Settings(NamedTuple):
    """Where the conductance is measured, one entry a point."""

    flux: jax.Array
    energy: jax.Array


def onsite(numbers: Numbers) -> ebs.samples.AbstractOnsite:
    potential = ebs.Potential(numbers.values)
    spinful = numbers.wavenumber.shape[0] == 2
    return potential + ebs.ExchangeField(numbers.angle, numbers.coupling) if spinful else potential


def simulator(numbers: Numbers, **options) -> ebs.Magnetoconductance:
    lead = ebs.WireLead(numbers.wavenumber, numbers.hopping)
    return ebs.Magnetoconductance(ebs.SquareLattice(onsite(numbers)), lead, **options)


def channels(numbers: Numbers) -> int:
    return numbers.values.shape[1] * numbers.wavenumber.shape[0]


def by_sweep(numbers: Numbers, settings: Settings, interval: int = INTERVAL) -> jax.Array:
    """Inside `jax.jit` the onsite energies are unknown, and left to itself the sweep would normalise every slice."""
    return simulator(numbers, interval=interval).predict(**settings._asdict())


def by_qr(numbers: Numbers, settings: Settings) -> jax.Array:
    modes = simulator(numbers).lead.modes()
    lead = modes.norm, modes.phase_real + 1j * modes.phase_imag, modes.hopping
    blocks = onsite(numbers).blocks()
    t = jax.vmap(lambda flux, energy: transmission_by_qr(blocks, *lead, flux, energy, interval=3))(*settings)
    return jnp.sum(jnp.abs(t) ** 2, axis=(1, 2))


def by_greens_function(numbers: Numbers, settings: Settings) -> jax.Array:
    modes = simulator(numbers).lead.modes()
    self_energy = wire_self_energy(modes.phase_real + 1j * modes.phase_imag)
    return conductance_by_greens_function(onsite(numbers).blocks(), self_energy, settings)


def conductance_by_greens_function(blocks, self_energy, settings: Settings) -> jax.Array:
    t = jax.vmap(lambda flux, energy: transmission_by_greens_function(blocks, self_energy, flux, energy))(*settings)
    return jnp.sum(jnp.abs(t) ** 2, axis=(1, 2))


def _slope(algorithm):
    """Gradient of a weighted sum of conductances with respect to every number and every setting."""
    score = lambda numbers, settings, weights: jnp.sum(weights * algorithm(numbers, settings))
    return jax.jit(jax.grad(score, argnums=(0, 1)))


sweep, qr, greens_function = jax.jit(by_sweep), jax.jit(by_qr), jax.jit(by_greens_function)
sweep_slope, qr_slope, greens_function_slope = _slope(by_sweep), _slope(by_qr), _slope(by_greens_function)


@jax.jit
def scatter(numbers: Numbers, settings: Settings) -> Scattering:
    return simulator(numbers, interval=INTERVAL).scattering(**settings._asdict())


def random_numbers(seed: int, orbitals: int, shape: tuple[int, int] = SHAPE) -> Numbers:
    """One generic device, for tests that need no search."""
    rng = np.random.default_rng(seed)
    draw = lambda size, low, high: jnp.asarray(rng.uniform(low, high, size))
    largest = 1.0 if orbitals == 1 else 0.5
    return Numbers(
        values=draw(shape, -largest, largest),
        angle=draw(shape, -np.pi, np.pi),
        coupling=draw((), 0.3, 0.5),
        wavenumber=draw(orbitals, 0.4, 2.6),
        hopping=draw((), 0.7, 1.5),
    )


def random_settings(seed: int, points: int = POINTS) -> Settings:
    rng = np.random.default_rng(seed)
    return Settings(jnp.asarray(rng.uniform(-0.5, 0.5, points)), jnp.asarray(rng.uniform(-1, 1, points)))
