"""Thermal smearing against closed forms, adaptive quadrature and Sommerfeld's expansion."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.simulators._thermal_smearing import thermal_nodes

ENERGY = jnp.linspace(-2.0, 2.0, 7)


class Curve(ebs.AbstractSimulator):
    """Any function of the energy, times a height."""

    height: Float[Array, ""]
    shape: object = eqx.field(static=True)

    def predict(self, *, energy):
        return self.height * self.shape(energy)


def smeared(shape, temperature, **options):
    curve = Curve(jnp.array(1.0), shape)
    return ebs.ThermalSmearing(curve, temperature, **options).predict(energy=ENERGY)


@pytest.mark.parametrize(("product", "error"), [(0.1, 1e-6), (0.3, 5e-6), (1.0, 2e-4)])
def test_a_wave_keeps_its_form_and_loses_its_height(product, error):
    """cos(a E) becomes pi a T / sinh(pi a T) cos(a E): how conductance fluctuations fade. `error` is the rule's."""
    temperature = 0.2
    a = product / temperature
    left = np.pi * product / np.sinh(np.pi * product)
    np.testing.assert_allclose(smeared(lambda e: jnp.cos(a * e), temperature), left * np.cos(a * ENERGY), atol=error)


def lorentzian(energy, half_width):
    return half_width**2 / (energy**2 + half_width**2)


def by_adaptive_quadrature(energy, half_width):
    """At T = 1."""
    integrand = lambda x: lorentzian(energy + x, half_width) / (4 * np.cosh(x / 2) ** 2)
    return scipy.integrate.quad(integrand, -60, 60, points=[-energy], epsabs=1e-12, limit=200)[0]


@pytest.mark.parametrize(("half_width", "error"), [(4.0, 2e-8), (2.0, 2e-5), (1.0, 4e-3)])
def test_a_breit_wigner_line(half_width, error):
    """The errors that the docstring promises, at the sharpest place and on the flanks."""
    found = smeared(lambda e: lorentzian(e, half_width), 1.0)
    expected = [by_adaptive_quadrature(float(e), half_width) for e in ENERGY]
    np.testing.assert_allclose(found, expected, atol=error)
    # More nodes are better, down to where adaptive quadrature ends.
    finer = smeared(lambda e: lorentzian(e, half_width), 1.0, nodes=48)
    assert np.max(np.abs(finer - np.asarray(expected))) < max(1e-10, error / 50)


def test_straight_lines_stay_what_they_are():
    np.testing.assert_allclose(smeared(lambda e: 3 + 2 * e, 0.7), 3 + 2 * ENERGY, rtol=0, atol=1e-14)


def test_the_area_under_a_curve_is_kept():
    """Weights that sum to one only spread it. The sum over a mesh that holds the curve is its integral."""
    energy = jnp.linspace(-40, 40, 801)
    curve = Curve(jnp.array(1.0), lambda e: jnp.exp(-(e**2)))
    after = ebs.ThermalSmearing(curve, 0.5).predict(energy=energy)
    assert float(jnp.sum(after)) * 0.1 == pytest.approx(np.sqrt(np.pi), rel=1e-12)
    assert np.min(thermal_nodes(16)[1]) > 0


def test_the_limit_of_zero_temperature():
    """Exact at T = 0, slope zero there, and Sommerfeld's pi^2 T^2 G'' / 6 next to it."""
    curve = Curve(jnp.array(1.0), jnp.sin)
    at = lambda t: eqx.tree_at(lambda s: s.temperature, ebs.ThermalSmearing(curve, 0.0), t).predict(energy=ENERGY)
    np.testing.assert_allclose(at(jnp.array(0.0)), jnp.sin(ENERGY), rtol=0, atol=1e-15)
    np.testing.assert_allclose(jax.jacfwd(at)(jnp.array(0.0)), 0, atol=1e-14)
    # T^2 has the rule's own error of the second moment, 5e-5 of it; the next order is T^4.
    step = jnp.array(1e-3)
    np.testing.assert_allclose((at(step) - at(0 * step)) / step**2, -(np.pi**2) / 6 * jnp.sin(ENERGY), atol=2e-4)
    np.testing.assert_allclose(at(-step), at(step), rtol=0, atol=1e-14)


def test_the_simulator_inside_is_called_once():
    """All nodes of all data in one list of points: its Jacobian is one sweep."""
    calls = []

    def shape(energy):
        calls.append(energy.shape)
        return energy

    smeared(shape, 0.1, nodes=5)
    assert calls == [(35,)]


@pytest.mark.parametrize("temperature", [-0.1, np.nan, np.inf])
def test_no_such_temperature(temperature):
    with pytest.raises(ValueError, match="give k_B T as a number from 0"):
        smeared(jnp.cos, temperature)


def test_too_few_nodes_and_an_unknown_setting():
    with pytest.raises(ValueError, match="nodes must be at least 2, got 1"):
        smeared(jnp.cos, 0.1, nodes=1)
    with pytest.raises(TypeError, match=r"ThermalSmearing got no argument 'bias' but \['energy'\]"):
        smeared(jnp.cos, 0.1, variable="bias")
