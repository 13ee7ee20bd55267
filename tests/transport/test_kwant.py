"""Agreement with Kwant 1.5 on every sample with wire leads of tests/reference/."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import scatter, simulator
from reference import WIRE_LEADS, load

from equibacksolve.transport import unitarity_error


@pytest.mark.parametrize("name", WIRE_LEADS)
def test_transmission_and_reflection_are_kwants(name):
    device = load(name)
    found = scatter(device.numbers, device.settings)
    transmitted, reflected = (jnp.sum(jnp.abs(matrix) ** 2, axis=(1, 2)) for matrix in found)
    # Kwant's own linear solver leaves about 1e-14 per mode; 1e-10 is what findings.md promises.
    np.testing.assert_allclose(transmitted, device.transmitted, rtol=0, atol=1e-10)
    np.testing.assert_allclose(reflected, device.reflected, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(device.open_modes, found.transmission.shape[1])
    assert float(jnp.max(unitarity_error(found))) < 1e-10


@pytest.mark.parametrize("name", WIRE_LEADS)
def test_the_simulator_predicts_kwants_conductance(name):
    """Without `jax.jit`, with the interval that the constructor chooses."""
    device = load(name)
    model = simulator(device.numbers)
    found = model.predict(**device.settings._asdict())
    np.testing.assert_allclose(found, device.transmitted, rtol=0, atol=1e-10)


def test_the_localised_sample_agrees_in_the_logarithm():
    device = load("wire_localised_60x6")
    found = jax.jit(lambda s: simulator(device.numbers).predict(**s._asdict()))(device.settings)
    # Kwant's direct solver is not made for a G of 1e-12: its rounding, 1e-16 of one, is 1e-4 of that.
    np.testing.assert_allclose(np.log(found), np.log(device.transmitted), rtol=0, atol=1e-4)


def test_no_reference_is_left_out():
    """ribbon_8x6 has leads of another kind; everything else is compared."""
    assert len(WIRE_LEADS) == 7
