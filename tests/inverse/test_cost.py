"""Residuals and costs against eq. 1, written out in NumPy."""

import hypothesis
import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from strategies import arrays
from toys import Line

import equibacksolve as ebs
from equibacksolve.inverse import cost, residuals

DESIGN = np.vander(np.linspace(-1, 1, 5), 3)


@hypothesis.given(
    p=arrays((3,), -2, 2),
    y=arrays((5,), -2, 2),
    sigma=arrays((5,), 0.1, 3),
    masked=st.sets(st.integers(0, 4), max_size=4),
)
def test_costs_are_those_of_eq_1(p, y, sigma, masked):
    counts = np.array([i not in masked for i in range(5)])
    difference = (DESIGN @ np.asarray(p) - np.asarray(y))[counts]
    observed = ebs.Observations(y, sigma=sigma, mask=jnp.asarray(counts))
    simulator = Line(p, jnp.asarray(DESIGN))
    near = lambda expected: pytest.approx(expected, rel=1e-12, abs=1e-15)  # rounding of sums of five terms
    assert float(ebs.mean_squared_error(simulator, observed)) == near(np.mean(difference**2))
    assert float(cost(simulator, observed)) == near(np.mean((difference / np.asarray(sigma)[counts]) ** 2))
    flat = residuals(simulator, observed)
    assert np.all(flat[~counts] == 0)
    np.testing.assert_allclose(flat[counts], difference / np.asarray(sigma)[counts], rtol=1e-12, atol=1e-14)


def test_the_variance_is_the_cost_of_the_best_constant():
    y, sigma = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.5, 2.0])
    observed = ebs.Observations(y, sigma=sigma)
    constant = Line(jnp.array([np.average(y, weights=1 / sigma**2)]), jnp.ones((3, 1)))
    assert float(observed.variance()) == pytest.approx(float(cost(constant, observed)), rel=1e-14)  # rounding


def test_data_of_another_shape_are_told():
    with pytest.raises(ValueError, match=r"Line predicts data of shape \(5,\).*\(4,\)"):
        ebs.mean_squared_error(Line(jnp.ones(3), jnp.asarray(DESIGN)), ebs.Observations(jnp.ones(4)))


class Logarithm(ebs.AbstractSimulator):
    level: Array

    def observe(self, x):
        return jnp.log(x + self.level)


def test_where_a_datum_does_not_count_the_model_need_not_be_finite():
    x = jnp.array([-1.0, 0.0, 1.0, 2.0])
    values = jnp.log(x + 1.0)  # minus infinity at the first
    observed = ebs.Observations(values, x=x, mask=jnp.array([False, True, True, True]))
    start, where = Logarithm(jnp.array(1.0)), lambda s: s.level
    assert float(cost(start, observed)) == 0.0
    start = Logarithm(jnp.array(0.5))  # NaN at the first
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=where, progress=False)
    assert found.converged
    np.testing.assert_allclose(found.simulator.level, 1.0, rtol=1e-9)
    assert ebs.diagnostics.identifiability(start, observed, where=where).rank == 1
