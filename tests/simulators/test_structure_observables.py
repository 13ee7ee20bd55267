"""Structure factor, pair distances and excluded radius as simulators, and several of them in one cost."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging
from equibacksolve.simulators import (
    ExcludedRadius,
    JointObservables,
    MomentumImage,
    PairDistances,
    RealSpaceImage,
    StructureFactor,
)

BOX, ATOMS = 8.0, 7
HERE = jax.random.uniform(jax.random.key(0), (ATOMS, 2), minval=0.0, maxval=BOX)
THERE = jax.random.uniform(jax.random.key(1), (ATOMS, 2), minval=0.0, maxval=BOX)


def every_part(positions):
    return (
        MomentumImage(positions, 0.6, BOX, 16, periodic=True),
        RealSpaceImage(positions, 0.6, BOX, 16, periodic=True),
        StructureFactor(positions, imaging.box_wavevectors(BOX, 3.0), BOX),
        PairDistances(positions, jnp.linspace(0.5, 4.0, 8), BOX, periodic=True),
        ExcludedRadius(positions, 2.0, BOX, periodic=True),
    )


def slope_and_difference(simulator, weights):
    """The derivative along a random direction of the positions, by AD and by finite differences."""
    direction = jax.random.normal(jax.random.key(3), (ATOMS, 2))
    moved = lambda t: eqx.tree_at(lambda s: s.positions, simulator, simulator.positions + t * direction)
    score = jax.jit(lambda t: jnp.sum(weights * moved(t).predict()))
    h = 1e-5
    return float(jax.grad(score)(0.0)), float((score(h) - score(-h)) / (2 * h))


@pytest.mark.parametrize("index", range(5))
def test_each_gradient_is_that_of_finite_differences(index):
    simulator = every_part(HERE)[index]
    weights = jax.random.normal(jax.random.key(2), simulator.predict().shape)
    slope, difference = slope_and_difference(simulator, weights)
    # Central differences: h^2 = 1e-10 times third derivatives, rounding 1e-16 / h.
    assert slope == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("index", range(5))
def test_each_is_blind_to_a_translation_of_the_box_or_follows_it(index):
    """All but the real-space image know nothing of where the structure lies."""
    shift = jnp.array([2.0, 4.5])  # whole pixels, so that the real-space image rolls
    here, moved = (every_part(atoms)[index].predict() for atoms in (HERE, imaging.wrapped(HERE + shift, BOX)))
    if index == 1:
        moved = jnp.roll(moved, (-4, -9), (0, 1))
    # Aliasing of the image, exp(-(pi M w / L)^2 / 2) = exp(-7) times itself across the zone, moves the momentum image.
    np.testing.assert_allclose(moved, here, rtol=0, atol=1e-10)


def test_the_joint_cost_is_the_weighted_sum_of_the_costs():
    parts, targets = every_part(HERE), [part.predict() for part in every_part(THERE)]
    weights = [1.0, 2.0, 0.5, 3.0, 10.0]
    joint = JointObservables(*parts, weights=weights)
    cost = jnp.mean((joint.predict() - joint.join(*targets)) ** 2)
    expected = sum(
        weight * jnp.mean((part.predict() - target) ** 2) for weight, part, target in zip(weights, parts, targets)
    )
    assert float(cost) == pytest.approx(float(expected), rel=1e-12)


def test_split_undoes_join():
    parts = every_part(HERE)
    joint = JointObservables(*parts, weights=[1.0, 2.0, 0.5, 3.0, 10.0])
    for piece, part in zip(joint.split(joint.predict()), parts):
        np.testing.assert_allclose(piece, part.predict(), rtol=1e-13, atol=1e-13)


def test_the_joint_simulator_holds_the_positions_once():
    joint = JointObservables(*every_part(HERE))
    assert sum(leaf.shape == (ATOMS, 2) for leaf in jax.tree.leaves(joint)) == 1
    moved = eqx.tree_at(lambda s: s.positions, joint, THERE)
    expected = JointObservables(*every_part(THERE)).predict()
    np.testing.assert_array_equal(moved.predict(), expected)


def test_the_joint_gradient_is_that_of_finite_differences():
    joint = JointObservables(*every_part(HERE))
    weights = jax.random.normal(jax.random.key(4), joint.predict().shape)
    slope, difference = slope_and_difference(joint, weights)
    assert slope == pytest.approx(difference, rel=1e-6)


def test_unfit_parts_weights_and_data_are_refused():
    parts = every_part(HERE)
    with pytest.raises(ValueError, match="parts is empty"):
        JointObservables()
    with pytest.raises(ValueError, match="part 1 has others"):
        JointObservables(parts[0], every_part(THERE)[1])
    with pytest.raises(ValueError, match=r"weights has shape \(1,\) for 2 parts"):
        JointObservables(*parts[:2], weights=[1.0])
    with pytest.raises(ValueError, match="must be a positive number"):
        JointObservables(*parts[:2], weights=[1.0, 0.0])
    joint = JointObservables(*parts[:2])
    with pytest.raises(ValueError, match="1 arrays for 2 parts"):
        joint.join(jnp.zeros((16, 16)))
    with pytest.raises(ValueError, match=r"shape \(16, 15\) for part 1, but RealSpaceImage predicts \(16, 16\)"):
        joint.join(jnp.zeros((16, 16)), jnp.zeros((16, 15)))


def test_bad_input_of_each_is_refused():
    empty, nan = jnp.zeros((0, 2)), jnp.array([[1.0, jnp.nan]])
    for positions, message in ((empty, "no atoms"), (nan, "non-finite"), (HERE + BOX, "outside the box")):
        with pytest.raises(ValueError, match=message):
            StructureFactor(positions, jnp.ones((1, 2)), BOX)
        with pytest.raises(ValueError, match=message):
            PairDistances(positions, jnp.array([1.0, 2.0]), BOX)
        with pytest.raises(ValueError, match=message):
            ExcludedRadius(positions, 1.0, BOX)
    with pytest.raises(ValueError, match="wavevectors has entries that are not finite"):
        StructureFactor(HERE, jnp.array([[1.0, jnp.nan]]), BOX)
    with pytest.raises(ValueError, match="half the periodic box"):
        PairDistances(HERE, jnp.array([1.0, 5.0]), BOX, periodic=True)
    with pytest.raises(ValueError, match="closest is 0"):
        ExcludedRadius(HERE, 0.0, BOX)
