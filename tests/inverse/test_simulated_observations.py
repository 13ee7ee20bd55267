"""Simulated data: what the simulator predicts on the mesh, and noise of the size that is told."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import DECAYS, TIME, Line

import equibacksolve as ebs


def test_they_are_what_the_simulator_predicts():
    exact = ebs.simulated_observations(DECAYS, time=TIME)
    np.testing.assert_allclose(exact.values, DECAYS.predict(time=TIME), rtol=1e-14)
    assert exact.sigma is None
    assert exact.grid == (TIME.size,)
    told = ebs.simulated_observations(DECAYS, sigma=0.1, time=np.asarray(TIME))
    np.testing.assert_array_equal(told.values, exact.values)
    np.testing.assert_array_equal(told.sigma, 0.1)


def test_data_without_settings():
    line = Line(jnp.array([1.0, 2.0]), jnp.eye(2))
    assert ebs.simulated_observations(line).values.tolist() == [1.0, 2.0]


def test_the_noise_is_gaussian_of_that_size():
    """1000 readings of nothing but noise: mean square 1 within 4 sqrt(2 / 1000), mean 0 within 4 / sqrt(1000)."""
    line = Line(jnp.zeros(1), jnp.ones((1000, 1)))
    errors = ebs.simulated_observations(line, sigma=0.3, key=jax.random.key(0)).values / 0.3
    assert float(jnp.mean(errors**2)) == pytest.approx(1, abs=0.18)
    assert float(jnp.mean(errors)) == pytest.approx(0, abs=0.13)


def test_a_key_without_sigma_is_refused():
    with pytest.raises(ValueError, match="key was given but no sigma"):
        ebs.simulated_observations(DECAYS, key=jax.random.key(0), time=TIME)


def test_what_is_like_a_key_a_sigma_or_an_axis_is_one():
    """As in `backsolve` and `Observations`: one door for all."""
    expected = ebs.simulated_observations(DECAYS, sigma=0.1, key=jax.random.key(3), time=TIME).values
    time = np.asarray(TIME).tolist()
    for sigma in (0.1, np.float32(0.1), jnp.asarray(0.1), np.full(TIME.size, 0.1)):
        found = ebs.simulated_observations(DECAYS, sigma=sigma, key=3, time=time)
        np.testing.assert_allclose(found.values, expected, rtol=1e-7)  # 0.1 in float32
    with pytest.raises(TypeError, match="key is a str; give a whole number as a seed"):
        ebs.simulated_observations(DECAYS, sigma=0.1, key="seed", time=time)
