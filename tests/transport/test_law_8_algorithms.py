"""Law 8: sweep, QR and recursive Green's function agree, in the conductance and in its gradient."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import (
    by_sweep,
    greens_function,
    greens_function_slope,
    qr,
    qr_slope,
    random_numbers,
    random_settings,
    simulator,
    sweep,
    sweep_slope,
)
from extended_precision import slopes_of_log_conductance
from hypothesis import given
from reference import load
from strategies import some_numbers, some_settings, some_weights


def assert_close(found, expected, tolerance):
    """Relative to the largest entry of the expected leaf, or to one if that is larger."""
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        scale = max(1.0, float(jnp.max(jnp.abs(b))))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("orbitals", [1, 2])
def test_generic_devices_agree_to_rounding(orbitals):
    """The law's own numbers: 1e-12 in G and 1e-11 in the gradient, with respect to every leaf and both settings."""
    weights = jnp.linspace(-1, 1, 12)
    for seed in range(5):
        given_ = random_numbers(seed, orbitals), random_settings(seed)
        exact, slope = greens_function(*given_), greens_function_slope(*given_, weights)
        assert_close(sweep(*given_), exact, 1e-12)
        assert_close(qr(*given_), exact, 1e-12)
        assert_close(sweep_slope(*given_, weights), slope, 1e-11)
        if orbitals == 1:  # compiling the unrolled form takes long
            assert_close(qr_slope(*given_, weights), slope, 1e-11)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_any_device_agrees(orbitals, data):
    """Near a resonance of width w rounding is multiplied by 1/w in G and by 1/w^2 in its gradient."""
    numbers, settings, weights = (data.draw(s) for s in (some_numbers(orbitals), some_settings(), some_weights()))
    exact, slope = greens_function(numbers, settings), greens_function_slope(numbers, settings, weights)
    assert_close(sweep(numbers, settings), exact, 1e-11)
    assert_close(qr(numbers, settings), exact, 1e-11)
    assert_close(sweep_slope(numbers, settings, weights), slope, 1e-9)


def test_localised_regime():
    """At ln G = -26 the logarithm, and its derivative at every one of 360 sites, still agree."""
    device = load("wire_localised_60x6")
    numbers, settings = device.numbers, device.settings
    interval = simulator(numbers).interval
    exact = greens_function(numbers, settings)
    assert float(jnp.min(jnp.log(exact))) < -26
    # Relative to G itself: the growth of 2e3 between two normalisations, times rounding, times a few.
    np.testing.assert_allclose(qr(numbers, settings), exact, rtol=1e-11)
    score = lambda *given: (jnp.sum((g := by_sweep(*given, interval)) / exact), g)
    found, g = jax.jit(jax.grad(score, argnums=(0, 1), has_aux=True))(numbers, settings)
    np.testing.assert_allclose(g, exact, rtol=1e-11)
    # The 60 layers of the QR form are unrolled: its gradient takes half a minute to compile, and is left out here.
    slope = greens_function_slope(numbers, settings, 1 / exact)
    # Of the energy, the double-precision reference itself knows 1.2e-11 on some processors: see below for it.
    without_energy = lambda given: (given[0], given[1]._replace(energy=jnp.zeros(1)))
    assert_close(without_energy(found), without_energy(slope), 1e-11)
    of_sites, of_energy = slopes_of_log_conductance(numbers.values, np.pi / 2, settings.flux, settings.energy)
    assert_close((found[0].values, found[1].energy), (of_sites.sum(0), of_energy), 1e-11)
