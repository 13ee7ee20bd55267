"""The finish: data on the half plane, the Jacobian of a sum of products, and a minimum that is found again."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from structures import true_image, with_atoms

import equibacksolve as ebs
from equibacksolve import imaging
from equibacksolve.phasing._least_squares import _model, fitted
from equibacksolve.phasing._moduli import folded
from equibacksolve.phasing._task import task_of

ATOMS = 20
TRUTH = true_image(ATOMS, 1)
KINDS = {
    "periodic": TRUTH,
    "stamped": true_image(ATOMS, 1, stamp=imaging.stamp_pixels(0.3, 8.34, TRUTH.pixels)),
    "open": ebs.MomentumImage(TRUTH.positions, 0.3, TRUTH.box_length, TRUTH.pixels),
    "odd": ebs.MomentumImage(TRUTH.positions, 0.3, TRUTH.box_length, TRUTH.pixels + 1, periodic=True),
}


def posed(truth, start, sigma=None, mask=None):
    """The task, the problem and the hidden leaves of a search for the atoms of `truth` that begins at `start`."""
    observed = ebs.Observations(values=truth.predict(), sigma=sigma, mask=mask)
    problem, hidden = ebs.inverse.make_problem(start, observed, lambda s: s.positions)
    return task_of(problem, hidden, 0, 0.4), problem, hidden


def shaken(simulator, by, seed=0):
    moved = simulator.positions + by * np.random.default_rng(seed).normal(size=simulator.positions.shape)
    return with_atoms(simulator, moved)


@pytest.mark.parametrize("pixels", [8, 9])
def test_the_half_plane_keeps_chi_squared(pixels):
    """Up to a constant: what the two data of a pair differ by, no symmetric prediction changes."""
    random = np.random.default_rng(pixels)
    weights = random.uniform(0, 2, (pixels, pixels)) * (random.random((pixels, pixels)) < 0.8)
    data = random.normal(size=(pixels, pixels))
    here = folded(data, weights)
    apart = []
    for _ in range(3):
        moduli = np.abs(np.fft.fft2(random.normal(size=(pixels, pixels))))
        half = moduli[:, : pixels // 2 + 1]
        apart.append(np.sum((weights * (moduli - data)) ** 2) - np.sum((here.weights * (half - here.image)) ** 2))
    np.testing.assert_allclose(apart, apart[0], rtol=1e-10)  # rounding


@pytest.mark.parametrize("kind", KINDS)
def test_squares_and_gradient_are_those_of_the_simulator(kind):
    """Against automatic differentiation of the whole simulation, with data that are missing and errors that differ."""
    truth, random = KINDS[kind], np.random.default_rng(0)
    shape = (truth.pixels, truth.pixels)
    sigma, mask = random.uniform(0.5, 2, shape), random.random(shape) < 0.9
    start = shaken(truth, 0.1)
    task, problem, hidden = posed(truth, start, sigma, mask)
    squares, gradient, _ = jax.jit(_model)(start.positions, jnp.ones(2 * ATOMS), task.plain, task.box)
    cost, slope = eqx.filter_jit(jax.value_and_grad(lambda h: problem.cost(h) * problem.observed.count))(hidden)
    # Data without noise are the same at k and -k, but a mask need not be: the constant is zero here.
    assert squares == pytest.approx(float(cost), rel=1e-9)
    np.testing.assert_allclose(2 * gradient.reshape(-1, 2), slope.positions, rtol=1e-7, atol=1e-9 * float(cost))


def test_the_normal_matrix_is_that_of_the_jacobian():
    task, *_ = posed(TRUTH, start := shaken(TRUTH, 0.05))
    free = jnp.ones(2 * ATOMS)
    normal = _model(start.positions, free, task.sharp, task.box)[2]

    def residuals(positions):
        image = imaging.real_space_image(positions, 0.3, TRUTH.box_length, TRUTH.pixels, periodic=True, inside=False)
        modulus = jnp.abs(jnp.fft.rfft2(image))
        return (task.sharp.weights * (modulus - task.sharp.observed)).reshape(-1)

    jacobian = jax.jit(jax.jacfwd(residuals))(start.positions).reshape(-1, 2 * ATOMS)
    expected = jacobian.T @ jacobian
    np.testing.assert_allclose(normal, expected, rtol=1e-7, atol=1e-9 * float(jnp.max(expected)))


@pytest.mark.parametrize("which", ["sharp", "plain"])
def test_least_squares_return_to_the_truth(which):
    start = shaken(TRUTH, 0.03)
    task, *_ = posed(TRUTH, start)
    few = jnp.asarray(40)
    fit = fitted(start.positions, task.free, getattr(task, which), task.box, few, jnp.asarray(1e-10))
    apart = np.asarray(fit.positions - TRUTH.positions)
    assert np.max(np.abs(apart - apart.mean(axis=0))) < 1e-9  # a translation changes nothing; the rest is rounding
    assert fit.decrease < 1e-15


def test_atoms_that_are_held_stay_and_the_others_find_their_place():
    held = np.arange(ATOMS) < 8
    start = with_atoms(TRUTH, np.where(held[:, None], TRUTH.positions, shaken(TRUTH, 0.03).positions))
    task, *_ = posed(TRUTH, start)
    free = jnp.asarray(~held, float)
    fit = fitted(start.positions, free, task.sharp, task.box, jnp.asarray(40), jnp.asarray(1e-10))
    assert np.array_equal(fit.positions[held], TRUTH.positions[held])
    np.testing.assert_allclose(fit.positions, TRUTH.positions, atol=1e-9)
