"""MomentumImage and RealSpaceImage: gradients against an independent dense implementation, and bad input."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging
from equibacksolve.simulators import MomentumImage, RealSpaceImage

BOX, PIXELS, WIDTH, ATOMS = 6.0, 16, 0.4, 5
HERE = jax.random.uniform(jax.random.key(0), (ATOMS, 2), minval=0.5, maxval=BOX - 0.5)
THERE = jax.random.uniform(jax.random.key(1), (ATOMS, 2), minval=0.5, maxval=BOX - 0.5)


def dense_cost_and_gradient(positions, target, images):
    """Mean squared error of eq. 17 and its derivative by hand, in numpy, with an explicit Fourier matrix.

    With F = W r W, q = |F| / (M/2)^2 and e = s - target: d s = L / (q + 1) Re(conj(F) dF) / (|F| (M/2)^2).
    """
    grid = (np.arange(PIXELS) + 0.5) * BOX / PIXELS
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(PIXELS), np.arange(PIXELS)) / PIXELS)
    offsets = BOX * np.arange(-images, images + 1)
    away = grid[:, None, None] - positions.T[:, None, :, None] - offsets  # (axis, pixels, atoms, images)
    gaussian = np.exp(-(away**2) / (2 * WIDTH**2))
    value, slope = gaussian.sum(-1), (away / WIDTH**2 * gaussian).sum(-1)
    transform = fourier @ (value[0] @ value[1].T) @ fourier
    strength = np.abs(transform) / (PIXELS / 2) ** 2
    error = BOX * np.log(strength + 1) - target
    pull = 2 / PIXELS**2 * error * BOX / (strength + 1) * transform.conj() / np.abs(transform) / (PIXELS / 2) ** 2
    gradient = np.empty((ATOMS, 2))
    for atom in range(ATOMS):
        for axis, (x, y) in enumerate([(slope[0], value[1]), (value[0], slope[1])]):
            change = np.outer(fourier @ x[:, atom], y[:, atom] @ fourier)
            gradient[atom, axis] = (pull * change).real.sum()
    return (error**2).mean(), gradient


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("stamp", [None, PIXELS])
def test_cost_and_gradient_are_those_of_the_dense_formula(periodic, stamp):
    truth = MomentumImage(THERE, WIDTH, BOX, PIXELS, periodic, stamp)
    start = MomentumImage(HERE, WIDTH, BOX, PIXELS, periodic, stamp)
    target = truth.predict()
    cost, gradient = eqx.filter_jit(eqx.filter_value_and_grad(lambda s: jnp.mean((s.predict() - target) ** 2)))(start)
    expected = dense_cost_and_gradient(np.asarray(HERE), np.asarray(target), images=1 if periodic else 0)
    # The stamp ends at 7.5 widths, exp(-28) = 6e-13; the rest is rounding.
    assert float(cost) == pytest.approx(expected[0], rel=1e-9)
    np.testing.assert_allclose(gradient.positions, expected[1], rtol=0, atol=1e-9 * np.abs(expected[1]).max())


@pytest.mark.parametrize("kind", [MomentumImage, RealSpaceImage])
@pytest.mark.parametrize("leaf", ["positions", "width", "box_length"])
def test_every_leaf_has_the_slope_of_finite_differences(kind, leaf):
    simulator = kind(HERE, WIDTH, BOX, PIXELS, True)
    weights = jax.random.normal(jax.random.key(2), (PIXELS, PIXELS))
    at = getattr(simulator, leaf)
    direction = jax.random.normal(jax.random.key(3), at.shape)
    moved = lambda t: eqx.tree_at(lambda s: getattr(s, leaf), simulator, at + t * direction)
    score = jax.jit(lambda t: jnp.sum(weights * moved(t).predict()))
    h = 1e-4
    # A central difference of fourth order: error h^4 f5 / 30 against rounding 1e-16 f / h.
    difference = (8 * (score(h) - score(-h)) - (score(2 * h) - score(-2 * h))) / (12 * h)
    assert float(jax.grad(score)(0.0)) == pytest.approx(float(difference), rel=1e-7)


def test_the_images_belong_together():
    momentum = MomentumImage(HERE, WIDTH, BOX, PIXELS).predict()
    assert momentum.shape == (PIXELS, PIXELS)
    real = RealSpaceImage(HERE, WIDTH, BOX, PIXELS).predict()
    np.testing.assert_array_equal(momentum, imaging.momentum_image(real, jnp.asarray(BOX)))


def test_python_numbers_become_arrays():
    simulator = MomentumImage([[1, 2], [3, 4]], 1, 8, 16)
    assert all(leaf.dtype == jnp.zeros(()).dtype and not leaf.weak_type for leaf in jax.tree.leaves(simulator))
    assert len(jax.tree.leaves(simulator)) == 3


def test_two_atoms_on_one_spot_have_a_finite_gradient():
    simulator = MomentumImage(jnp.array([[3.0, 3.0], [3.0, 3.0]]), WIDTH, BOX, PIXELS)
    target = MomentumImage(HERE, WIDTH, BOX, PIXELS).predict()
    gradient = eqx.filter_grad(lambda s: jnp.mean((s.predict() - target) ** 2))(simulator)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("kind", [MomentumImage, RealSpaceImage])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": jnp.zeros((0, 2))}, "no atoms"),
        ({"positions": jnp.array([[1.0, jnp.nan]])}, "non-finite entry"),
        ({"positions": jnp.array([[1.0, jnp.inf]])}, "non-finite entry"),
        ({"positions": jnp.array([[1.0, 1.0], [1.0, 6.5]])}, "1 atoms outside the box .* atom 1"),
        ({"positions": jnp.array([[-0.1, 1.0]])}, "outside the box"),
        ({"width": 0.0}, "width is 0"),
        ({"width": -1.0}, "width is -1"),
        ({"width": float("nan")}, "width is nan"),
        ({"width": 0.1}, "pixels is 16, too few .* give pixels=41 or more"),
        ({"width": 1.1, "periodic": True}, "more than a sixth of the periodic box"),
        ({"box_length": 0.0}, "box_length is 0"),
        ({"pixels": 0}, "pixels is 0"),
        ({"stamp": 2}, "stamp is 2 pixels, but must lie between 11 and 16"),
        ({"stamp": 17}, "stamp is 17 pixels"),
    ],
)
def test_bad_input_is_refused_before_computing(kind, changes, message):
    given = {"positions": HERE, "width": WIDTH, "box_length": BOX, "pixels": PIXELS} | changes
    with pytest.raises(ValueError, match=message):
        kind(**given)


def test_the_needed_pixels_are_enough():
    MomentumImage(HERE, 0.1, BOX, imaging.needed_pixels(0.1, BOX))


def test_a_simulator_can_be_built_inside_jit():
    """The checks need numbers; a traced simulator goes unchecked."""
    image = jax.jit(lambda width: MomentumImage(HERE, width, BOX, PIXELS).predict())(WIDTH)
    np.testing.assert_allclose(image, MomentumImage(HERE, WIDTH, BOX, PIXELS).predict(), rtol=0, atol=1e-13)
