"""What real instruments add, around devices: each wrapper against what it stands for, and hidden through it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve import samples, simulators
from equibacksolve.simulators._thermal_smearing import thermal_nodes

FLUX, ENERGY = np.array([0.0, 0.03, 0.03]), np.array([-1.2, -0.4, 0.7])


@pytest.fixture(scope="module")
def conductance():
    """A square of 4 x 3 sites between ribbons; what it predicts is compiled once."""
    sample = samples.square_sample(4, 3, np.random.default_rng(0).uniform(-0.4, 0.4, (4, 3)))
    terminals = [samples.ribbon_lead(sample, (step, 0)) for step in (-1, 1)]
    return ebs.Conductance(ebs.TightBindingDevice(sample, terminals))


def test_temperature(conductance):
    nodes, weights = thermal_nodes(9)
    expected = sum(w * conductance.predict(flux=FLUX, energy=ENERGY + 0.01 * x) for x, w in zip(nodes, weights))
    smeared = ebs.ThermalSmearing(conductance, 0.01, nodes=9)
    np.testing.assert_allclose(smeared.predict(flux=FLUX, energy=ENERGY), expected, rtol=1e-12)


def test_temperature_of_a_matrix(conductance):
    """What is found of all terminals holds that of two."""
    matrix = ebs.ThermalSmearing(simulators.ConductanceMatrix(conductance.device), 0.01, nodes=9)
    single = ebs.ThermalSmearing(conductance, 0.01, nodes=9)
    found = matrix.predict(flux=FLUX, energy=ENERGY)
    assert found.shape == (3, 2, 2)
    np.testing.assert_allclose(found[:, 1, 0], single.predict(flux=FLUX, energy=ENERGY), rtol=1e-12)


def test_a_resistance_in_series(conductance):
    bare = conductance.predict(flux=FLUX, energy=ENERGY)
    found = ebs.SeriesResistance(conductance, 0.07).predict(flux=FLUX, energy=ENERGY)
    np.testing.assert_allclose(found, 1 / (1 / bare + 0.07), rtol=1e-12)


def test_calibrations(conductance):
    offset = ebs.FluxOffset(conductance, 0.01)
    wrapped = ebs.EnergyCalibration(offset, 1.1, 0.05)
    expected = conductance.predict(flux=FLUX - 0.01, energy=1.1 * (ENERGY - 0.05))
    np.testing.assert_allclose(wrapped.predict(flux=FLUX, energy=ENERGY), expected, rtol=1e-12)


def test_all_of_them_hidden_around_readings_of_several_numbers(conductance):
    """The gradient passes through the wrappers into device, leads and calibrations, against differences."""
    simulator = ebs.FluxOffset(simulators.ConductanceMatrix(conductance.device), 0.01)
    leaves = lambda s: (
        s.offset,
        s.simulator.device.sample.onsite.values,
        s.simulator.device.terminals[0].lead.strength,
    )
    at = lambda x: eqx.tree_at(leaves, simulator, jax.tree.map(lambda a, d: a + x * d, leaves(simulator), ways))
    ways = jax.tree.map(lambda leaf: jnp.linspace(0.5, 1.0, max(1, leaf.size)).reshape(leaf.shape), leaves(simulator))
    total = jax.jit(lambda x: jnp.sum(jnp.sin(at(x).predict(flux=FLUX, energy=ENERGY))))
    step = 1e-4
    # Two central differences and an extrapolation: an error of step^4.
    slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    np.testing.assert_allclose(jax.grad(total)(0.0), slope, rtol=1e-7)


def test_bad_settings_are_refused_through_the_wrappers(conductance):
    """At the edge of the lowest band, -2 - 2 cos(pi / 4), behind two calibrations."""
    edge = -2 - 2**0.5
    wrapped = ebs.EnergyCalibration(ebs.FluxOffset(conductance, 0.0), 2.0, 0.0)
    with pytest.raises(ValueError, match=r"(from|at) a band edge"):
        wrapped.predict(flux=np.zeros(1), energy=np.array([edge / 2]))
