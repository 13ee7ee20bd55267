"""The judgement of a search counts its prior in: the closed form of readings of every entry of a leaf."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
from toys import Line, LineOfSites

import equibacksolve as ebs
from equibacksolve.diagnostics import judgement, largest_matrix

SIGMA, SIZE = 0.5, 6
COEFFICIENTS = np.random.default_rng(0).normal(size=SIZE)
LINE = LineOfSites(jnp.asarray(COEFFICIENTS), jnp.eye(SIZE))
OBSERVED = ebs.Observations(LINE.predict() + 0.1, sigma=SIGMA)


def coefficients(line):
    return line.coefficients


def test_errors_and_the_expected_chi_squared_in_closed_form():
    """J = 1/sigma and a prior diagonal in cosines: each cosine has the precision 1/sigma^2 + (1 + k^2)^2 / height^2."""
    basis = scipy.fft.dct(np.eye(SIZE), axis=0, norm="ortho")  # rows are cosines
    factors = 1 + (np.pi * np.arange(SIZE) / SIZE) ** 2
    height_squared = np.mean((factors * (basis @ (COEFFICIENTS - COEFFICIENTS.mean()))) ** 2)
    variances = 1 / (1 / SIGMA**2 + factors**2 / height_squared)
    judged = judgement(LINE, OBSERVED, where=coefficients)
    np.testing.assert_allclose(judged.errors.coefficients, np.sqrt(variances @ basis**2), rtol=1e-10)
    assert f"the expected {SIZE - np.sum(variances) / SIGMA**2:.4g}:" in judged.verdict
    assert "smoothness prior" in judged.remark


def test_a_search_without_a_prior():
    judged = judgement(LINE, OBSERVED, where=coefficients, prior_precision=0)
    np.testing.assert_allclose(judged.errors.coefficients, SIGMA, rtol=1e-12)
    assert judged.remark == ""


def test_what_nobody_can_say():
    blind = Line(jnp.zeros(2), jnp.ones((3, 2)))
    judged = judgement(blind, ebs.Observations(jnp.zeros(3), sigma=SIGMA), where=coefficients)
    assert judged.errors is None
    assert judged.verdict.startswith("not to be had: data and prior determine only 1 of 2 combinations")
    with pytest.raises(ValueError, match="observed has no sigma"):
        judgement(LINE, ebs.Observations(OBSERVED.values), where=coefficients)


def test_the_largest_matrix():
    assert largest_matrix(LINE, OBSERVED, where=coefficients) == SIZE**2
    few = Line(jnp.zeros(2), jnp.ones((3, 2)))
    assert largest_matrix(few, ebs.Observations(jnp.zeros(3)), where=coefficients) == 6
