"""AbstractSimulator: one method is written, the other follows, and the Jacobian of a batch of readings is cheap."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs


class Oscillation(ebs.AbstractSimulator):
    """A damped oscillation, one reading at a time; an integer leaf and a setting that is not a leaf."""

    amplitude: jax.Array
    rate: jax.Array
    periods: jax.Array
    offset: float = eqx.field(static=True, default=0.25)

    def observe(self, *, time):
        wave = jnp.sum(self.amplitude * jnp.cos(self.periods * time))
        return wave * jnp.exp(-self.rate * time) + self.offset


class Spectrum(ebs.AbstractSimulator):
    """All readings share one Fourier transform."""

    signal: jax.Array

    def predict(self, *, index):
        return jnp.abs(jnp.fft.fft(self.signal))[index.astype(int)]


def oscillation():
    return Oscillation(jnp.array([1.0, -0.5, 0.3]), jnp.asarray(0.7), jnp.array([1, 2, 5]))


def by_hand(model, time):
    """The same without any of our machinery."""
    return jax.vmap(lambda t: model.observe(time=t))(time)


@pytest.mark.parametrize("points", [1, 7, 256, 257, 600])
def test_the_batch_is_the_readings_one_by_one(points):
    """600 points are three chunks of 256, the last one filled up."""
    time = jnp.linspace(0, 3, points)
    np.testing.assert_allclose(oscillation().predict(time=time), by_hand(oscillation(), time), rtol=1e-14)


@pytest.mark.parametrize("points", [1, 7, 600])
@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev])
def test_the_jacobian_of_the_batch_is_that_of_the_readings(mode, points):
    time = jnp.linspace(0, 3, points)
    trained, fixed = eqx.partition(oscillation(), eqx.is_inexact_array)
    jacobian = lambda f: jax.jit(mode(lambda trained: f(eqx.combine(trained, fixed))))(trained)
    found, expected = jacobian(lambda m: m.predict(time=time)), jacobian(lambda m: by_hand(m, time))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)


def test_derivatives_with_respect_to_the_setting():
    time = jnp.linspace(0, 3, 7)
    found = jax.jacfwd(lambda time: oscillation().predict(time=time))(time)
    np.testing.assert_allclose(found, jax.jacfwd(lambda time: by_hand(oscillation(), time))(time), atol=1e-14)


@pytest.mark.parametrize("points", [7, 300])
def test_second_derivatives(points):
    time = jnp.linspace(0, 3, points)
    with_rate = lambda rate: eqx.tree_at(lambda m: m.rate, oscillation(), rate)
    found = jax.hessian(lambda rate: jnp.sum(with_rate(rate).predict(time=time) ** 2))(0.7)
    expected = jax.hessian(lambda rate: jnp.sum(by_hand(with_rate(rate), time) ** 2))(0.7)
    assert float(found) == pytest.approx(float(expected), rel=1e-12)


def test_gradients_skip_integers_and_settings():
    slope = eqx.filter_grad(lambda m: jnp.sum(m.predict(time=jnp.linspace(0, 3, 7))))(oscillation())
    assert slope.periods is None
    assert slope.amplitude.shape == (3,)


def test_complex_leaves_and_keys_are_carried():
    class Interference(ebs.AbstractSimulator):
        amplitudes: jax.Array
        key: jax.Array

        def observe(self, *, angle):
            return jnp.abs(self.amplitudes[0] + jnp.exp(1j * angle) * self.amplitudes[1]) ** 2

    model = Interference(jnp.array([1 + 1j, 2 - 0.5j]), jax.random.key(0))
    direction, angle = jnp.array([0.3j, 1 - 1j]), jnp.linspace(0, 3, 5)
    moved = lambda z: eqx.tree_at(lambda m: m.amplitudes, model, z).predict(angle=angle)
    _, found = jax.jvp(moved, (model.amplitudes,), (direction,))
    h = 1e-6
    difference = (moved(model.amplitudes + h * direction) - moved(model.amplitudes - h * direction)) / (2 * h)
    # The reading is quadratic in the amplitudes: only rounding, 1e-15 / h, is left.
    np.testing.assert_allclose(found, difference, rtol=0, atol=1e-8)


def test_one_datum_of_a_simulator_that_predicts_all():
    signal = jnp.asarray(np.random.default_rng(0).normal(size=8))
    expected = np.abs(np.fft.fft(signal))[3]
    assert float(Spectrum(signal).observe(index=jnp.asarray(3.0))) == pytest.approx(expected, rel=1e-12)


def test_neither_or_both_methods_are_refused():
    class Neither(ebs.AbstractSimulator):
        pass

    class Both(ebs.AbstractSimulator):
        def observe(self, *, time):
            return time

        def predict(self, *, time):
            return time

    with pytest.raises(TypeError, match=r"Neither must implement exactly one of .* but implements neither"):
        Neither()
    with pytest.raises(TypeError, match=r"Both must implement exactly one of .* but implements observe and predict"):
        Both()


@pytest.mark.parametrize("reading", [lambda time: jnp.ones(2) * time, lambda time: time.astype(int), lambda time: 1j])
def test_readings_that_are_not_one_real_number_are_refused(reading):
    class Wrong(ebs.AbstractSimulator):
        leaf: jax.Array

        def observe(self, *, time):
            return reading(time)

    with pytest.raises(TypeError, match=r"Wrong.observe must return one real number, but returned"):
        Wrong(jnp.ones(())).predict(time=jnp.linspace(0, 3, 7))
