"""Readings that depend on the unknowns far more than others: their weights, and what these are good for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.inverse._residual_transforms import evening_weights
from equibacksolve.methods._levels import sensitivity_of_data

SHAPE, READINGS = (3, 4), 60
RANDOM = np.random.default_rng(0)
DIRECTIONS = jnp.asarray(RANDOM.normal(size=(READINGS, *SHAPE)))
TRUTH = jnp.asarray(RANDOM.normal(size=SHAPE))
SLOPES = jnp.asarray(np.where(np.arange(READINGS) % 5 == 0, 8.0, 0.5))
MAP = lambda s: s.values


class Waves(ebs.AbstractSimulator):
    """Every reading is the sine of a combination of the map; every fifth one turns sixteen times as fast."""

    values: Float[Array, "length width"]
    unit: Float[Array, ""]

    def predict(self):
        return jnp.sin(SLOPES * jnp.sum(DIRECTIONS * self.values / self.unit, axis=(1, 2)))


def waves(values, unit=1.0):
    return Waves(jnp.asarray(values) * unit, jnp.asarray(unit))


def test_weights():
    """At the median 1, far above it inversely as the sensitivity; what nobody sees is left alone."""
    found = evening_weights(jnp.array([0.0, 1.0, 2.0, 4.0, 4e6, 0.0, 1e-9]))
    expected = np.sqrt(2 / (1 + (np.array([1.0, 2.0, 4.0, 4e6, 1e-9]) / 2) ** 2))
    np.testing.assert_allclose(found[jnp.array([1, 2, 3, 4, 6])], expected, rtol=1e-12)
    np.testing.assert_allclose(found[jnp.array([0, 5])], 1.0)
    np.testing.assert_allclose(evening_weights(jnp.zeros(4)), 1.0)


def test_sensitivity_is_the_length_of_a_row_and_has_no_unit():
    observed = ebs.Observations(waves(TRUTH).predict())
    found = []
    for unit, of_data in ((1.0, 1.0), (1e-12, 1.0), (1.0, 1e9)):
        start = waves(0.9 * TRUTH, unit)
        problem, hidden = make_problem(start, ebs.Observations(observed.values, sigma=1 / of_data), MAP)
        found.append(evening_weights(sensitivity_of_data(problem, hidden)))
    jacobian = jax.jacfwd(lambda v: waves(v).predict())(0.9 * TRUTH).reshape(READINGS, -1)
    rows = np.linalg.norm(jacobian, axis=1)
    np.testing.assert_allclose(found[0], np.sqrt(2 / (1 + (rows / np.median(rows)) ** 2)), rtol=1e-10)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-9)


@pytest.mark.parametrize(("schedule", "least", "most"), [("even", 6, 10), ("plain", 0, 3)])
def test_starts_from_far_away_arrive(schedule, least, most):
    """From a tenth of the truth away. With slopes of 5 to 12 it was 7 to 10 of ten starts, and 0 or 1 on plain data."""
    plain = ebs.LevenbergMarquardt()
    search = ebs.methods.Stages((plain,) * 3) if schedule == "plain" else ebs.methods.finished(last=plain)
    observed = ebs.Observations(waves(TRUTH).predict())
    arrived = 0
    for seed in range(10):
        start = waves(TRUTH + 0.1 * np.random.default_rng(seed).normal(size=SHAPE))
        found = ebs.backsolve(start, observed, search, where=MAP, progress=False, polish=False)
        arrived += bool(np.abs(found.simulator.values - TRUTH).max() < 1e-6)
    assert least <= arrived <= most
