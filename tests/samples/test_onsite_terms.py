"""Onsite terms (eqs. 14, 15), their sums, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from strategies import arrays

import equibacksolve as ebs

SIGMA_X, SIGMA_Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
MAP = np.arange(6.0).reshape(3, 2)


def test_a_potential_is_its_values():
    potential = ebs.Potential(MAP)
    assert (potential.shape, potential.orbitals) == ((3, 2), 1)
    np.testing.assert_array_equal(potential.blocks()[:, :, 0, 0], MAP)


@given(angle=arrays((3, 2), -4, 4), coupling=arrays((), -2, 2))
def test_the_exchange_field_is_eq_15(angle, coupling):
    blocks = ebs.ExchangeField(angle, coupling).blocks()
    for x, y in np.ndindex(3, 2):
        expected = coupling * (SIGMA_Z * np.cos(angle[x, y]) + SIGMA_X * np.sin(angle[x, y]))
        np.testing.assert_allclose(blocks[x, y], expected, rtol=0, atol=1e-15)


def test_integers_and_lists_become_trainable_floats():
    assert ebs.Potential([[1, 2], [3, 4]]).values.dtype == jnp.float64
    assert ebs.ExchangeField(np.zeros((2, 2), int), 1).coupling.dtype == jnp.float64


def test_a_potential_keeps_its_precision():
    assert ebs.Potential(jnp.zeros((2, 2), jnp.float32)).values.dtype == jnp.float32


def test_a_sum_acts_on_every_orbital():
    total = ebs.Potential(MAP) + ebs.ExchangeField(np.full((3, 2), np.pi / 2), 0.5)
    assert (total.shape, total.orbitals) == ((3, 2), 2)
    expected = MAP[:, :, None, None] * np.eye(2) + 0.5 * SIGMA_X
    np.testing.assert_allclose(total.blocks(), expected, rtol=0, atol=1e-15)


def test_the_order_and_nesting_of_a_sum_do_not_matter():
    a, b, c = ebs.Potential(MAP), ebs.ExchangeField(MAP, 0.3), ebs.Potential(-2 * MAP)
    for other in (c + b + a, a + (b + c), (b + a) + c):
        np.testing.assert_allclose((a + b + c).blocks(), other.blocks(), rtol=0, atol=1e-14)


def test_a_sum_of_potentials_stays_spinless():
    assert (ebs.Potential(MAP) + ebs.Potential(MAP)).orbitals == 1


def test_every_term_of_a_sum_is_a_leaf_of_its_own():
    assert len(jax.tree.leaves(ebs.Potential(MAP) + ebs.ExchangeField(MAP, 0.3))) == 3


def test_the_lattice_takes_its_size_from_the_onsite_term():
    lattice = ebs.SquareLattice(ebs.Potential(MAP))
    assert (lattice.length, lattice.width) == (3, 2)


@pytest.mark.parametrize("values", [np.ones(3), np.ones((2, 2, 1)), 1.0], ids=["line", "cube", "number"])
def test_wrong_shapes_are_refused(values):
    with pytest.raises(TypeError, match=r"Potential.values must be .* \(length, width\)"):
        ebs.Potential(values)
    with pytest.raises(TypeError, match=r"ExchangeField.angle must be .* \(length, width\)"):
        ebs.ExchangeField(values, 0.5)


def test_one_coupling_per_site_is_refused():
    with pytest.raises(TypeError, match=r"ExchangeField.coupling must be .* shape \(\)"):
        ebs.ExchangeField(MAP, MAP)


@pytest.mark.parametrize("values", [MAP + 1j, MAP > 2], ids=["complex", "boolean"])
def test_numbers_of_another_kind_are_refused(values):
    """Above all, no imaginary part is dropped in silence."""
    with pytest.raises(TypeError, match=r"Potential.values must be a Float array"):
        ebs.Potential(values)


def test_terms_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"must agree in sites and orbitals, got Potential of \(3, 2\) sites"):
        ebs.Potential(MAP) + ebs.Potential(MAP.T)


def test_an_empty_sum_is_refused():
    with pytest.raises(ValueError, match="must agree"):
        ebs.samples.OnsiteSum(())


def test_adding_a_number_is_refused():
    with pytest.raises(TypeError, match="unsupported operand"):
        ebs.Potential(MAP) + 1.0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_sample_without_sites_is_refused(shape):
    with pytest.raises(ValueError, match="at least one site"):
        ebs.SquareLattice(ebs.Potential(np.zeros(shape)))
