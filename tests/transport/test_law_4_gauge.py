"""Law 4: where x = 0 lies does not matter, nor does a whole flux quantum per plaquette."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import onsite, simulator, sweep
from hypothesis import given
from strategies import arrays, some_numbers, some_settings

from equibacksolve.transport import layer_matrix, leftgoing_vectors, slice_hamiltonian


@jax.jit
def with_another_origin(numbers, settings, shift):
    """Eqs. 6 and 8 without stabilisation (five slices need none), with x + shift in the Peierls phase."""
    modes = simulator(numbers).lead.modes()
    length, width = numbers.values.shape
    v, u = leftgoing_vectors(modes.norm, modes.phase_real + 1j * modes.phase_imag, width)
    inside = jnp.ones(v.shape[1])

    def conductance(flux, energy):
        states = v
        for x, blocks in enumerate(onsite(numbers).blocks(), start=1):
            out = jnp.tile(modes.hopping, width) if x == length else inside
            states = layer_matrix(slice_hamiltonian(blocks, flux * (x + shift)), energy, out) @ states
        return jnp.sum(jnp.abs(jnp.linalg.inv(u @ states)) ** 2)

    return jax.vmap(conductance)(*settings)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_the_origin_of_the_peierls_phase_is_free(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    shift = data.draw(arrays((), -20, 20))
    # Without stabilisation, growth of 14 a slice over five slices costs six of the sixteen digits at worst.
    moved = with_another_origin(numbers, settings, shift)
    np.testing.assert_allclose(sweep(numbers, settings), moved, rtol=0, atol=1e-9)


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_a_flux_quantum_per_plaquette_is_no_flux(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    more = settings._replace(flux=settings.flux + 1)
    # 2 pi (flux + 1) x is rounded at 30 radians, and resonances multiply it.
    np.testing.assert_allclose(sweep(numbers, settings), sweep(numbers, more), rtol=0, atol=1e-10)
