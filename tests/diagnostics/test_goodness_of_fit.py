"""Chi-squared of a fit: its mean and scatter over many noisy data sets, with and without a prior."""

import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, Line, X, everything

import equibacksolve as ebs
from equibacksolve.diagnostics import GoodnessOfFit, goodness_of_fit

SCALED = DESIGN / SIGMA[:, None]
COUNT = 400


@pytest.mark.parametrize("prior", [0.0, 30.0])
def test_chi_squared_has_the_mean_and_scatter_that_are_told(prior):
    random = np.random.default_rng(0)
    truths = random.normal(size=(COUNT, 3)) / np.sqrt(prior) if prior else np.zeros((COUNT, 3))
    weighted = truths @ SCALED.T + random.normal(size=(COUNT, X.size))
    fits = weighted @ SCALED @ np.linalg.inv(SCALED.T @ SCALED + prior * np.eye(3))
    chi_squared = np.sum((weighted - fits @ SCALED.T) ** 2, axis=1)
    told = goodness_of_fit(TRUTH, EXACT, where=everything, prior_precision=prior)
    # 400 draws: a mean to 1/20 of the scatter, the scatter to 5 % (chi-squared of few: twice that); four times allowed.
    assert abs(np.mean(chi_squared) - float(told.expected)) < 0.2 * float(told.deviation)
    assert np.std(chi_squared) == pytest.approx(float(told.deviation), rel=0.3)
    if not prior:
        assert float(goodness_of_fit(TRUTH, EXACT, where=everything).expected) == float(told.expected)
        assert float(told.effective_unknowns) == pytest.approx(3, rel=1e-12)


@pytest.mark.parametrize(
    ("excess", "told"),
    [(3.1, ": not explained;"), (2.9, ": explained."), (-2.9, ": explained."), (-3.1, ": explained too well;")],
)
def test_three_standard_deviations_are_the_limit(excess, told):
    fit = GoodnessOfFit(*(jnp.asarray(number) for number in (50 + 4 * excess, 50.0, 4.0, 3.0)))
    side = "above" if excess > 0 else "below"
    assert f"{abs(excess)} standard deviations {side} the expected 50{told}" in fit.verdict


def test_the_verdict_says_which():
    def judged(shift, sigma):
        values = EXACT.values + shift * jnp.asarray(SIGMA) * jnp.asarray((-1.0) ** np.arange(7))
        observed = ebs.Observations(values=values, x=X, sigma=sigma * SIGMA)
        return goodness_of_fit(Line(TRUTH.slopes, TRUTH.intercept), observed, where=everything).verdict

    assert judged(0.7, 1.0).endswith("explained.")
    assert "not explained" in judged(10.0, 1.0)
    many = np.tile(X, 40)
    exact = ebs.Observations(values=TRUTH.predict(x=jnp.asarray(many)), x=many, sigma=0.1)
    assert "too well" in goodness_of_fit(TRUTH, exact, where=everything).verdict
