"""Wrappers of a conductance by what real samples add: laws, every derivative, and what no datum can tell."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.diagnostics import identifiability
from equibacksolve.testing import check_simulator

VALUES = np.random.default_rng(7).uniform(-0.5, 0.5, (3, 2))
DEVICE = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(VALUES)), ebs.WireLead(1.2))
FLUX, ENERGY = jnp.array([0.03, 0.11, -0.2, 0.07, 0.4]), jnp.array([-0.7, 0.2, 0.5, -0.1, 0.3])
SETTINGS = {"flux": FLUX, "energy": ENERGY}


class Resonance(ebs.AbstractSimulator):
    """A level at `position` in a ring: compiles fast, and stands for a device where only derivatives are looked at."""

    position: Float[Array, ""]

    def observe(self, *, flux, energy):
        return jnp.cos(jnp.pi * flux) ** 2 / (1 + ((energy - self.position) / 0.4) ** 2)


RING = Resonance(jnp.array(0.15))


class Conductance(ebs.AbstractSimulator):
    """Any conductance, one number a point."""

    value: Float[Array, " points"]

    def predict(self, **variables):
        return self.value


def real_sample(inside):
    """All four, in the order in which a measurement has them."""
    calibrated = ebs.EnergyCalibration(ebs.FluxOffset(inside, 0.01), 1.03, 0.02)
    return ebs.SeriesResistance(ebs.ThermalSmearing(calibrated, 0.04, nodes=4), 0.1)


def numbers(sample):
    calibrated = sample.simulator.simulator
    return sample.resistance, sample.simulator.temperature, calibrated.scale, calibrated.offset, flux_offset(sample)


def flux_offset(sample):
    return sample.simulator.simulator.simulator.offset


def device(sample):
    return sample.simulator.simulator.simulator.simulator


def test_all_four_together_can_be_solved_for():
    """Includes every derivative against finite differences, forward and reverse."""
    sample = real_sample(RING)
    everything = lambda s: (*numbers(s), device(s).position)
    check_simulator(sample, ebs.Observations(sample.predict(**SETTINGS), **SETTINGS), everything)


def test_each_number_has_the_slope_of_finite_differences():
    sample = real_sample(RING)
    predict = jax.jit(lambda p: eqx.tree_at(numbers, sample, tuple(p)).predict(**SETTINGS))
    point, step = jnp.stack(numbers(sample)), 1e-5
    slopes = jax.jacfwd(predict)(point)
    assert bool(jnp.all(jnp.max(jnp.abs(slopes), axis=0) > 1e-3))
    for i, unit in enumerate(np.eye(5)):
        differences = (predict(point + step * unit) - predict(point - step * unit)) / (2 * step)
        # Truncation: a third derivative of a few hundred times the step squared.
        np.testing.assert_allclose(slopes[:, i], differences, rtol=0, atol=1e-7)


def test_they_compose_in_any_order_that_commutes():
    """Flux and energy do not know of each other; neither knows of a resistance. Smearing and resistance do not."""
    predict = lambda sample: sample.predict(**SETTINGS)
    one = ebs.FluxOffset(ebs.EnergyCalibration(DEVICE, 1.1, 0.1), 0.02)
    other = ebs.EnergyCalibration(ebs.FluxOffset(DEVICE, 0.02), 1.1, 0.1)
    np.testing.assert_allclose(predict(one), predict(other), rtol=1e-13)
    one = ebs.FluxOffset(ebs.SeriesResistance(DEVICE, 0.3), 0.02)
    other = ebs.SeriesResistance(ebs.FluxOffset(DEVICE, 0.02), 0.3)
    np.testing.assert_allclose(predict(one), predict(other), rtol=1e-13)
    # A lever arm outside makes the temperature one of hoppings; inside, one of readings.
    one = ebs.ThermalSmearing(ebs.EnergyCalibration(DEVICE, 2.0), 0.05)
    other = ebs.EnergyCalibration(ebs.ThermalSmearing(DEVICE, 0.1), 2.0)
    np.testing.assert_allclose(predict(one), predict(other), rtol=1e-12)


def test_resistances_add_and_open_circuits_stay_open():
    conductance = Conductance(jnp.array([0.0, 1e-9, 0.5, 3.0, 1e6]))
    both = ebs.SeriesResistance(ebs.SeriesResistance(conductance, 0.2), 0.7).predict(**SETTINGS)
    np.testing.assert_allclose(both, ebs.SeriesResistance(conductance, 0.9).predict(**SETTINGS), rtol=1e-14)
    np.testing.assert_allclose(1 / both[1:] - 1 / conductance.value[1:], 0.9, rtol=0, atol=1e-6)
    assert float(both[0]) == 0
    slope = eqx.filter_grad(lambda s: s.predict()[0])(ebs.SeriesResistance(conductance, 0.9))
    assert float(slope.simulator.value[0]) == 1
    assert float(slope.resistance) == 0
    np.testing.assert_array_equal(ebs.SeriesResistance(conductance, 0.0).predict(), conductance.value)


def test_offsets_add():
    twice = ebs.FluxOffset(ebs.FluxOffset(DEVICE, 0.02), 0.05)
    np.testing.assert_allclose(
        twice.predict(**SETTINGS), DEVICE.predict(flux=FLUX - 0.07, energy=ENERGY), rtol=1e-13, atol=1e-14
    )
    twice = ebs.EnergyCalibration(ebs.EnergyCalibration(DEVICE, 2.0, 0.1), 0.5, -0.2)
    np.testing.assert_allclose(twice.predict(**SETTINGS), DEVICE.predict(flux=FLUX, energy=ENERGY), rtol=1e-13)


def test_a_field_offset_is_seen_by_data_on_both_sides():
    """G is even about the offset, with any resistance and at any temperature."""
    sample = ebs.SeriesResistance(ebs.ThermalSmearing(ebs.FluxOffset(DEVICE, 0.04), 0.1, nodes=4), 0.2)
    sides = [sample.predict(flux=0.04 + sign * FLUX, energy=ENERGY) for sign in (1, -1)]
    np.testing.assert_allclose(*sides, rtol=1e-12)


def test_no_datum_tells_an_energy_offset_from_a_potential_that_is_higher_everywhere():
    """E - v is all that counts, as the leads have one wavenumber at every energy."""
    higher = eqx.tree_at(lambda s: s.sample.onsite.values, DEVICE, replace_fn=lambda v: v + 0.3)
    shifted = ebs.EnergyCalibration(DEVICE, 1.5, 0.2)
    np.testing.assert_allclose(
        ebs.EnergyCalibration(higher, 1.5).predict(**SETTINGS), shifted.predict(**SETTINGS), rtol=1e-12
    )
    # In a toy that depends on E - position likewise, one of three directions is silent.
    ring = ebs.EnergyCalibration(RING, 1.5, 0.2)
    where = lambda s: (s.scale, s.offset, s.simulator.position)
    found = identifiability(ring, ebs.Observations(ring.predict(**SETTINGS), **SETTINGS), where=where)
    assert found.rank == 2
    scale, offset, position = where(found.direction(-1))
    np.testing.assert_allclose([scale, position], [0, -1.5 * offset], rtol=0, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_mirrors_of_the_sample_stay_symmetries(axis):
    sample = real_sample(DEVICE)
    symmetry = ebs.Mirror(lambda s: device(s).sample.onsite.values, axis)
    observed = ebs.Observations(sample.predict(**SETTINGS), **SETTINGS)
    assert float(ebs.inverse.symmetry_error(symmetry, sample, observed)) < 1e-13


def test_temperature_resistance_and_offset_are_found_with_the_potential():
    truth = ebs.SeriesResistance(ebs.ThermalSmearing(ebs.FluxOffset(DEVICE, 0.02), 0.08, nodes=4), 0.15)
    where = lambda s: (s.resistance, s.simulator.temperature, s.simulator.simulator.offset, potential(s))
    potential = lambda s: s.simulator.simulator.simulator.sample.onsite.values
    observed = ebs.simulated_observations(truth, flux=jnp.linspace(-0.1, 0.15, 6), energy=jnp.linspace(-1, 1, 5))
    start = eqx.tree_at(where, truth, (jnp.array(0.1), jnp.array(0.12), jnp.array(0.0), 0.9 * VALUES + 0.02))
    method = ebs.LevenbergMarquardt(steps=60, step_length=ebs.methods.Damping(1e-2))
    found = ebs.backsolve(start, observed, method, where=where, tolerance=1e-18, progress=False)
    assert found.converged
    # The residuals, 1e-9, over a smallest singular value of some 1e-2.
    for leaf, true in zip(where(found.simulator), where(truth)):
        np.testing.assert_allclose(leaf, true, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ebs.SeriesResistance(DEVICE, -0.1), "resistance is -0.1; give a number from 0"),
        (lambda: ebs.SeriesResistance(DEVICE, np.nan), "resistance is nan"),
        (lambda: ebs.EnergyCalibration(DEVICE, 0.0), "scale is 0; give a finite number other than 0"),
    ],
)
def test_unfit_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_shapes_and_names_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match=r"SeriesResistance.resistance must be a .* array of shape \(\)"):
        ebs.SeriesResistance(DEVICE, np.ones(2))
    with pytest.raises(TypeError, match="FluxOffset got no argument 'field'"):
        ebs.FluxOffset(DEVICE, 0.1, "field").predict(**SETTINGS)
    with pytest.raises(TypeError, match="EnergyCalibration got no argument 'gate'"):
        ebs.EnergyCalibration(DEVICE, variable="gate").predict(**SETTINGS)
