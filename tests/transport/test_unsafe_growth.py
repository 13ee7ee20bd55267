"""Growth between normalisations: what its bound is worth, and that too much of it gives NaN and not a wrong number."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from extended_precision import dense_conductance

import equibacksolve as ebs
from equibacksolve.transport import (
    conductance,
    device,
    growth_per_slice,
    largest_growth,
    layer_matrix,
    scattering,
    transmission_by_qr,
)

LENGTH, WIDTH, WAVENUMBER = 9, 3, 1.3
FLUX, ENERGY = jnp.linspace(0, 0.1, 3), jnp.linspace(-0.9, 0.9, 3)


def lead(dtype=jnp.float64):
    return [mode.astype(dtype) for mode in ebs.WireLead(WAVENUMBER).modes()]


def across(width):
    return jnp.eye(width, k=1) + jnp.eye(width, k=-1)


@pytest.mark.parametrize("reach", [0.3, 2.0, 10.0, 300.0])
@pytest.mark.parametrize("phase", [1.0, -1.0, 1j, np.exp(0.7j)], ids=["hill", "dip", "absorption", "both"])
def test_the_growth_of_a_slice_is_bounded_and_for_a_hill_it_is_the_bound(reach, phase):
    """The largest eigenvalue of eq. 6 on a uniform slice, whose lowest mode has -2 cos(pi / (width + 1)) across."""
    width = 50
    hamiltonian = (across(width) + reach * phase * jnp.eye(width)).astype(complex)
    matrix = layer_matrix(hamiltonian, jnp.asarray(0.0), jnp.ones(width))
    grown, bound = np.abs(np.linalg.eigvals(np.asarray(matrix))).max(), growth_per_slice(reach)
    assert grown <= bound * (1 + 1e-12)
    if abs(phase.imag) == 0:
        # Of the 2 in (reach + 2) / 2, (pi / 51)^2 is missing: less than half a per cent of e^kappa.
        assert grown >= bound * (1 - 5e-3)


def test_the_largest_growth_is_that_of_the_worst_consecutive_slices():
    """A product over slices that each have their own reach, the energies counted in."""
    values = np.zeros((6, 3))
    values[1, 2], values[2, 0], values[4, 1] = 10.0, -30.0, 20.0
    energy = jnp.array([-1.0, 2.0])
    found = largest_growth(jnp.asarray(values)[..., None, None], energy, 2)
    assert float(found.reach) == pytest.approx(32.0)
    assert float(found.over_one) == pytest.approx(np.log(growth_per_slice(32.0)))
    assert float(found.over_interval) == pytest.approx(np.log(growth_per_slice(11.0) * growth_per_slice(32.0)))
    whole = np.log([growth_per_slice(reach) for reach in (2.0, 11.0, 32.0, 2.0, 21.0, 2.0)]).sum()
    assert float(largest_growth(jnp.asarray(values)[..., None, None], energy, 99).over_interval) == pytest.approx(whole)


def test_the_reach_bounds_the_norm_of_any_block():
    """Complex, neither Hermitian nor normal, against the 2-norm; exact for a potential and for absorption alone."""
    rng = np.random.default_rng(0)
    blocks = rng.normal(size=(40, 1, 3, 3)) + 1j * rng.normal(size=(40, 1, 3, 3))
    # Where one row or one column holds all, the sum of the other is what the norm is larger than.
    lone = np.zeros((2, 1, 3, 3), complex)
    lone[0, 0, 0] = lone[1, 0, :, 0] = 5.0
    for block in np.concatenate([blocks, lone])[:, None]:
        reach = float(largest_growth(jnp.asarray(block), jnp.array([0.4]), 1).reach)
        norm = np.linalg.norm(0.4 * np.eye(3) - block[0, 0], 2)
        assert norm <= reach <= 4 * norm
    for value in (7.0, -7.0j):
        reach = largest_growth(jnp.full((1, 1, 1, 1), value), jnp.zeros(1), 1).reach
        assert float(reach) == pytest.approx(7.0)


def landscapes(height):
    """Where high and low sites meet in different ways."""
    rng = np.random.default_rng(int(10 * height))
    low = rng.uniform(-0.5, 0.5, (LENGTH, WIDTH))
    row, rows, block, wall = (np.zeros((LENGTH, WIDTH)) for _ in range(4))
    row[:, 1] = rows[:, ::2] = block[3:7, 1:] = wall[4, :2] = 1
    signs = rng.choice([-1, 0, 0, 1], size=(LENGTH, WIDTH))
    some = rng.random((LENGTH, WIDTH)) < 0.3
    return [low + height * part for part in (row, rows, block, wall, signs, some, np.ones_like(low))]


@functools.cache
def exact(height, number):
    return dense_conductance(landscapes(height)[number], WAVENUMBER, FLUX, ENERGY)


@functools.partial(jax.jit, static_argnames="interval")
def with_jacobian(values, interval):
    given = [setting.astype(values.dtype) for setting in (FLUX, ENERGY)]
    function = lambda v: conductance(device(v[..., None, None], *lead(v.dtype)), *given, interval)
    return function(values), jax.jacrev(function)(values)


@pytest.mark.parametrize("interval", [1, 2, 6])
@pytest.mark.parametrize(
    ("dtype", "of_value", "of_gradient"), [(jnp.float64, 1e-4, 1e-3), (jnp.float32, 0.3, 2.0)], ids=["64", "32"]
)
def test_what_is_no_nan_is_right(interval, dtype, of_value, of_gradient):
    """Against long doubles, inverted densely. On larger samples the worst were 5e-5 and 6e-4 (two intervals of 6 with a
    wall at the limit), in single precision 0.2 and 1.4; typical ones are a hundred times better."""
    told = {True: 0, False: 0}
    for height in np.geomspace(2.0, 2e6, 7):
        for number, values in enumerate(landscapes(height)):
            found, jacobian = with_jacobian(jnp.asarray(values, dtype), interval)
            told[bool(np.isnan(found).any())] += 1
            if np.isnan(found).any():
                assert np.isnan(found).all()
                assert np.isnan(jacobian).all()
                continue
            values, slopes = exact(height, number)
            seen = values > 1e-6
            np.testing.assert_allclose(np.asarray(found)[seen], values[seen], rtol=of_value)
            np.testing.assert_allclose(jacobian, slopes, rtol=0, atol=of_gradient * np.abs(slopes).max() + 1e-12)
    assert min(told.values()) > 3


def test_scattering_and_the_reference_say_so_too():
    blocks = jnp.full((LENGTH, 2, 1, 1), 100.0)
    norm, real, imag, hopping = lead()
    for interval, broken in ((1, False), (6, True)):
        found = scattering(device(blocks, norm, real, imag, hopping), FLUX, ENERGY, interval)
        by_qr = transmission_by_qr(blocks, norm, real + 1j * imag, hopping, FLUX[0], ENERGY[0], interval)
        for matrix in (*found, by_qr):
            assert bool(jnp.isnan(matrix).all()) == broken


def test_one_energy_too_far_is_enough():
    """The growth is that of the farthest energy of a call: as `predict` refuses it, too."""
    given = device(jnp.zeros((LENGTH, 2, 1, 1)), *lead())
    assert np.isfinite(conductance(given, FLUX, ENERGY, 6)).all()
    assert np.isnan(conductance(given, FLUX, ENERGY.at[1].set(80.0), 6)).all()
    assert np.isfinite(conductance(given, FLUX, ENERGY.at[1].set(80.0), 1)).all()
