"""Images, structure factor and what is known of pairs as simulators, and several of them in one cost."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import atoms, imaging
from equibacksolve.inverse import JointObservations, Observations, cost
from equibacksolve.simulators import (
    AbstractJointSimulator,
    MomentumImage,
    RealSpaceImage,
    StructureFactor,
)

BOX, ATOMS = 8.0, 7
HERE = jax.random.uniform(jax.random.key(0), (ATOMS, 2), minval=0.0, maxval=BOX)
THERE = jax.random.uniform(jax.random.key(1), (ATOMS, 2), minval=0.0, maxval=BOX)


def pairs_of(positions, **parts):
    return atoms.Observables(atoms.Structure(positions, atoms.Box([BOX, BOX])), **parts)


def every_part(positions):
    return (
        MomentumImage(positions, 0.6, BOX, 16, periodic=True),
        RealSpaceImage(positions, 0.6, BOX, 16, periodic=True),
        StructureFactor(positions, imaging.box_wavevectors(BOX, 3.0), BOX),
        pairs_of(positions, g=atoms.RealSpaceCurve(np.linspace(0.5, 4.0, 8), width=0.3)),
        pairs_of(positions, apart=atoms.ExcludedDistances(2.0)),
    )


def slope_and_difference(simulator, weights, **settings):
    """The derivative along a random direction of the positions, by AD and by finite differences."""
    direction = jax.random.normal(jax.random.key(3), (ATOMS, 2))
    moved = lambda t: eqx.tree_at(lambda s: s.positions, simulator, simulator.positions + t * direction)
    score = jax.jit(lambda t: jnp.sum(weights * moved(t).predict(**settings)))
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


class ImageAndRadius(AbstractJointSimulator):
    """What an image shows of atoms that keep a distance; the positions stand once."""

    positions: jax.Array = eqx.field(metadata={"smooth": False})
    width: jax.Array
    pairs: atoms.Observables = eqx.field(
        default_factory=lambda: pairs_of(HERE, apart=atoms.ExcludedDistances(2.0)), metadata={"smooth": False}
    )

    def simulators(self):
        image = MomentumImage(self.positions, self.width, BOX, 16, periodic=True)
        return {"image": image, "radius": eqx.tree_at(lambda s: s.positions, self.pairs, self.positions)}


def test_an_image_and_an_excluded_radius_add_up_in_one_cost():
    here, there = (ImageAndRadius(positions, 0.6) for positions in (HERE, THERE))
    sigma = {"image": 0.5, "radius": 0.01}
    sets = {name: Observations(one.predict(), sigma=sigma[name]) for name, one in there.simulators().items()}
    squares = [
        jnp.sum(((one.predict() - sets[name].values) / sigma[name]) ** 2) for name, one in here.simulators().items()
    ]
    together = cost(here, JointObservations(**sets))
    assert float(together) == pytest.approx(float(sum(squares)) / (16 * 16 + ATOMS), rel=1e-12)


def test_the_joint_gradient_is_that_of_finite_differences():
    joint = ImageAndRadius(HERE, 0.6)
    settings = {"image": {}, "radius": {}}
    weights = jax.random.normal(jax.random.key(4), joint.predict(**settings).shape)
    slope, difference = slope_and_difference(joint, weights, **settings)
    assert slope == pytest.approx(difference, rel=1e-6)


def test_bad_input_is_refused():
    empty, nan = jnp.zeros((0, 2)), jnp.array([[1.0, jnp.nan]])
    for positions, message in ((empty, "no atoms"), (nan, "non-finite"), (HERE + BOX, "outside the box")):
        with pytest.raises(ValueError, match=message):
            StructureFactor(positions, jnp.ones((1, 2)), BOX)
    with pytest.raises(ValueError, match="wavevectors has entries that are not finite"):
        StructureFactor(HERE, jnp.array([[1.0, jnp.nan]]), BOX)
