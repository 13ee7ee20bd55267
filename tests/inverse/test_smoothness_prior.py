"""Smoothness around a centre: Parseval's theorem, the cosine that it scales, periods, leaves that it leaves alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.inverse._cosines import smooth_draw, stiffness
from equibacksolve.inverse._leaves import LeafKind, center_of_leaves, hidden_leaves, kinds_of_leaves

PLAIN, ANGLE, ROUGH = LeafKind(None, True), LeafKind(2 * np.pi, True), LeafKind(None, False)
LEAF = jax.random.normal(jax.random.key(0), (4, 3))


def appended(leaves, centers, kinds, height=0.7, length=0.0) -> np.ndarray:
    """What the prior appends to the residuals."""
    return np.concatenate(ebs.Smoothness(length, height, centers).residuals(leaves, tuple(kinds)))


@pytest.mark.parametrize("shape", [(4, 3), (5,), (2, 3, 2)])
def test_without_a_length_it_is_the_norm_of_the_deviation(shape):
    leaf = jax.random.normal(jax.random.key(1), shape)
    found = np.sum(appended([leaf], [jnp.full(shape, 0.2)], [PLAIN]) ** 2)
    # Parseval; rounding only.
    assert found == pytest.approx(0.7**-2 * np.sum((np.asarray(leaf) - 0.2) ** 2), rel=1e-13)


def test_a_cosine_weighs_one_plus_length_k_squared():
    n, m, length = 6, 2, 1.5
    wave = jnp.cos(np.pi * m * (jnp.arange(n) + 0.5) / n)
    found = np.sum(appended([wave], [jnp.zeros(n)], [PLAIN], length=length) ** 2)
    weight = (1 + (length * np.pi * m / n) ** 2) ** 2
    assert found == pytest.approx(0.7**-2 * weight * n / 2, rel=1e-13)  # |cosine|^2 = n / 2; rounding


def test_a_constant_away_from_the_center_costs_the_same_at_every_length():
    for length in (0.0, 1.0, 5.0):
        found = np.sum(appended([jnp.full((4, 3), 0.5)], [jnp.zeros((4, 3))], [PLAIN], length=length) ** 2)
        assert found == pytest.approx(0.7**-2 * 12 * 0.25, rel=1e-13)


def test_an_angle_and_itself_a_turn_further_are_the_same():
    center = jnp.full((4, 3), 1.1)
    turns = 2 * jnp.pi * jax.random.randint(jax.random.key(2), (4, 3), -3, 4)
    here = appended([LEAF], [center], [ANGLE], length=1.0)
    there = appended([LEAF + turns], [center - 2 * jnp.pi], [ANGLE], length=1.0)
    np.testing.assert_allclose(there, here, atol=1e-13)  # rounding of angles of up to 20
    assert np.abs(appended([center + 2 * jnp.pi], [center], [ANGLE])).max() < 1e-13


def test_leaves_that_are_not_smooth_are_skipped():
    assert appended([LEAF], [LEAF], [ROUGH]).size == 0
    assert appended([LEAF, LEAF], [LEAF, LEAF], [ROUGH, PLAIN]).size == LEAF.size


class Declared(ebs.AbstractSimulator):
    plain: Array
    angle: Array = eqx.field(metadata={"period": 2.0})
    atoms: Array = eqx.field(metadata={"smooth": False})
    number: Array
    several: dict
    inner: tuple

    def predict(self):
        return self.plain


def test_fields_declare_what_their_leaves_are():
    sample = ebs.SquareLattice(ebs.ExchangeField(jnp.ones((2, 2)), jnp.array(0.5)))
    simulator = Declared(*(jnp.ones(3),) * 3, jnp.array(1.0), {"a": jnp.ones(2)}, (sample, jnp.ones(2)))
    hidden = eqx.filter(simulator, hidden_leaves(simulator, lambda s: s))
    kinds = kinds_of_leaves(hidden)
    scalar = LeafKind(None, False)
    angle = LeafKind(pytest.approx(2 * np.pi), True, unit="rad", picture="magnetization")
    coupling = LeafKind(None, False, unit="hopping")
    vector = LeafKind(None, True, True)  # its entries may be coefficients of different units
    assert kinds == (vector, LeafKind(2.0, True, True), ROUGH, scalar, vector, angle, coupling, vector)
    assert [kind.is_map for kind in kinds] == [kind is kinds[5] for kind in kinds]


def test_the_center_of_angles_is_their_circular_mean():
    angles = jnp.array([2 * jnp.pi - 0.1, 0.1, 0.3])
    [center] = center_of_leaves([angles], (ANGLE,))
    shift = lambda a: (np.asarray(a) + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(shift(center), 0.1, atol=1e-14)  # symmetric about 0.1; rounding
    [mean] = center_of_leaves([LEAF], (PLAIN,))
    np.testing.assert_allclose(mean, np.full((4, 3), np.mean(LEAF)), rtol=1e-14)


def test_drawn_landscapes_have_the_square_of_the_spectrum_of_the_prior():
    shape, number = (4, 3), 4000
    factors = np.asarray(stiffness(shape, jnp.asarray(1.5), jnp.zeros(()).dtype)) ** 2
    keys = jax.random.split(jax.random.key(5), number)
    draws = np.asarray(jax.vmap(lambda k: smooth_draw(k, shape, jnp.asarray(1.5)))(keys))
    np.testing.assert_allclose(np.mean(draws**2, axis=(1, 2)), 1, rtol=1e-12)  # by construction; rounding
    white = (scipy.fft.dctn(draws, axes=(1, 2), norm="ortho") * factors).reshape(number, -1)
    # White up to the scale of each draw, which its waves share: of any two, each is the taller in half of the draws.
    taller = np.mean(np.abs(white[:, :, None]) > np.abs(white[:, None]), axis=0)
    five_deviations = 5 * 0.5 / number**0.5
    np.testing.assert_allclose(taller[~np.eye(factors.size, dtype=bool)], 0.5, atol=five_deviations)
    np.testing.assert_allclose(np.mean(white > 0, axis=0), 0.5, atol=five_deviations)
