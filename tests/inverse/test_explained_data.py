"""The cost at which data count as explained, in closed form."""

import jax.numpy as jnp
import numpy as np
import pytest
from toys import Line, coefficients

import equibacksolve as ebs
from equibacksolve.inverse import make_problem

DATA = np.array([1.0, 3.0, 2.0, 6.0, 5.0, 4.0, 9.0, 2.0])
START = Line(jnp.array([1.0, -2.0]), jnp.asarray(np.random.default_rng(3).normal(size=(8, 2))))


def posed(values, tolerance=None, **more):
    return make_problem(START, ebs.Observations(values, **more), coefficients, tolerance=tolerance)[0]


@pytest.mark.parametrize("sigma", [0.1, 1e-9, np.linspace(1.0, 2.0, 8)])
def test_with_sigma_three_standard_deviations_of_chi_squared_per_datum_are_allowed(sigma):
    assert float(posed(DATA, sigma=sigma).tolerance) == pytest.approx(1 + 3 * np.sqrt(2 / 8), rel=1e-14)


def test_only_data_that_count_are_counted():
    problem = posed(DATA, sigma=0.1, mask=np.arange(8) < 6)
    assert float(problem.tolerance) == pytest.approx(1 + 3 * np.sqrt(2 / 6), rel=1e-14)


@pytest.mark.parametrize("unit", [1.0, 1e-10, 1e10])
def test_without_sigma_a_millionth_of_the_variance_may_remain(unit):
    assert float(posed(unit * DATA).spread) == pytest.approx(unit**2 * np.var(DATA), rel=1e-12)
    assert float(posed(unit * DATA).tolerance) == pytest.approx(1e-6 * unit**2 * np.var(DATA), rel=1e-12)


def test_data_that_are_all_the_same_are_judged_against_their_square_and_zeros_against_the_start():
    assert float(posed(np.full(8, 3.0)).tolerance) == pytest.approx(9e-6, rel=1e-12)
    misfit = np.mean(np.asarray(START.predict()) ** 2)
    assert float(posed(np.zeros(8)).tolerance) == pytest.approx(1e-6 * misfit, rel=1e-12)


def test_a_given_tolerance_is_taken():
    assert float(posed(DATA, tolerance=0.25).tolerance) == 0.25
    assert float(posed(DATA, tolerance=0.25, sigma=0.1).tolerance) == 0.25
    assert bool(posed(DATA, tolerance=0.25).explained(jnp.array(0.25)))
    assert not bool(posed(DATA, tolerance=0.25).explained(jnp.array(0.2500001)))
