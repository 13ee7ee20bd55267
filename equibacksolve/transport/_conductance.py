"""Conductance and scattering matrices of many (flux, energy) points, by the fast sweep (eqs. 4, 8)."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from equibacksolve._axes import OnsiteBlocks, Scalar
from equibacksolve._per_datum import per_datum
from equibacksolve.transport._batched_matrices import Split, divide, random_rotation, rotated, squared_norm
from equibacksolve.transport._growth import one_or_nan
from equibacksolve.transport._modes import check_modes
from equibacksolve.transport._stabilisation import check_interval
from equibacksolve.transport._sweep import Ends, Slices, Wave, stacked, sweep

Orbital = Float[Array, " orbitals"]


class Device(NamedTuple):
    """The arrays that a two-terminal device is made of: onsite matrices, and the left-going modes of the leads.

    A left-going wave of unit current has psi = norm, chi = -norm (phase_real + i phase_imag); see `LeadModes`.
    """

    onsite_real: Float[Array, "length width orbitals orbitals"]
    onsite_imag: Float[Array, "length width orbitals orbitals"] | None
    norm: Orbital
    phase_real: Orbital
    phase_imag: Orbital
    hopping: Orbital


class Scattering(NamedTuple):
    """Amplitudes between modes of unit current: from the right to the left lead, and back to the right."""

    transmission: Complex[Array, "points modes modes"]
    reflection: Complex[Array, "points modes modes"]


def device(onsite: OnsiteBlocks, norm: Orbital, phase_real: Orbital, phase_imag: Orbital, hopping: Orbital) -> Device:
    """Collect the arrays of a device; complex onsite matrices are split into real and imaginary part.

    - `onsite`: onsite matrices, in units of the hopping of the sample.
    - `norm`, `phase_real`, `phase_imag`, `hopping`: the left-going modes, one entry an orbital, see `LeadModes`.

    Raises ValueError if known modes carry no current or run to the right (phase_imag must be positive), if hopping is
    not |t|, or if norm is not that of unit current. Inside `jax.jit` nothing is known, and nothing is checked.
    """
    check_modes(norm, phase_real, phase_imag, hopping)
    imag = onsite.imag if jnp.iscomplexobj(onsite) else None
    return Device(onsite.real, imag, norm, phase_real, phase_imag, hopping)


def conductance(
    device: Device, flux: Float[Array, " points"], energy: Float[Array, " points"], interval: int
) -> Float[Array, " points"]:
    """Two-terminal conductance G = Tr t†t (eq. 4) in units of e^2/h, one value per (flux, energy) point.

    `flux` per plaquette in h/e, `energy` in units of the hopping; `interval` slices between two normalisations. All
    derivatives cost one further sweep: dG/dh is twice the real part of the product of the scattering states from the
    left and from the right, see `_sweep`. NaN, with all derivatives, where waves grow too much over `interval` slices.

    Raises ValueError if interval is no whole number from 1.
    """
    check_interval(interval)
    _, width, orbitals, _ = device.onsite_real.shape
    balanced, scale = _balanced(device)
    found = _batched_conductance(interval, _chunk(width * orbitals))(balanced, (flux, energy)) * scale**2
    return found * one_or_nan(_onsite(device), energy, interval)


def scattering(
    device: Device, flux: Float[Array, " points"], energy: Float[Array, " points"], interval: int
) -> Scattering:
    """Transmission matrices t (eq. 8), from the right lead to the left one, and reflection matrices r at the right.

    NaN where `conductance` is, and raises as it does.
    """
    check_interval(interval)
    trusted = one_or_nan(_onsite(device), energy, interval)
    balanced, scale = _balanced(device)
    shared = jax.tree.map(lambda leaf: leaf[..., None], balanced)
    passed, outgoing, arriving = _amplitudes(shared, flux, energy, interval)
    transmission, reflection = divide([passed, outgoing], arriving)
    transmission = rotated(random_rotation(transmission.real.shape[0]).T, transmission)
    factors = (transmission, trusted * scale), (reflection, trusted)
    joined = (jax.lax.complex(m.real * factor, m.imag * factor) for m, factor in factors)
    return Scattering(*(jnp.moveaxis(m, -1, 0) for m in joined))


def unitarity_error(found: Scattering) -> Float[Array, " points"]:
    """|Tr t†t + Tr r†r - number of modes|: current that got lost, one value per point."""
    total = sum(jnp.sum(jnp.abs(matrix) ** 2, axis=(1, 2)) for matrix in found)
    return jnp.abs(total - found.transmission.shape[1])


@jax.jit
def _balanced(device: Device) -> tuple[Device, Scalar]:
    """The device with waves of other current, and the factor that takes their amplitudes t to those of unit current.

    Through a contact t, amplitudes go as t or 1 / t, and parts of a derivative as the cube of that, which would vanish
    for contacts that are weak or strong enough. The factor is a power of four: nothing is rounded.
    """
    exponent = -jnp.abs(jnp.frexp(jax.lax.stop_gradient(jnp.max(device.hopping)))[1]) // 2
    root = jnp.ldexp(jnp.ones((), device.norm.dtype), exponent)
    return device._replace(norm=device.norm * root), root**2


def _onsite(device: Device) -> OnsiteBlocks:
    real, imag = device.onsite_real, device.onsite_imag
    return real if imag is None else jax.lax.complex(real, imag)


@functools.cache
def _batched_conductance(interval: int, chunk: int) -> Callable:
    def batch(device, points):
        passed, _, arriving = _amplitudes(device, points[0], points[1], interval)
        return squared_norm(divide([passed], arriving)[0])

    return per_datum(batch, chunk)


def _chunk(modes: int) -> int:
    """Points that travel together, for matrices of `modes` rows.

    On a CPU, several vector registers full, and states that stay in a core's second-level cache: 32 were fastest for 12
    modes, 24 from 24 modes on. Loops over 8 or 16 points XLA writes out and then does not vectorise: half the speed.
    An accelerator wants as many as its memory holds; 4096 there is an estimate, not a measurement.
    """
    if jax.default_backend() != "cpu":
        return 4096
    return 32 if modes <= 16 else 24


def _amplitudes(device: Device, flux, energy, interval):
    """X (None for 1), B and A with t = Q X A^-1 and r = B A^-1, for a device whose arrays have a points axis."""
    length = device.onsite_real.shape[0]
    x = jnp.arange(1, length + 1, dtype=flux.dtype)[:, None]
    angle = 2 * jnp.pi * flux * x
    slices = Slices(device.onsite_real, device.onsite_imag, jnp.cos(angle), jnp.sin(angle))
    ends = Ends(device.norm, device.phase_real, device.phase_imag)
    waves, passed = sweep(slices, energy, ends, interval)
    # The hopping into the right lead is that of the lead, t, where the sweep took 1.
    waves = [
        Wave(Split(*(p / t for p in w.psi)), Split(*(p * t for p in w.chi))) for w, t in zip(waves, device.hopping)
    ]
    return passed, _project(waves, ends, 1.0), _project(waves, ends, -1.0)


def _project(waves: list[Wave], ends: Ends, direction: float) -> Split:
    """U† of eq. 11: amplitudes of the left-going (direction -1) or right-going (+1) modes.

    U† = -+ i norm (t e^{ik}, 1), and t e^{ik} is the conjugate of the left-going phase, or the phase itself.
    """
    parts = []
    for wave, norm, real, imag in zip(waves, *ends):
        imag = direction * imag
        sum_real = real * wave.psi.real - imag * wave.psi.imag + wave.chi.real
        sum_imag = real * wave.psi.imag + imag * wave.psi.real + wave.chi.imag
        factor = -direction * norm
        parts.append(Split(-sum_imag * factor, sum_real * factor))
    return stacked(parts)
