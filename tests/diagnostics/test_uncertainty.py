"""Laplace's covariance: closed forms of a linear problem, and the scatter of repeated reconstructions."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, everything
from toys import Decays

import equibacksolve as ebs
from equibacksolve.diagnostics import standard_errors

SCALED = DESIGN / SIGMA[:, None]


def test_a_linear_problem_has_the_covariance_of_weighted_least_squares():
    found = standard_errors(TRUTH, EXACT, where=everything)
    expected = np.linalg.inv(SCALED.T @ SCALED)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-11, atol=1e-14)
    intercept, slopes = everything(found.errors)
    np.testing.assert_allclose(jnp.append(slopes, intercept), np.sqrt(np.diag(expected)), rtol=1e-11)
    np.testing.assert_array_equal(found.prior_share, 0)


def test_the_mean_of_one_number():
    """n readings of one number with error s, and a prior of width s0: 1 / (n / s^2 + 1 / s0^2)."""
    observed = ebs.Observations(values=jnp.ones(7), x=jnp.zeros(7), sigma=0.2)
    found = standard_errors(TRUTH, observed, where=lambda line: line.intercept, prior_precision=1 / 0.1**2)
    assert float(found.errors.intercept) ** 2 == pytest.approx(1 / (7 / 0.04 + 100), rel=1e-13)
    # The prior share is the error after over the error before, squared.
    assert float(found.prior_share[0]) == pytest.approx(float(found.errors.intercept) ** 2 / 0.1**2, rel=1e-13)


@pytest.mark.parametrize("prior", [4.0, np.array([1.0, 4.0, 9.0]), np.array([[2.0, 1, 0], [1, 2, 0], [0, 0, 3]])])
def test_a_prior_adds_its_precision(prior):
    matrix = np.asarray(prior) if np.ndim(prior) == 2 else np.diag(np.broadcast_to(prior, 3))
    found = standard_errors(TRUTH, EXACT, where=everything, prior_precision=prior)
    expected = np.linalg.inv(SCALED.T @ SCALED + matrix)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-11, atol=1e-14)
    # C P + C J^T J = 1: what the prior does not determine, the data do.
    data_share = np.diag(expected @ SCALED.T @ SCALED)
    np.testing.assert_allclose(found.prior_share + data_share, 1, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_precision_that_knows_one_sum_only_is_no_negative_one(dtype):
    """Eigenvalues of zero come out as rounding, in either precision."""
    direction = np.random.default_rng(0).normal(size=(3, 1))
    found = standard_errors(TRUTH, EXACT, where=everything, prior_precision=(direction @ direction.T).astype(dtype))
    expected = np.linalg.inv(SCALED.T @ SCALED + direction @ direction.T)
    np.testing.assert_allclose(found.covariance, expected, rtol=100 * np.finfo(dtype).eps, atol=1e-6 * SIGMA.min() ** 2)


def test_it_is_the_scatter_of_repeated_noisy_reconstructions():
    """400 reconstructions of a sum of two decays, by Gauss-Newton steps from the truth."""
    truth = Decays(height=jnp.array([1.0, 0.7]), rate=jnp.array([0.3, 2.0]))
    hidden, time, noise = (lambda s: (s.height, s.rate)), jnp.linspace(0, 6, 40), 1e-3
    clean = truth.predict(time=time)
    found = standard_errors(truth, ebs.Observations(values=clean, time=time, sigma=noise), where=hidden)
    predict = lambda p: eqx.tree_at(hidden, truth, (p[:2], p[2:])).predict(time=time)
    improved = lambda p, values: p + jnp.linalg.lstsq(jax.jacfwd(predict)(p), values - predict(p))[0]

    readings = clean + noise * jax.random.normal(jax.random.key(0), (400, time.size))
    ends = jnp.broadcast_to(jnp.concatenate(hidden(truth)), (400, 4))
    step = jax.jit(jax.vmap(improved))
    for _ in range(6):
        last, ends = ends, step(ends, readings)
    assert float(jnp.max(jnp.abs(ends - last))) < 1e-9
    # A standard deviation from 400 samples is known to 1 / sqrt(2 x 399) = 3.5 %: three of these, for each of four.
    expected = jnp.concatenate(hidden(found.errors))
    np.testing.assert_allclose(jnp.std(ends, axis=0, ddof=1), expected, rtol=0.106)
    # A correlation likewise to 1 / sqrt(400).
    correlation = found.covariance / jnp.outer(expected, expected)
    np.testing.assert_allclose(jnp.corrcoef(ends.T), correlation, rtol=0, atol=0.15)


@pytest.mark.parametrize(
    ("observed", "changes", "message"),
    [
        (eqx.tree_at(lambda o: o.sigma, EXACT, None), {}, "observed has no sigma"),
        (EXACT, {"where": lambda line: ()}, "where selects nothing"),
        (EXACT, {"prior_precision": np.ones(2)}, r"prior_precision has shape \(2,\), but there are 3 unknowns"),
        (EXACT, {"prior_precision": -1.0}, "prior_precision has the eigenvalue -1"),
        (EXACT, {"prior_precision": np.nan}, "prior_precision has the eigenvalue nan"),
        (EXACT, {"prior_precision": np.array([1.0, np.nan, 1.0])}, "prior_precision has the eigenvalue nan"),
        (
            ebs.Observations(values=np.zeros(2), x=np.array([0.0, 1.0]), sigma=0.1),
            {},
            "determine only 2 of 3 .* pass prior_precision=",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(observed, changes, message):
    with pytest.raises(ValueError, match=message):
        standard_errors(TRUTH, observed, **({"where": everything} | changes))
