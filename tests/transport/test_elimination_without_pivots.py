"""Matrices are inverted without a search for pivots, which a basis of random orientation makes safe.

Where a search would be needed most is on clean samples at the centre of the band: there, matrices in the basis of sites
have leading minors that vanish exactly.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.transport import unitarity_error
from equibacksolve.transport._batched_matrices import Split, divide, random_rotation, rotated


def split(matrices):
    """From (points, rows, columns), complex, to what the sweep works on."""
    moved = np.moveaxis(matrices, 0, -1)
    return Split(jnp.asarray(moved.real), jnp.asarray(moved.imag))


def test_a_matrix_without_a_single_good_pivot_is_inverted():
    """Anti-diagonal matrices: every leading minor but the last is zero."""
    size, phases = 7, np.exp(1j * np.linspace(0, 3, 5))
    bad = phases[:, None, None] * np.eye(size)[::-1]
    (inverse,) = divide([None], rotated(random_rotation(size), split(bad)))
    found = np.moveaxis(np.asarray(inverse.real) + 1j * np.asarray(inverse.imag), -1, 0)
    # (Q^T A)^-1 = A^-1 Q. The smallest pivot of this rotation is 0.03: one or two digits may go.
    np.testing.assert_allclose(found, np.linalg.inv(bad) @ random_rotation(size), atol=1e-13)


def test_digits_are_lost_by_chance_and_few():
    """Of 4000 random matrices the worst inverse keeps ten digits: a chance of 1e-5 for each digit squared."""
    random = np.random.default_rng(0)
    matrices = random.normal(size=(4000, 6, 6)) + 1j * random.normal(size=(4000, 6, 6))
    (inverse,) = divide([None], split(matrices))
    found = np.moveaxis(np.asarray(inverse.real) + 1j * np.asarray(inverse.imag), -1, 0)
    exact = np.linalg.inv(matrices)
    errors = np.abs(found - exact).max((1, 2)) / np.abs(exact).max((1, 2)) / np.linalg.cond(matrices)
    assert np.median(errors) < 1e-15
    assert errors.max() < 1e-10


@pytest.mark.parametrize("width", [2, 5])
def test_clean_samples_at_the_centre_of_the_band_conserve_current(width):
    lead = ebs.WireLead(jnp.pi / 2)
    clean = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(jnp.zeros((14, width)))), lead, interval=5)
    flux = jnp.array([0.0, 0.0, 0.25, 0.5, 0.5, 0.1])
    energy = jnp.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    # Measured 1e-14 to 1e-13; growth of up to 3.7^5 between normalisations allows 1e-12.
    found = eqx.filter_jit(type(clean).scattering)(clean, flux=flux, energy=energy)
    assert float(jnp.max(unitarity_error(found))) < 1e-12
