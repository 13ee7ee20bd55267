"""Wire leads (eqs. 9-11): their modes, and the wavenumbers that carry no current."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

import equibacksolve as ebs
from equibacksolve.transport import wire_self_energy

WAVENUMBERS = st.floats(-7, 7).filter(lambda k: abs(np.sin(k)) > 0.05)
HOPPINGS = st.floats(0.2, 3).flatmap(lambda t: st.sampled_from([t, -t]))


@given(wavenumber=WAVENUMBERS, hopping=HOPPINGS)
def test_the_mode_goes_left_with_unit_current(wavenumber, hopping):
    """|norm|^2 2 Im(t e^{-ik}) = 1 whatever the signs: t sin k < 0 is chosen for the left-going mode."""
    modes = ebs.WireLead(wavenumber, hopping).modes()
    phase = complex(modes.phase_real[0], modes.phase_imag[0])
    assert 2 * float(modes.norm[0]) ** 2 * phase.imag == pytest.approx(1, rel=1e-12)
    assert abs(phase) == pytest.approx(abs(hopping), rel=1e-12)
    assert phase.real == pytest.approx(hopping * np.cos(wavenumber), rel=1e-12, abs=1e-12)


@given(wavenumber=WAVENUMBERS, hopping=HOPPINGS)
def test_the_self_energy_is_that_of_a_half_infinite_wire(wavenumber, hopping):
    """Adding one more site changes nothing: Sigma = t^2 / (-2 t cos k - Sigma), and electrons leave, Im Sigma < 0."""
    modes = ebs.WireLead(wavenumber, hopping).modes()
    sigma = complex(wire_self_energy(modes.phase_real + 1j * modes.phase_imag)[0])
    # E - onsite of the wire is -2 t cos k at every energy.
    again = hopping**2 / (-2 * hopping * np.cos(wavenumber) - sigma)
    assert again == pytest.approx(sigma, rel=1e-9)
    assert sigma.imag < 0


def test_a_number_is_one_orbital():
    assert ebs.WireLead(1).orbitals == 1
    assert ebs.WireLead([0.5, 0.25]).orbitals == 2


def test_integers_become_trainable_floats():
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(ebs.WireLead(1, 2)))


@pytest.mark.parametrize("wavenumber", [0, np.pi, -np.pi, 2 * np.pi, [0.5, 0.0], np.nan, np.inf])
def test_modes_without_current_are_refused(wavenumber):
    with pytest.raises(ValueError, match="carries no current; choose k strictly between 0 and pi"):
        ebs.WireLead(wavenumber)


@pytest.mark.parametrize("hopping", [0.0, np.nan, np.inf])
def test_wires_that_do_not_conduct_are_refused(hopping):
    with pytest.raises(ValueError, match="non-zero, finite hopping"):
        ebs.WireLead(1.0, hopping)


def test_a_matrix_of_wavenumbers_is_refused():
    with pytest.raises(TypeError, match=r"WireLead.wavenumber must be .* \(orbitals\)"):
        ebs.WireLead(np.ones((2, 2)))


def test_a_traced_wavenumber_is_not_checked():
    """Inside `jax.jit` the numbers are unknown; the derivative with respect to k is what it should be."""
    norm = jax.jit(jax.grad(lambda k: ebs.WireLead(k, 1.0).modes().norm[0]))(1.0)
    assert float(norm) == pytest.approx(-0.5 * (2 * np.sin(1.0)) ** -1.5 * 2 * np.cos(1.0), rel=1e-12)
