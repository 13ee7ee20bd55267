"""Bounds: kept by every method that knows them, and with the solution that the active set has in closed form."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import NEAR_DECAYS, READINGS, Line, coefficients, numbers, rate

import equibacksolve as ebs

DESIGN = np.vander(np.linspace(-1, 1.5, 6), 3)
LM = ebs.LevenbergMarquardt(decrease=1e-12)


def constrained(target, lower, upper) -> np.ndarray:
    """Least squares in a box: every choice of held coefficients is tried; the best feasible one is the solution."""
    best, lowest = None, np.inf
    for held in itertools.product((None, "lower", "upper"), repeat=3):
        p = np.where([h == "lower" for h in held], lower, upper).astype(float)
        free = np.array([h is None for h in held])
        p[free] = np.linalg.lstsq(DESIGN[:, free], target - DESIGN[:, ~free] @ p[~free], rcond=None)[0]
        cost = np.sum((DESIGN @ p - target) ** 2)
        if np.all(p >= lower - 1e-12) and np.all(p <= upper + 1e-12) and cost < lowest:
            best, lowest = p, cost
    return best


@pytest.mark.parametrize("seed", range(6))
def test_levenberg_marquardt_finds_the_constrained_least_squares(seed):
    target = 10 * np.random.default_rng(seed).normal(size=6)
    lower, upper = np.array([-1.0, -0.5, 0.0]), np.array([1.0, 0.5, 0.7])
    start = Line(jnp.array([0.3, -0.2, 0.1]), jnp.asarray(DESIGN))
    seen = []
    found = ebs.backsolve(
        start,
        ebs.Observations(jnp.asarray(target)),
        LM,
        where=coefficients,
        bounds=(jnp.asarray(lower), jnp.asarray(upper)),
        progress=False,
        callback=lambda state: seen.append(numbers(state.hidden)),
    )
    expected = constrained(target, lower, upper)
    assert np.any((expected == lower) | (expected == upper))
    # The last steps are Newton steps with a damping below 1e-6.
    np.testing.assert_allclose(found.simulator.coefficients, expected, atol=1e-6)
    assert np.all((np.array(seen) >= lower) & (np.array(seen) <= upper))


@pytest.mark.parametrize("method", [None, optax.adam(0.1), optax.lbfgs(), ebs.backtracking_descent()])
def test_bounds_are_kept_and_the_reported_cost_is_that_of_the_guess(method):
    low, high = 0.6, 1.5
    states = []
    found = ebs.backsolve(
        NEAR_DECAYS, READINGS, method, where=rate, bounds=(low, high), steps=25, progress=False, callback=states.append
    )
    rates = np.array([numbers(state.hidden) for state in states])
    assert rates.min() >= low
    assert rates.max() <= high
    time, values = np.asarray(READINGS.variables["time"]), np.asarray(READINGS.values)
    costs = np.mean((np.exp(-np.einsum("sr,t->str", rates, time)) @ [1.0, 0.5] - values) ** 2, axis=1)
    np.testing.assert_allclose(found.history.cost, costs, rtol=1e-10)  # rounding of a mean of twelve squares
    assert float(found.cost) == pytest.approx(costs.min(), rel=1e-10)
    assert costs.min() < costs[0]


def test_a_start_outside_is_brought_inside():
    found = ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=rate, bounds=(0.1, 1.1), steps=1, progress=False)
    np.testing.assert_array_equal(found.simulator.rate, [0.7, 1.1])


def test_bounds_of_several_leaves_are_given_as_where_returns_them():
    where = lambda s: (s.height, s.rate)
    bounds = ((0.2, jnp.array([0.0, 1.1])), (jnp.array([0.9, 3.0]), 5.0))
    found = ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=where, bounds=bounds, progress=False)
    height, rates = where(found.simulator)
    assert np.all((height >= 0.2) & (height <= jnp.array([0.9, 3.0])))
    assert np.all((rates >= jnp.array([0.0, 1.1])) & (rates <= 5.0))
    # And as a module, where `where` returns one.
    whole = jax.tree.map(lambda leaf: jnp.full_like(leaf, 0.2), NEAR_DECAYS)
    above = jax.tree.map(lambda leaf: jnp.full_like(leaf, 1.1), NEAR_DECAYS)
    found = ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=lambda s: s, bounds=(whole, above), progress=False)
    assert np.all((numbers(found.simulator) >= 0.2) & (numbers(found.simulator) <= 1.1))


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ((1.0, 0.0), "lower < upper everywhere"),
        ((jnp.zeros(2), jnp.array([1.0, 0.0])), "lower < upper everywhere"),
        ((jnp.zeros(3), 1.0), r"shape \(3,\) for a hidden leaf of shape \(2,\)"),
        (((0.0, 0.0), 1.0), "one number, or leaves as where returns them"),
    ],
)
def test_bad_bounds_are_told(bounds, told):
    with pytest.raises(ValueError, match=told):
        ebs.backsolve(NEAR_DECAYS, READINGS, where=rate, bounds=bounds)
