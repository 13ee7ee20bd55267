"""What alternating projections cannot do, each refused in one sentence."""

import jax.numpy as jnp
import numpy as np
import pytest
from structures import true_image, without_knowledge

import equibacksolve as ebs
from equibacksolve import phasing
from equibacksolve.phasing import AlternatingProjections
from equibacksolve.simulators import RealSpaceImage

TRUTH = true_image(20, 0)
START, OBSERVED = without_knowledge(TRUTH), ebs.Observations(values=TRUTH.predict())


def search(simulator=START, observed=OBSERVED, where=lambda s: s.positions, method=None, **given):
    return ebs.backsolve(simulator, observed, method or AlternatingProjections(), where=where, progress=False, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parallel": 0}, "parallel is 0"),
        ({"iterations": 0}, "iterations is 0"),
        ({"known": -1}, "known is -1"),
        ({"repairs": -2}, "repairs is -2"),
        ({"relaxation": 1.5}, "relaxation is 1.5"),
        ({"stride": 0.0}, "stride is 0"),
        ({"fall": 1.2}, "fall is 1.2"),
        ({"peaks": 0.5}, "peaks is 0.5"),
        ({"sharpness": -0.1}, "sharpness is -0.1"),
    ],
)
def test_numbers_out_of_range(given, message):
    with pytest.raises(ValueError, match=message):
        AlternatingProjections(**given)


def test_another_simulator():
    image = RealSpaceImage(TRUTH.positions, TRUTH.width, TRUTH.box_length, TRUTH.pixels, periodic=True)
    with pytest.raises(ValueError, match=r"RealSpaceImage.*MomentumImage"):
        search(image, ebs.Observations(values=image.predict()))


def test_other_leaves():
    with pytest.raises(ValueError, match="where selects"):
        search(where=lambda s: s.width)
    with pytest.raises(ValueError, match="where selects"):
        search(where=lambda s: (s.positions, s.width))


def test_bounds_and_priors():
    with pytest.raises(ValueError, match=r"bounds=.*known="):
        search(bounds=(0.0, 10.0))
    with pytest.raises(ValueError, match="prior="):
        search(prior=ebs.KnownMean(1.0, 1.0))


def test_too_few_data():
    with pytest.raises(ValueError, match=r"moduli were measured, too few for 40 coordinates"):
        search(observed=ebs.Observations(values=TRUTH.predict(), mask=np.arange(784).reshape(28, 28) < 30))
    with pytest.raises(ValueError, match="known is 20 of 20"):
        search(method=AlternatingProjections(known=20))


def test_an_image_of_another_shape():
    with pytest.raises(ValueError, match="shape"):
        search(observed=ebs.Observations(values=jnp.ones((7, 7))))


def test_an_image_in_another_unit():
    """exp(s / L) is no longer a number."""
    with pytest.raises(ValueError, match=r"too far for a box_length"):
        search(observed=ebs.Observations(values=TRUTH.predict() * 1e6))


def test_shapes_of_arrays():
    shape = phasing.atom_shape(0.3, 8.0, 26, 20)
    with pytest.raises(TypeError):
        phasing.drawn(jnp.ones((3, 3), jnp.float32), jnp.ones(3, jnp.float32), shape)
    with pytest.raises(TypeError):
        phasing.drawn(jnp.ones((3, 2), jnp.float32), jnp.ones(4, jnp.float32), shape)
