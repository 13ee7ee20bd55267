"""What single changes do: tried one by one where the simulator knows no better."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from toys import DECAYS, HEIGHT, RATE, TIME

import equibacksolve as ebs
from equibacksolve.simulators import knows_changes, predict_perturbed


def test_changes_of_several_leaves_come_one_by_one_in_their_order():
    changes = eqx.tree_at(lambda d: (d.height, d.rate), DECAYS, (jnp.array([0.5, -1.0]), jnp.array([0.0, 3.0])))
    assert not knows_changes(DECAYS, changes)
    found = predict_perturbed(DECAYS, changes, {"time": TIME})
    reading = lambda height, rate: (height * np.exp(-rate * np.asarray(TIME)[:, None])).sum(1)
    expected = [
        reading(HEIGHT + np.array([0.5, 0]), RATE),
        reading(HEIGHT + np.array([0, -1.0]), RATE),
        reading(HEIGHT, RATE),
        reading(HEIGHT, RATE + np.array([0, 3.0])),
    ]
    # Sums of a few numbers of order one.
    np.testing.assert_allclose(found.changed, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.unchanged, reading(HEIGHT, RATE), rtol=0, atol=1e-14)


def test_leaves_that_are_none_are_left_alone_and_images_are_flattened():
    image = ebs.MomentumImage(jnp.array([[0.5, 1.0], [2.0, 1.5]]), 4.0, 4.0, 8)
    changes = eqx.tree_at(
        lambda m: m.positions,
        jax.tree.map(lambda _: None, image),
        jnp.array([[0.1, 0.0], [0.0, -0.2]]),
        is_leaf=lambda leaf: leaf is None,
    )
    found = predict_perturbed(image, changes, {}).changed
    moved = eqx.tree_at(lambda m: m.positions, image, image.positions.at[1, 1].add(-0.2))
    assert found.shape == (4, image.predict().size)
    np.testing.assert_allclose(found[1], image.predict().reshape(-1), rtol=1e-12)
    np.testing.assert_allclose(found[3], moved.predict().reshape(-1), rtol=1e-12)
