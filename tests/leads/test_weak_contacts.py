"""Contacts from very weak to very strong: G keeps its digits, as `WireLead` accepts them.

The elimination in `transport/_batched_matrices.py` subtracts 1 from pivots as large as 1 / t: it must scale the
matrix first (`_divide_forward`: divide by the largest entry of each point, and the inverse once more), or G has a
relative error of 1e-16 / t, and below t = 1e-16 is the number of modes.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.transport import transmission_by_greens_function, wire_self_energy

CONTACTS = [1e-100, 1e-30, 1e-16, 1e-12, 1e-8, 1e-4, 1.0, 1e4, 1e8, 1e30]


@pytest.mark.parametrize("hopping", CONTACTS)
@pytest.mark.parametrize("distance", [0.0, 0.3, -0.7])
def test_one_site_is_a_resonance_of_breit_and_wigner(hopping, distance):
    """One site between two wires: G = (2 t sin k)^2 / |E - v + 2 t e^{ik}|^2."""
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential([[0.0]])), ebs.WireLead(1.1, hopping))
    found = device.predict(flux=jnp.zeros(1), energy=jnp.array([distance]))
    amplitude = 2 * hopping * np.sin(1.1) / abs(distance + 2 * hopping * np.exp(1.1j))
    assert float(found[0]) == pytest.approx(amplitude**2, rel=1e-13, abs=0)  # some tens of roundings


@pytest.mark.parametrize("hopping", CONTACTS)
def test_a_sample_agrees_with_the_greens_function(hopping):
    values = np.random.default_rng(0).normal(size=(5, 3)) * 0.3
    lead = ebs.WireLead(1.1, hopping)
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), lead)
    flux, energy = 0.07, 0.41
    found = device.predict(flux=jnp.array([flux]), energy=jnp.array([energy]))
    modes = lead.modes()
    sigma = wire_self_energy(modes.phase_real + 1j * modes.phase_imag)
    other = transmission_by_greens_function(device.sample.onsite.blocks(), sigma, jnp.array(flux), jnp.array(energy))
    # Digits of a 3 x 3 inverse, five times.
    assert float(found[0]) == pytest.approx(float(jnp.sum(jnp.abs(other) ** 2)), rel=1e-11, abs=0)
