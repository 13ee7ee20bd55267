"""Leads that are given: a table of the self-energy of a chain, in closed form, at several energies; a wide band."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.leads import TabulatedLead, WideBandLead
from equibacksolve.leads._amplitudes import channels_of
from equibacksolve.samples import Entries, TightBinding

ENERGY = np.array([-0.7, 0.1, 1.3])


def test_a_table_of_several_energies_continues_a_chain():
    """A clean chain transmits all that comes, at each energy its own self-energy: E / 2 - i sqrt(1 - E^2 / 4)."""
    sigma = ENERGY / 2 - 1j * np.sqrt(1 - ENERGY**2 / 4)
    lead = TabulatedLead(ENERGY[::-1], np.zeros(3), *(part[::-1, None, None] for part in (sigma.real, sigma.imag)))
    bonds = Entries([0, 1, 1, 2], [1, 0, 2, 1], np.ones(4))
    sample = TightBinding(np.zeros(3), bonds, np.arange(3.0), np.arange(3))
    device = ebs.TightBindingDevice(sample, [ebs.Terminal(lead, [0]), ebs.Terminal(lead, [2])])
    found = ebs.Conductance(device).predict(flux=np.zeros(3), energy=ENERGY)
    np.testing.assert_allclose(found, 1.0, atol=1e-12)


def test_a_wave_that_decays_in_the_lead_carries_nothing():
    """Two chains side by side. The second lies above the energy: its self-energy is real, and no channel of it open."""
    energy, above = 0.3, 3.0
    sigma = energy / 2 - 1j * np.sqrt(1 - energy**2 / 4), (energy - above) / 2 + np.sqrt((energy - above) ** 2 / 4 - 1)
    matrix = np.diag(np.array(sigma))[None]
    lead = TabulatedLead([energy], [0.0], matrix.real, matrix.imag)
    bonds = Entries([0, 1, 2, 3], [1, 0, 3, 2], np.ones(4))
    sample = TightBinding(np.array([0.0, 0.0, above, above]), bonds, np.arange(4.0))
    device = ebs.TightBindingDevice(sample, [ebs.Terminal(lead, [0, 2]), ebs.Terminal(lead, [1, 3])])
    found = ebs.Conductance(device).predict(flux=np.zeros(1), energy=np.array([energy]))
    np.testing.assert_allclose(found, 1.0, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-19, 1.0, 1e19])
def test_a_row_is_that_of_its_energy_and_of_its_flux_in_any_unit(unit):
    """To rounding of either; elsewhere there is no self-energy."""
    energy, flux = unit * np.array([0.1, 0.1, 0.3]), np.array([0.0, 0.7, 0.7])
    real, imag = np.arange(3.0)[:, None, None], -np.ones((3, 1, 1))
    lead = TabulatedLead(energy, flux, real, imag)
    found = jax.jit(lambda energy, flux: lead.self_energy(1, energy, flux, {}).matrix[0, 0])
    rounded = 1 + np.array([-1, 0, 1]) * 4e-16
    for row in range(3):
        for factor in rounded:
            assert found(energy[row] * factor, flux[row] * factor) == row - 1j
            lead.check("lead", 1, *(jnp.array([part[row] * factor]) for part in (energy, flux)), {})
    for off in ((energy[0] * (1 + 1e-9), 0.0), (energy[0], 1e-9), (energy[2], 0.0), (-energy[0], 0.0)):
        assert np.isnan(found(*off))
        with pytest.raises(ValueError, match="lead has no row for energy"):
            lead.check("lead", 1, *(jnp.array([part]) for part in off), {})


def test_one_broadening_is_that_of_every_orbital():
    sigma = [lead.self_energy(3, *jnp.zeros(2), {}) for lead in (WideBandLead(0.8), WideBandLead([0.8] * 3))]
    assert WideBandLead(0.8).channels(3) == WideBandLead([0.8] * 3).channels(3) == 3
    np.testing.assert_array_equal(sigma[0].matrix, -0.4j * np.eye(3))
    np.testing.assert_array_equal(sigma[1].matrix, sigma[0].matrix)
    with pytest.raises(ValueError, match="has 2 broadenings for an interface of 3"):
        WideBandLead([0.8, 0.8]).channels(3)


def test_channels_follow_their_self_energy():
    """W W† = Gamma = i (Sigma - Sigma†), and d(W W†) = dGamma."""
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=(3, 3, 3)) + 1j * random.normal(size=(3, 3, 3))
    gamma = lambda sigma: 1j * (sigma - sigma.conj().T)
    sigma = a + a.conj().T - 1j * (b @ b.conj().T)
    w, of_w = jax.jvp(lambda sigma: channels_of(3, sigma), (jnp.asarray(sigma),), (jnp.asarray(c),))
    np.testing.assert_allclose(w @ w.conj().T, gamma(sigma), rtol=0, atol=1e-12)
    np.testing.assert_allclose(of_w @ w.conj().T + w @ of_w.conj().T, gamma(c), rtol=0, atol=1e-12)
