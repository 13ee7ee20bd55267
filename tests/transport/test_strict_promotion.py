"""No silent change of dtype: the sweep runs when JAX refuses to promote, in double and in single precision.

The two reference algorithms multiply complex by real numbers for the sake of the reader, and are left out.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import by_sweep, random_numbers, random_settings, scatter, simulator

import equibacksolve as ebs


@pytest.mark.parametrize("orbitals", [1, 2])
def test_conductance_and_gradient_without_promotion(orbitals):
    numbers, settings = random_numbers(41, orbitals, (3, 2)), random_settings(41, 2)
    score = lambda numbers, settings: jnp.sum(by_sweep(numbers, settings))
    with jax.numpy_dtype_promotion("strict"):
        value, slope = jax.jit(jax.value_and_grad(score, argnums=(0, 1)))(numbers, settings)
    assert value.dtype == jnp.float64
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(slope))


def test_scattering_without_promotion():
    with jax.numpy_dtype_promotion("strict"):
        found = scatter(random_numbers(42, 2, (3, 2)), random_settings(42, 2))
    assert found.transmission.dtype == jnp.complex128


@pytest.mark.parametrize("orbitals", [1, 2])
def test_single_precision_stays_single(orbitals):
    """Asked for by name: 32 bits in, 32 bits out, with settings of any precision, and right to single precision."""
    numbers, settings = random_numbers(43, orbitals), random_settings(43)
    halved = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), numbers)
    model = simulator(halved, single_precision=True)
    assert model.interval in (2, 3)
    with jax.numpy_dtype_promotion("strict"):
        found = eqx.filter_jit(lambda m: m.predict(**settings._asdict()))(model)
    assert found.dtype == jnp.float32
    # Rounding 1e-7, times growth of 6 per slice, times resonances.
    np.testing.assert_allclose(found, by_sweep(numbers, settings), rtol=0, atol=1e-2)


def test_settings_of_single_precision_are_taken_to_the_precision_of_the_sample():
    numbers, settings = random_numbers(44, 1), random_settings(44)
    settings = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), settings)
    model = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(numbers.values)), ebs.WireLead(1.0))
    assert model.predict(**settings._asdict()).dtype == jnp.float64
