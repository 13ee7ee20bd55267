"""NIST's nonlinear regression sets: Levenberg-Marquardt and the default find the certified values from both starts."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from regression_sets import MODELS, Regression, coefficients, regression_set

import equibacksolve as ebs


@pytest.mark.parametrize("name", MODELS)
def test_the_models_are_those_of_nist(name):
    """The certified values give the certified sum of squares, to the eleven digits of either."""
    nist = regression_set(name)
    certified = Regression(tuple(map(jnp.asarray, nist.certified)), name)
    squares = float(eqx.filter_jit(ebs.mean_squared_error)(certified, nist.observed)) * nist.observed.count
    # Lanczos1 leaves residuals of 1e-13, below the last digits of its certified values.
    assert squares == pytest.approx(nist.squares, rel=1e-9, abs=1e-20)


@pytest.mark.parametrize("name", MODELS)
def test_levenberg_marquardt_finds_the_certified_values(name):
    nist = regression_set(name)
    observed = nist.known_noise()
    for number in (0, 1):
        found = ebs.backsolve(
            nist.start(number), observed, ebs.LevenbergMarquardt(), where=coefficients, polish=False, progress=False
        )
        assert found.converged, (number, found.reason)
        np.testing.assert_allclose(found.simulator.coefficients, nist.certified, rtol=1e-6)
        # Chi-squared is N - n by the definition of the certified standard deviation, given to eleven digits.
        # Lanczos1 has data of 14 digits, so that its chi-squared is rounding to a per cent.
        freedom = nist.observed.values.size - len(nist.certified)
        rounded = 0.05 if name == "Lanczos1" else 1e-8
        assert float(found.cost) * nist.observed.values.size == pytest.approx(freedom, rel=rounded)
        errors = ebs.diagnostics.standard_errors(found.simulator, observed, where=coefficients).errors
        np.testing.assert_allclose(errors.coefficients, nist.deviations, rtol=1e-4)


@pytest.mark.parametrize("name", ["Misra1a", "BoxBOD", "MGH09"])
def test_a_vector_of_unlike_coefficients_is_fitted_as_well(name):
    """One leaf that holds them all: entries of a vector may differ in unit."""

    class Together(ebs.AbstractSimulator):
        values: jnp.ndarray

        def predict(self, *, x):
            return MODELS[name](x, *self.values)

    nist = regression_set(name)
    for number in (0, 1):
        start = Together(jnp.asarray(nist.starts[number]))
        found = ebs.backsolve(start, nist.known_noise(), where=lambda s: s.values, progress=False, seconds=60)
        assert found.converged, (number, found.reason)
        np.testing.assert_allclose(found.simulator.values, nist.certified, rtol=1e-6)


# All 26 sets: benchmarks/regression_sets.py. Thurber takes a third of the time of the others together.
@pytest.mark.parametrize("name", ["Misra1a", "Rat43", "Roszman1"])
def test_the_default_goes_to_the_minimum_of_explained_data(name):
    """At the threshold, chi-squared per datum is up to 2.1 for 14 data: many standard errors off."""
    nist = regression_set(name)
    for number in (0, 1):
        found = ebs.backsolve(nist.start(number), nist.known_noise(), where=coefficients, progress=False, seconds=60)
        assert found.converged, (number, found.reason)
        np.testing.assert_allclose(found.simulator.coefficients, nist.certified, rtol=1e-6)
