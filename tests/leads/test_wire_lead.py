"""Wire leads (eqs. 9-11): their modes, and the wavenumbers that carry no current."""

from decimal import Decimal
from fractions import Fraction

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pandas
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


@pytest.mark.parametrize("hopping", [0.0, np.nan, np.inf, 5e-324, 1e-160, 1e160])
def test_wires_that_do_not_conduct_are_refused(hopping):
    with pytest.raises(ValueError, match="non-zero, finite hopping"):
        ebs.WireLead(1.0, hopping)


@pytest.mark.parametrize("hopping", [1e-3, -1e-6, 1e-8, -1e-30, 1e-100, 1e100, np.float32(1e-12)])
def test_a_contact_may_be_as_weak_as_it_likes(hopping):
    """The modes carry unit current still, and the self-energy is t times that of t = 1."""
    modes = ebs.WireLead(1.1, hopping).modes()
    unit = ebs.WireLead(1.1, float(np.sign(hopping))).modes()
    tolerance = 8 * np.finfo(modes.norm.dtype).eps  # a few roundings of that precision
    assert 2 * modes.norm[0] ** 2 * modes.phase_imag[0] == pytest.approx(1, rel=tolerance)
    for part in ("phase_real", "phase_imag"):
        assert float(getattr(modes, part)[0] / abs(hopping)) == pytest.approx(
            float(getattr(unit, part)[0]), rel=tolerance
        )


def breit_wigner(hopping, wavenumber, distance):
    """One site between two wires: G = (2 t sin k)^2 / |E - v + 2 t e^{ik}|^2."""
    return (2 * hopping * np.sin(wavenumber)) ** 2 / abs(distance + 2 * hopping * np.exp(1j * wavenumber)) ** 2


@pytest.mark.parametrize("hopping", [1e-2, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("distance", [0.0, 0.3, -0.7])
def test_one_site_behind_weak_contacts_is_a_narrow_resonance(hopping, distance):
    """On the resonance, and far from it, where G goes as t^2."""
    site = ebs.SquareLattice(ebs.Potential([[0.2]]))
    device = ebs.Magnetoconductance(site, ebs.WireLead(1.1, hopping))
    found = device.predict(flux=jnp.zeros(1), energy=jnp.array([0.2 + distance]))
    # The elimination subtracts 1 from a pivot of 1 / t: it loses the digits of that.
    assert float(found[0]) == pytest.approx(breit_wigner(hopping, 1.1, distance), rel=1e-14 + 1e-15 / hopping)


@pytest.mark.parametrize("wavenumber", [1e-3, np.pi - 1e-4, 1e-5])
def test_slow_modes_are_judged_by_sin_k_alone(wavenumber):
    for hopping in (1e-9, 1.0, 1e9):
        assert np.isfinite(float(ebs.WireLead(wavenumber, hopping).modes().norm[0]))
    with pytest.raises(ValueError, match="carries no current"):
        ebs.WireLead(np.pi, 1e12)  # whose t sin k is 1e-4


@pytest.mark.parametrize(
    "given",
    [
        [0.5, 0.25],
        np.array([0.5, 0.25], ">f8"),
        np.ma.masked_array([0.5, 0.25]),
        pandas.Series([0.5, 0.25]),
        [Fraction(1, 2), Decimal("0.25")],
    ],
    ids=lambda given: type(given).__name__,
)
def test_wavenumbers_are_whatever_is_like_an_array(given):
    lead = ebs.WireLead(given, Fraction(3, 2))
    np.testing.assert_array_equal(lead.wavenumber, [0.5, 0.25])
    assert float(lead.hopping) == 1.5


@pytest.mark.parametrize(
    ("wavenumber", "hopping", "told"),
    [
        ("pi", 1.0, "WireLead.wavenumber must be an array of numbers, but got text"),
        ([1.0, [2.0]], 1.0, "WireLead.wavenumber must be .* rows of unequal shapes"),
        (1.0, "1", "WireLead.hopping must be an array of numbers, but got text"),
        (1.0, None, "WireLead.hopping must be an array of numbers, but got None"),
        (1.0, [1.0, 2.0], r"WireLead.hopping must be a Float array of shape \(\)"),
        (True, 1.0, "WireLead.wavenumber must be a Float array .* bool"),
    ],
)
def test_what_is_no_wire_gets_one_sentence(wavenumber, hopping, told):
    with pytest.raises(TypeError, match=told) as raised:
        ebs.WireLead(wavenumber, hopping)
    assert "\n" not in str(raised.value)


def test_a_masked_wavenumber_is_refused():
    with pytest.raises(ValueError, match="carries no current"):
        ebs.WireLead(np.ma.masked_array([0.5, 1e37], [False, True]))


def test_a_matrix_of_wavenumbers_is_refused():
    with pytest.raises(TypeError, match=r"WireLead.wavenumber must be .* \(orbitals\)"):
        ebs.WireLead(np.ones((2, 2)))


def test_a_traced_wavenumber_is_not_checked():
    """Inside `jax.jit` the numbers are unknown; the derivative with respect to k is what it should be."""
    norm = jax.jit(jax.grad(lambda k: ebs.WireLead(k, 1.0).modes().norm[0]))(1.0)
    assert float(norm) == pytest.approx(-0.5 * (2 * np.sin(1.0)) ** -1.5 * 2 * np.cos(1.0), rel=1e-12)
