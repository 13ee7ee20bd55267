"""Trust region: steps of a given length against dense algebra, and the radius against MINPACK's lmder, line by line."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from equibacksolve.methods._step_length import best_part_of_step, length
from equibacksolve.methods._trust_region import CLOSE, next_radius, step_of_length


def quadratic(seed, unit):
    """Curvature, gradient and scale of an objective of five unknowns, each in its unit."""
    draw = np.random.default_rng(seed)
    unit = unit ** draw.uniform(-1, 1, 5)
    factor = draw.normal(size=(7, 5)) * np.logspace(-3, 0, 5) / unit
    hessian = factor.T @ factor
    return hessian, factor.T @ draw.normal(size=7), np.diag(hessian) * draw.uniform(1, 3, 5)


def solver(hessian, gradient):
    def solve(diagonal, right=None):
        right = -jnp.asarray(gradient) if right is None else right
        return jnp.linalg.solve(jnp.asarray(hessian) + jnp.diag(diagonal), right)

    return solve


@pytest.mark.parametrize("unit", [1.0, 1e6])
@pytest.mark.parametrize("part", [0.9, 0.5, 1e-2, 1e-6])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_step_that_would_be_too_long_gets_the_damping_of_its_length(seed, part, unit):
    hessian, gradient, scale = quadratic(seed, unit)
    solve, dense = solver(hessian, gradient), lambda m: -np.linalg.solve(hessian + m * np.diag(scale), gradient)
    of_length = lambda step: float(np.sqrt(np.sum(scale * step**2)))
    full = of_length(dense(0.0))
    radius = part * full
    start = solve(jnp.asarray(1e-15 * scale))
    found = step_of_length(solve, start, jnp.asarray(gradient), jnp.asarray(scale), jnp.asarray(radius), 1e-15)
    if abs(full - radius) > CLOSE * radius:
        assert not bool(found.full)
    assert float(length(found.step, jnp.asarray(scale))) == pytest.approx(radius, rel=CLOSE)
    # The damping lies between those of the lengths that are still close.
    root = lambda target: scipy.optimize.brentq(
        lambda log: of_length(dense(np.exp(log))) / target - 1, np.log(1e-15), np.log(1e15)
    )
    low, high = root(min((1 + CLOSE) * radius, 0.999999 * full)), root((1 - CLOSE) * radius)
    assert low - 1e-6 <= np.log(float(found.damping)) <= high + 1e-6
    # Solved densely twice, with a condition of 1e6 at most.
    np.testing.assert_allclose(found.step, dense(float(found.damping)), rtol=1e-7)


@pytest.mark.parametrize("factor", [1.0, 1 / (1 + CLOSE) + 1e-6, 5.0])
def test_a_step_that_fits_is_the_full_one(factor):
    hessian, gradient, scale = quadratic(2, 1.0)
    full = -np.linalg.solve(hessian, gradient)
    radius = jnp.asarray(factor * np.sqrt(np.sum(scale * full**2)))
    solve = solver(hessian, gradient)
    found = step_of_length(solve, jnp.asarray(full), jnp.asarray(gradient), jnp.asarray(scale), radius, 1e-15)
    assert bool(found.full)
    assert float(found.damping) == 1e-15
    np.testing.assert_allclose(found.step, full, rtol=1e-7)


def lmder(delta, pnorm, fnorm, fnorm1, dirder, prered, par):
    """The lines of MINPACK's lmder that set delta, in its own names; dirder and prered are over fnorm^2."""
    actred = -1.0 if 0.1 * fnorm1 >= fnorm else 1 - (fnorm1 / fnorm) ** 2
    ratio = actred / prered
    if ratio <= 0.25:
        temp = 0.5 if actred >= 0 else 0.5 * dirder / (dirder + 0.5 * actred)
        if temp < 0.1:
            temp = 0.1
        return temp * min(delta, pnorm / 0.1)
    if par == 0 or ratio >= 0.75:
        return pnorm / 0.5
    return delta


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("fnorm1", [1e-3, 0.3, 0.7, 0.85, 0.9, 0.99, 1.0, 1.001, 1.5, 3.0, 9.9])
def test_the_radius_follows_the_rules_of_minpack(fnorm1, full):
    for dirder, prered in ((-0.6, 0.5), (-0.3, 0.28), (-1.0, 1.0), (-0.01, 0.006)):
        for delta, pnorm in ((1.0, 1.0), (2.0, 1.05), (3.0, 0.2)):
            value, slope = jnp.asarray(7.0**2), jnp.asarray(2 * dirder * 7.0**2)
            after = value * fnorm1**2
            gain = (value - after) / (value * prered)
            part = best_part_of_step(value, after, slope)
            found = next_radius(jnp.asarray(delta), jnp.asarray(pnorm), gain, part, jnp.asarray(full))
            expected = lmder(delta, pnorm, 7.0, 7.0 * fnorm1, dirder, prered, 0.0 if full else 1.0)
            assert float(found) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("after", [jnp.nan, jnp.inf, 1e300])
def test_after_a_step_that_leads_nowhere_the_radius_is_a_tenth_to_a_half_of_it(after):
    part = best_part_of_step(jnp.asarray(1.0), jnp.asarray(after), jnp.asarray(-0.5))
    assert 0.1 <= float(part) <= 0.5
    gain = jnp.asarray(-jnp.inf)
    assert float(next_radius(jnp.asarray(2.0), jnp.asarray(1.0), gain, part, jnp.asarray(True))) == 2 * float(part)


def test_a_step_that_bounds_have_stopped_makes_the_radius_smaller():
    radius = next_radius(jnp.asarray(2.0), jnp.asarray(0.0), jnp.asarray(0.0), jnp.asarray(0.1), jnp.asarray(True))
    assert float(radius) == 1.0
