"""Law 9: derivatives agree with finite differences, in every mode, and stay finite where eigenvalues are degenerate."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import SHAPE, by_sweep, random_numbers, random_settings, simulator, sweep_slope

SMALL, FEW = (3, 3), 4


@jax.jit
def weighted(numbers, settings, weights):
    return jnp.sum(weights * by_sweep(numbers, settings))


@jax.jit
def products_and_jacobians(numbers, settings, direction, weights):
    """Both products with the Jacobian, and the Jacobian itself in either mode."""
    function = lambda numbers: by_sweep(numbers, settings)
    forward = jax.jvp(function, (numbers,), (direction,))[1]
    backward = jax.vjp(function, numbers)[1](weights)[0]
    return forward, backward, jax.jacfwd(function)(numbers), jax.jacrev(function)(numbers)


def random_direction(tree, seed):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), tree)


def inner(a, b):
    return float(sum(jnp.vdot(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)))


@pytest.mark.parametrize(("orbitals", "shape"), [(1, SHAPE), (2, SHAPE), (1, SMALL)])
def test_every_leaf_and_setting_against_central_differences(orbitals, shape):
    """One random direction per leaf: the potential, angles, coupling, wavenumbers, lead hopping, flux and energy.

    Sums over an odd number of columns are made in another way.
    """
    given = random_numbers(11, orbitals, shape), random_settings(11)
    weights = jnp.asarray(np.random.default_rng(12).normal(size=12))
    slopes = jax.tree.leaves(sweep_slope(*given, weights))
    leaves, tree = jax.tree.flatten(given)
    for index, leaf in enumerate(leaves):
        direction, h = random_direction(leaf, index), 1e-5
        moved = lambda t: jax.tree.unflatten(tree, [*leaves[:index], leaf + t * direction, *leaves[index + 1 :]])
        difference = (weighted(*moved(h), weights) - weighted(*moved(-h), weights)) / (2 * h)
        # h^2 = 1e-10 times third derivatives of up to 1e3 (flux: 2 pi x enters cubed), and rounding of 1e-14 / h.
        np.testing.assert_allclose(jnp.vdot(slopes[index], direction), difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("orbitals", [1, 2])
def test_forward_and_reverse_mode_agree(orbitals):
    numbers, settings = random_numbers(13, orbitals, SMALL), random_settings(13, FEW)
    direction, weights = random_direction(numbers, 14), jnp.asarray(np.random.default_rng(15).normal(size=FEW))
    forward, backward, by_columns, by_rows = products_and_jacobians(numbers, settings, direction, weights)
    # One Jacobian, multiplied from either side: rounding only.
    assert float(jnp.vdot(weights, forward)) == pytest.approx(inner(backward, direction), rel=1e-12)
    for a, b in zip(by_columns, by_rows, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    along = sum(jnp.tensordot(matrix, moved, axes=moved.ndim) for matrix, moved in zip(by_rows, direction, strict=True))
    np.testing.assert_allclose(along, forward, rtol=0, atol=1e-11)


def test_each_datum_depends_on_its_own_setting_only():
    numbers, settings = random_numbers(16, 1, SMALL), random_settings(16, FEW)
    for jacobian in jax.jit(jax.jacrev(by_sweep, argnums=1))(numbers, settings):
        assert np.all(np.diag(jacobian) != 0)
        np.testing.assert_array_equal(jacobian, np.diag(np.diag(jacobian)))


@pytest.mark.parametrize("orbitals", [1, 2])
def test_derivatives_of_a_clean_sample_are_finite(orbitals):
    """Without disorder, flux and field every eigenvalue of every slice is degenerate with that of the next one."""
    numbers, settings = random_numbers(17, orbitals), random_settings(17)
    numbers = numbers._replace(
        values=0 * numbers.values,
        angle=0 * numbers.angle,
        coupling=jnp.asarray(0.0),
        wavenumber=jnp.full(orbitals, np.pi / 2),
        hopping=jnp.asarray(1.0),
    )
    settings = settings._replace(flux=0 * settings.flux, energy=0 * settings.energy)
    for leaf in jax.tree.leaves(sweep_slope(numbers, settings, jnp.ones(12))):
        assert np.all(np.isfinite(leaf))


def test_a_batch_of_potentials_by_vmap():
    numbers, settings, ones = random_numbers(18, 1), random_settings(18), jnp.ones(12)
    batch = jnp.stack([random_numbers(seed, 1).values for seed in (18, 19)])
    score = lambda values: weighted(numbers._replace(values=values), settings, ones)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(score)))(batch)
    np.testing.assert_allclose(values, [score(one) for one in batch], rtol=1e-13)
    one_by_one = [sweep_slope(numbers._replace(values=one), settings, ones)[0].values for one in batch]
    np.testing.assert_allclose(slopes, one_by_one, rtol=0, atol=1e-11)


def test_hessian_against_differences_of_the_gradient():
    """Second derivatives of a cost with respect to a 3 x 3 potential, also through two normalisations of the waves."""
    numbers, settings = random_numbers(21, 1, SMALL), random_settings(21, FEW)
    target = jnp.asarray(np.random.default_rng(22).uniform(0, 3, FEW))
    cost = lambda values: jnp.mean((by_sweep(numbers._replace(values=values), settings, interval=1) - target) ** 2)
    # `jax.hessian` with the gradient beside it, so that only one program is compiled.
    slope_and_hessian = jax.jit(jax.jacfwd(lambda values: (jax.grad(cost)(values),) * 2, has_aux=True))
    slope = lambda values: slope_and_hessian(values)[1]
    hessian, _ = slope_and_hessian(numbers.values)
    np.testing.assert_allclose(hessian, jnp.transpose(hessian, (2, 3, 0, 1)), rtol=0, atol=1e-12)
    direction, h = random_direction(numbers.values, 23), 1e-5
    difference = (slope(numbers.values + h * direction) - slope(numbers.values - h * direction)) / (2 * h)
    # h^2 = 1e-10 times fourth derivatives, and the gradient's rounding of 1e-14 / h.
    np.testing.assert_allclose(jnp.tensordot(hessian, direction, 2), difference, rtol=0, atol=1e-7)


def test_gradients_of_a_simulator_are_a_simulator():
    """`eqx.filter_grad` of a cost: one leaf for each leaf, of the same shape."""
    numbers, settings = random_numbers(25, 2), random_settings(25)
    model = simulator(numbers)
    slope = eqx.filter_jit(eqx.filter_grad(lambda model: jnp.sum(model.predict(**settings._asdict()))))(model)
    assert jax.tree.structure(slope) == jax.tree.structure(model)
    expected = sweep_slope(numbers, settings, jnp.ones(12))[0]
    potential, exchange = slope.sample.onsite.terms
    found = (potential.values, exchange.angle, exchange.coupling, slope.lead.wavenumber, slope.lead.hopping)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)
