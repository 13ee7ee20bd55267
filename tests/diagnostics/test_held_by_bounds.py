"""Errors of unknowns at a bound: one-sided, where chi-squared, fitted anew in the others, is higher by one."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from toys import Line, coefficients

import equibacksolve as ebs
from equibacksolve.diagnostics import goodness_of_fit, judgement, standard_errors

DESIGN = np.random.default_rng(0).normal(size=(9, 3))
TARGET = DESIGN @ [1.0, -0.4, 0.7]
SIGMA = 0.2
OBSERVED = ebs.Observations(jnp.asarray(TARGET), sigma=SIGMA)
BOUNDS = (0.0, 5.0)


def fitted():
    start = Line(jnp.array([0.5, 0.5, 0.5]), jnp.asarray(DESIGN))
    return ebs.backsolve(
        start, OBSERVED, ebs.LevenbergMarquardt(), where=coefficients, bounds=BOUNDS, tolerance=1e6, progress=False
    )


def profile(value):
    """Chi-squared with the second coefficient at this value, and the others fitted anew."""
    rest = TARGET - DESIGN[:, 1] * value
    others = np.linalg.lstsq(DESIGN[:, [0, 2]], rest, rcond=None)[0]
    return np.sum((rest - DESIGN[:, [0, 2]] @ others) ** 2) / SIGMA**2


def test_the_reason_names_what_a_bound_holds():
    found = fitted()
    assert found.converged
    assert "held by bounds: coefficients[1] by its lower one" in found.reason
    assert float(found.simulator.coefficients[1]) == 0.0


def test_the_error_is_one_sided_and_the_others_are_those_of_a_fit_without_it():
    found = fitted().simulator
    known = standard_errors(found, OBSERVED, where=coefficients, bounds=BOUNDS)
    np.testing.assert_array_equal(known.held, [False, True, False])
    others = np.linalg.inv(DESIGN[:, [0, 2]].T @ DESIGN[:, [0, 2]] / SIGMA**2)
    np.testing.assert_allclose(np.asarray(known.covariance)[np.ix_([0, 2], [0, 2])], others, rtol=1e-10)
    assert not np.any(known.covariance[1])
    expected = scipy.optimize.brentq(lambda d: profile(d) - profile(0.0) - 1, 0, 5, xtol=1e-14)
    np.testing.assert_allclose(known.errors.coefficients[1], expected, rtol=1e-8)
    np.testing.assert_allclose(known.errors.coefficients[0], others[0, 0] ** 0.5, rtol=1e-10)


def test_a_bound_counts_as_what_determines_an_unknown():
    found = fitted().simulator
    assert float(goodness_of_fit(found, OBSERVED, where=coefficients, bounds=BOUNDS).effective_unknowns) == (
        pytest.approx(2, rel=1e-12)
    )
    judged = judgement(found, OBSERVED, where=coefficients, prior_precision=0, bounds=BOUNDS)
    assert judged.remark == "1 unknowns are held by bounds: their errors are one-sided."


def test_a_bound_that_nothing_presses_against_changes_nothing():
    found = fitted().simulator
    free = standard_errors(found, OBSERVED, where=coefficients)
    wide = standard_errors(found, OBSERVED, where=coefficients, bounds=(-5.0, 5.0))
    np.testing.assert_array_equal(free.covariance, wide.covariance)
    assert not np.any(wide.held)
