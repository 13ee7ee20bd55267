"""Law 6: conductances that can be written down."""

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from devices import Numbers, Settings, sweep
from hypothesis import given
from strategies import arrays, some_settings

from equibacksolve.transport import transmission_by_greens_function, transmission_by_qr

CLOSED = {"rtol": 0, "atol": 1e-12}
"""Both sides are short sums of numbers of order one."""


def clean(length, width, potential, wavenumber, hopping, angle=0.0, coupling=0.0):
    full = lambda number: jnp.full((length, width), number)
    wavenumber = jnp.atleast_1d(jnp.asarray(wavenumber))
    return Numbers(full(potential), full(angle), jnp.asarray(coupling), wavenumber, jnp.asarray(hopping))


def chain_transmission(length, energy, wavenumber, hopping):
    """Fisher and Lee for a chain of equal sites: T = (Gamma / |D_L - 2 S D_{L-1} + S^2 D_{L-2}|)^2.

    D_n is the determinant of energy - H of n sites, a Chebyshev polynomial, and S = -t cos k - i |t sin k| the
    self-energy of a wire.
    """
    determinants = [0.0, 1.0]
    for _ in range(length):
        determinants.append(energy * determinants[-1] - determinants[-2])
    before, inner, whole = determinants[-3:]
    sigma = -hopping * np.cos(wavenumber) - 1j * abs(hopping * np.sin(wavenumber))
    return (2 * sigma.imag) ** 2 / abs(whole - 2 * sigma * inner + sigma**2 * before) ** 2


@given(wavenumber=arrays((1,), 0.3, 2.8), flux=arrays((4,), -0.5, 0.5))
def test_a_perfect_wire_transmits_every_electron(wavenumber, flux):
    """At E = -2 cos k the chain is the wire continued."""
    settings = Settings(flux, jnp.full(4, -2 * jnp.cos(wavenumber[0])))
    np.testing.assert_allclose(sweep(clean(5, 1, 0.0, wavenumber, 1.0), settings), 1, **CLOSED)


@given(wavenumber=arrays((2,), 0.3, 2.8), flux=arrays((4,), -0.5, 0.5))
def test_a_perfect_spinful_wire_transmits_both_spins(wavenumber, flux):
    """The exchange field along z shifts each spin to the band bottom of its own wire: E - v -+ J = -2 cos k."""
    up, down = -2 * np.cos(np.asarray(wavenumber))
    numbers = clean(5, 1, -(up + down) / 2, wavenumber, 1.0, 0.0, (down - up) / 2)
    np.testing.assert_allclose(sweep(numbers, Settings(flux, jnp.zeros(4))), 2, **CLOSED)


@given(
    potential=st.floats(-2, 2), wavenumber=st.floats(-3, 3).filter(lambda k: abs(np.sin(k)) > 0.1),
    hopping=st.floats(0.3, 3), settings=some_settings(4),
)  # fmt: skip
def test_one_site_between_two_wires(potential, wavenumber, hopping, settings):
    """Breit and Wigner: T = Gamma^2 / ((E - v + 2 t cos k)^2 + Gamma^2) with Gamma = 2 |t sin k|, for any k and t."""
    gamma = 2 * abs(hopping * np.sin(wavenumber))
    detuning = settings.energy - potential + 2 * hopping * np.cos(wavenumber)
    found = sweep(clean(1, 1, potential, wavenumber, hopping), settings)
    np.testing.assert_allclose(found, gamma**2 / (detuning**2 + gamma**2), **CLOSED)


def test_the_resonance_at_the_middle_of_the_band():
    """t = 1, k = pi/2: T = 4 / (E^2 + 4); the paper's misprint in eq. 11 would make it a quarter."""
    energy = jnp.linspace(-1.0, 1.0, 4)
    found = sweep(clean(1, 1, 0.0, np.pi / 2, 1.0), Settings(jnp.zeros(4), energy))
    np.testing.assert_allclose(found, 4 / (energy**2 + 4), **CLOSED)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_a_clean_sample_is_a_sum_over_transverse_modes(orbitals, data):
    """Without flux and disorder every transverse mode, of energy 2 cos(pi n / (W + 1)), is a chain of its own."""
    length, width = 5, 4
    wavenumber, hopping = data.draw(arrays((orbitals,), 0.3, 2.8)), data.draw(arrays((), 0.5, 2.0))
    potential, coupling = data.draw(st.floats(-0.5, 0.5)), data.draw(st.floats(-0.5, 0.5))
    energy = np.linspace(-1, 1, 12)
    across = 2 * np.cos(np.pi * np.arange(1, width + 1) / (width + 1))
    shifts = [0.0] if orbitals == 1 else [coupling, -coupling]
    expected = sum(
        chain_transmission(length, energy - potential - shift - e, float(k), float(hopping))
        for shift, k in zip(shifts, wavenumber)
        for e in across
    )
    numbers = clean(length, width, potential, wavenumber, hopping, 0.0, coupling)
    found = sweep(numbers, Settings(jnp.zeros(12), jnp.asarray(energy)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_magnetization_in_the_plane_turns_no_spin_between_equal_wires():
    """With equal wavenumbers spin can be rotated as a whole: only the size of a uniform exchange field counts."""
    settings = Settings(jnp.linspace(-0.2, 0.2, 12), jnp.linspace(-1, 1, 12))
    along_z, tilted = (clean(5, 4, 0.1, [0.8, 0.8], 1.3, angle, 0.4) for angle in (0.0, 1.1))
    np.testing.assert_allclose(sweep(tilted, settings), sweep(along_z, settings), rtol=0, atol=1e-11)


def test_amplitudes_across_one_slice_of_two_sites():
    """t = i Gamma (E - H - 2 Sigma)^-1 with <2|H|1> = e^{2 pi i flux}: of a sign that conductances do not see."""
    energy, flux, sigma, v = 0.3, 0.1, 0.2 - 0.7j, np.array([0.4, -0.9])
    phase = np.exp(2j * np.pi * flux)
    green = np.linalg.inv((energy - 2 * sigma) * np.eye(2) - np.diag(v) - [[0, np.conj(phase)], [phase, 0]])
    given = jnp.asarray(v).reshape(1, 2, 1, 1), jnp.array([sigma]), jnp.asarray(flux), jnp.asarray(energy)
    np.testing.assert_allclose(transmission_by_greens_function(*given), -2j * sigma.imag * green, rtol=0, atol=1e-14)


@pytest.mark.parametrize("interval", [1, 2, 5])
def test_an_open_channel_is_not_lost_beside_a_closed_one(interval):
    """Two chains side by side are two channels, at E - 1 and E + 1. Over 24 sites the closed one grows by 7e10."""
    length, energy, wavenumber = 24, -2.2, 1.2
    expected = sum(chain_transmission(length, energy - across, wavenumber, 1.0) for across in (-1, 1))
    phase = jnp.exp(1j * jnp.array([wavenumber]))
    norm = (2 * phase.imag) ** -0.5
    given = jnp.zeros((length, 2, 1, 1)), norm, phase, jnp.ones(1), jnp.zeros(()), jnp.asarray(energy), interval
    np.testing.assert_allclose(jnp.sum(jnp.abs(transmission_by_qr(*given)) ** 2), expected, rtol=1e-10)
