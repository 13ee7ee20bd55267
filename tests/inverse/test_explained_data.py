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
    for unit in (1.0, 1e-10, 1e10):
        assert float(posed(np.full(8, 3.0 * unit)).tolerance) == pytest.approx(9e-6 * unit**2, rel=1e-12)
    misfit = np.mean(np.asarray(START.predict()) ** 2)
    assert float(posed(np.zeros(8)).tolerance) == pytest.approx(1e-6 * misfit, rel=1e-12)


def test_data_that_differ_by_rounding_alone_are_all_the_same():
    """A hundred units in the last place are the limit: 1e-13 and 1e-14 of the data are on either side of it."""
    uneven = np.where(np.arange(8) % 2, 1.0, -1.0)
    assert float(posed(3 + 3e-15 * uneven).spread) == pytest.approx(9.0, rel=1e-12)
    assert float(posed(3 + 3e-13 * uneven).spread) == pytest.approx(9e-26, rel=1e-2)


@pytest.mark.parametrize("resolution", [0.1, 1e-3])
@pytest.mark.parametrize("unit", [1.0, 1e-10])
def test_at_a_minimum_less_than_a_fraction_of_a_standard_error_is_left(resolution, unit):
    """N decrease / noise is the square of the way in standard errors; the noise is sigma^2, or what a fit leaves."""
    cases = [
        (posed(DATA, sigma=0.5), 0.2, 1.0),  # in units of sigma^2: no fit is better than its noise
        (posed(DATA, sigma=0.5), 4.0, 4.0),
        (posed(unit * DATA), 0.2 * unit**2, 0.2 * unit**2),
    ]
    for problem, objective, noise in cases:
        limit = resolution**2 * noise / 8
        assert bool(problem.is_minimum(jnp.asarray(objective), jnp.asarray(0.99 * limit), resolution))
        assert not bool(problem.is_minimum(jnp.asarray(objective), jnp.asarray(1.01 * limit), resolution))
    exact = posed(unit * DATA)
    rounding = 1e4 * np.finfo(float).eps ** 2 * np.mean((unit * DATA) ** 2)
    assert bool(exact.is_minimum(jnp.asarray(0.0), jnp.asarray(0.99 * rounding), resolution))
    assert not bool(exact.is_minimum(jnp.asarray(0.0), jnp.asarray(1.01 * rounding), resolution))
    assert not bool(exact.is_minimum(jnp.asarray(np.inf), jnp.asarray(0.0), resolution))


def test_a_given_tolerance_is_taken():
    assert float(posed(DATA, tolerance=0.25).tolerance) == 0.25
    assert float(posed(DATA, tolerance=0.25, sigma=0.1).tolerance) == 0.25
    assert bool(posed(DATA, tolerance=0.25).explained(jnp.array(0.25)))
    assert not bool(posed(DATA, tolerance=0.25).explained(jnp.array(0.2500001)))
