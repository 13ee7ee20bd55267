"""Law 1: the lead modes carry unit current, and every layer conserves it."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import SHAPE, onsite, simulator
from hypothesis import given
from strategies import arrays, some_numbers

from equibacksolve.transport import layer_matrix, leftgoing_vectors, slice_hamiltonian


@jax.jit
def mode_products(numbers):
    """U†V of the left-going modes, and the current V† S V that they carry."""
    modes = simulator(numbers).lead.modes()
    width = SHAPE[1]
    v, u = leftgoing_vectors(modes.norm, modes.phase_real + 1j * modes.phase_imag, width)
    return u @ v, v.conj().T @ current_form(v.shape[1]) @ v


@jax.jit
def current_of_layer(numbers, flux, energy, hopping):
    """T† S T of the third slice, with a hopping of its own to the next one."""
    hamiltonian = slice_hamiltonian(onsite(numbers).blocks()[2], 3 * flux)
    t = layer_matrix(hamiltonian, energy, hopping * jnp.ones(hamiltonian.shape[0]))
    return t.conj().T @ current_form(hamiltonian.shape[0]) @ t


def current_form(modes):
    return jnp.kron(jnp.array([[0, -1j], [1j, 0]]), jnp.eye(modes))


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_dual_vectors_pick_their_own_mode(orbitals, data):
    overlap, _ = mode_products(data.draw(some_numbers(orbitals)))
    # A few roundings of numbers of order one.
    np.testing.assert_allclose(overlap, np.eye(SHAPE[1] * orbitals), rtol=0, atol=1e-14)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_leftgoing_modes_carry_one_unit_of_current_to_the_left(orbitals, data):
    _, current = mode_products(data.draw(some_numbers(orbitals)))
    np.testing.assert_allclose(current, -np.eye(SHAPE[1] * orbitals), rtol=0, atol=1e-14)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_every_layer_conserves_the_current(orbitals, data):
    numbers = data.draw(some_numbers(orbitals))
    flux, energy, hopping = (data.draw(arrays((), low, high)) for low, high in ((-0.5, 0.5), (-2, 2), (0.5, 2)))
    kept = current_of_layer(numbers, flux, energy, hopping)
    # T is as large as 10, its square enters.
    np.testing.assert_allclose(kept, current_form(SHAPE[1] * orbitals), rtol=0, atol=1e-13)
