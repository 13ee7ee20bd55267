"""Contacts from very weak to very strong: G and its derivatives keep their digits, as `WireLead` accepts them.

The pivots of the elimination in `transport/_batched_matrices.py` are as large as 1 / t: adding 1 to them on the way
costs G its digits, and below t = 1e-16 leaves the number of modes. A part of the derivative goes as t^3,
which underflows.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.transport import (
    conductance,
    device,
    scattering,
    site_response,
    transmission_by_greens_function,
    wire_self_energy,
)

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


FLUX, ENERGY = np.array([0.07]), np.array([0.41])
VALUES = np.random.default_rng(0).normal(size=(4, 2)) * 0.3
# What rounding leaves: some tens of roundings where t is a double, and the weakest contacts that the dtypes know.
EXTREMES = [("float64", 1e-11, t) for t in (1e-152, 1e-12, 1e150)] + [("float32", 1e-3, t) for t in (1e-17, 1e17)]


@pytest.mark.parametrize(("dtype", "tolerance", "hopping"), EXTREMES)
def test_derivatives_and_single_changes_keep_their_digits(dtype, tolerance, hopping):
    """The gradient agrees with that of the Green's function in double precision, a changed site with its own sweep."""
    single = lambda *arrays: [jnp.asarray(array, dtype) for array in arrays]
    modes, (flux, energy, values) = ebs.WireLead(*single(1.1, hopping)).modes(), single(FLUX, ENERGY, VALUES)
    sigma = wire_self_energy(jnp.array([hopping * np.exp(1.1j)]))  # t e^{-ik} with k < 0
    built = lambda v: device(v[..., None, None], *modes)
    ours = jax.jit(jax.value_and_grad(lambda v: conductance(built(v), flux, energy, 2)[0]))
    other = lambda v: transmission_by_greens_function(v[..., None, None], sigma, jnp.array(0.07), jnp.array(0.41))
    (found, slope), (expected, its_slope) = (
        ours(values),
        jax.value_and_grad(lambda v: jnp.sum(jnp.abs(other(v)) ** 2))(jnp.asarray(VALUES)),
    )
    assert float(found) == pytest.approx(float(expected), rel=tolerance, abs=0)
    scale = float(jnp.max(jnp.abs(its_slope)))
    np.testing.assert_allclose(np.asarray(slope, float) / scale, its_slope / scale, atol=tolerance)
    response = site_response(built(values), flux, energy)
    assert float(response.conductance[0]) == pytest.approx(float(expected), rel=tolerance, abs=0)
    by_sweep = ours(values.at[2, 1].add(0.2))[0]
    changed = response.changed(jnp.full_like(values, 0.2))[2, 1, 0]
    assert float(changed) == pytest.approx(float(by_sweep), rel=tolerance, abs=0)


@pytest.mark.parametrize("hopping", [1e-100, 1e-8, 1e30])
def test_amplitudes_and_reflection_keep_their_digits(hopping):
    """Without flux t is that of Fisher and Lee transposed, up to phases; and 1 - r†r is the current that passes."""
    modes = ebs.WireLead(1.1, hopping).modes()
    blocks = jnp.asarray(VALUES)[..., None, None]
    found = scattering(device(blocks, *modes), jnp.zeros(1), jnp.array(ENERGY), 2)
    sigma = wire_self_energy(modes.phase_real + 1j * modes.phase_imag)
    other = transmission_by_greens_function(blocks, sigma, jnp.array(0.0), jnp.array(0.41)).T
    size = float(jnp.max(jnp.abs(other)))
    np.testing.assert_allclose(jnp.abs(found.transmission[0]) / size, jnp.abs(other) / size, atol=1e-11)
    passed, back = (np.sum(np.abs(np.asarray(part)) ** 2) for part in found)
    assert passed + back == pytest.approx(2, rel=1e-12)  # two modes


@pytest.mark.parametrize("hoppings", [(1e-9, 1.0)])
def test_orbitals_of_unlike_contacts(hoppings):
    """Two orbitals without a coupling are two devices: G is the sum, be one contact weak and the other not."""
    modes = [ebs.WireLead(1.1, hopping).modes() for hopping in hoppings]
    blocks = jnp.asarray(VALUES)[..., None, None]
    apart = [conductance(device(blocks, *each), jnp.array(FLUX), jnp.array(ENERGY), 2) for each in modes]
    both = [jnp.concatenate(pair) for pair in zip(*modes)]
    found = conductance(device(blocks * jnp.eye(2), *both), jnp.array(FLUX), jnp.array(ENERGY), 2)
    np.testing.assert_allclose(found, sum(apart), rtol=1e-10)  # columns of unlike size mix: a few digits more
