"""Laws 2 and 7: no current is lost, the scattering matrix is unitary, and 0 <= G <= number of modes."""

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from devices import SHAPE, Settings, channels, random_numbers, random_settings, scatter, simulator, sweep
from hypothesis import given
from strategies import some_numbers, some_settings

from equibacksolve.transport import unitarity_error

UNITARY = 1e-11
"""Rounding 1e-16, times the growth 3e3 between normalisations, times resonances of up to a few hundred."""


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_what_is_not_transmitted_is_reflected(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    found = scatter(numbers, settings)
    t, r = (np.asarray(matrix) for matrix in found)
    total = np.swapaxes(t.conj(), 1, 2) @ t + np.swapaxes(r.conj(), 1, 2) @ r
    np.testing.assert_allclose(total, np.broadcast_to(np.eye(channels(numbers)), total.shape), rtol=0, atol=UNITARY)
    np.testing.assert_allclose(unitarity_error(found), 0, atol=UNITARY * channels(numbers))


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_waves_from_the_left_and_from_the_right_scatter_into_orthogonal_states(orbitals, data):
    """The other half of the S matrix is that of the mirrored sample at the opposite flux, up to gauge and origin."""
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    t, r = (np.asarray(matrix) for matrix in scatter(numbers, settings))
    mirrored = numbers._replace(values=numbers.values[::-1], angle=numbers.angle[::-1])
    t2, r2 = (np.asarray(m) for m in scatter(mirrored, settings._replace(flux=-settings.flux)))
    modes = simulator(numbers).lead.modes()
    step = np.repeat(np.asarray(modes.phase_real + 1j * modes.phase_imag) / np.asarray(modes.hopping), SHAPE[1])
    # Orbitals before sites. The amplitudes refer to psi on the site beyond the sample: one site further for the mirror.
    y = np.tile(np.arange(SHAPE[1]), orbitals)
    gauge = np.exp(2j * np.pi * np.asarray(settings.flux)[:, None, None] * (SHAPE[0] + 1) * y[:, None])
    overlap = np.swapaxes(t.conj(), 1, 2) @ (gauge / step[:, None] * r2)
    overlap = overlap + np.swapaxes(r.conj(), 1, 2) @ (gauge * step[:, None] * t2)
    np.testing.assert_allclose(overlap, 0, rtol=0, atol=UNITARY)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_conductance_lies_between_none_and_all_modes(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    g = np.asarray(sweep(numbers, settings))
    assert np.all(g >= 0)
    assert np.all(g <= channels(numbers) + UNITARY)


@pytest.mark.parametrize("orbitals", [1, 2])
def test_conductance_is_the_total_transmission(orbitals):
    numbers, settings = random_numbers(1, orbitals), random_settings(1)
    total = jnp.sum(jnp.abs(scatter(numbers, settings).transmission) ** 2, axis=(1, 2))
    np.testing.assert_allclose(sweep(numbers, settings), total, rtol=1e-13)


def test_a_point_does_not_know_its_neighbours():
    numbers, settings = random_numbers(2, 1), random_settings(2)
    order = np.random.default_rng(3).permutation(len(settings.flux))
    permuted = sweep(numbers, Settings(*(setting[order] for setting in settings)))
    np.testing.assert_allclose(permuted, sweep(numbers, settings)[order], rtol=1e-13)
