"""Priors: each is the density that it claims to be, and moves a search to the most probable answer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.inverse import make_problem


class Blurred(ebs.AbstractSimulator):
    """A profile seen through a linear instrument."""

    profile: Array
    instrument: Array

    def predict(self):
        return self.instrument @ self.profile


def profile(simulator):
    return simulator.profile


RNG = np.random.default_rng(3)
N = 12
STEP = np.where(np.arange(N) < 5, 0.0, 1.0)
INSTRUMENT = np.exp(-((np.arange(N)[:, None] - np.arange(N)) ** 2) / 8.0)
SIGMA = 0.05
READINGS = INSTRUMENT @ STEP + SIGMA * RNG.normal(size=N)
OBSERVED = ebs.Observations(READINGS, sigma=SIGMA)
START = Blurred(jnp.linspace(0.2, 0.8, N), jnp.asarray(INSTRUMENT))
PRIORS = (
    ebs.Smoothness(length=1.5, height=0.7),
    ebs.KnownMean(mean=0.5, deviation=0.1),
    ebs.TotalVariation(scale=0.2, softness=0.05),
)


def minus_log_density(prior, p):
    """Written anew in NumPy, from the docstrings."""
    if isinstance(prior, ebs.KnownMean):
        return (p.mean() - 0.5) ** 2 / (2 * 0.1**2)
    if isinstance(prior, ebs.TotalVariation):
        return np.sum(np.sqrt(np.diff(p) ** 2 + 0.05**2)) / 0.2
    # Wavenumber 0 is the mean, around which the landscape is taken: it drops out.
    m, i = np.arange(1, N)[:, None], np.arange(N)
    c = np.sqrt(2 / N) * np.cos(np.pi * m * (i + 0.5) / N) @ p
    return np.sum(((1 + (1.5 * np.pi * m[:, 0] / N) ** 2) * c / 0.7) ** 2) / 2


def problem_with(*priors):
    return make_problem(START, OBSERVED, profile, None, None, priors)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_value_and_gradient_are_those_of_the_density(prior):
    problem, hidden = problem_with(prior)
    density = jax.value_and_grad(lambda h: jnp.sum(problem.prior_residuals(h) ** 2) / 2)
    value, gradient = density(hidden)
    p = np.asarray(profile(START)) + 0.3 * RNG.normal(size=N)
    value, gradient = density(jax.tree.map(lambda leaf: jnp.asarray(p), hidden))
    assert float(value) == pytest.approx(minus_log_density(prior, p), rel=1e-12)
    differences = [
        (minus_log_density(prior, p + step) - minus_log_density(prior, p - step)) / 2e-6 for step in 1e-6 * np.eye(N)
    ]
    # Central differences with a step of 1e-6: rounding of 1e-10 x the value, of order 10.
    np.testing.assert_allclose(gradient.profile, differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_the_answer_is_the_most_probable_one(prior):
    """Against scipy's minimiser on the density written anew."""
    found = ebs.backsolve(
        START,
        OBSERVED,
        ebs.LevenbergMarquardt(decrease=1e-13, patience=20, steps=400),
        where=profile,
        prior=prior,
        progress=False,
    )
    # A little of the norm lifts the degeneracy that KnownMean leaves: there both stop where they please.
    total = lambda p: np.sum((INSTRUMENT @ p - READINGS) ** 2) / (2 * SIGMA**2) + minus_log_density(prior, p)
    best = scipy.optimize.minimize(total, np.asarray(profile(START)), method="BFGS", options={"gtol": 1e-9})
    # In units of minus log p: what is a millionth less probable is the same.
    assert total(np.asarray(profile(found.simulator))) <= best.fun + 1e-6
    # The cost is that of the data alone, and of this answer.
    left = INSTRUMENT @ np.asarray(profile(found.simulator)) - READINGS
    assert float(found.cost) == pytest.approx(np.mean(left**2) / SIGMA**2, rel=1e-10)


def test_edges_survive_total_variation_better_than_smoothness():
    """A step, blurred and noisy: each prior at the scale that the step has."""
    errors = {}
    for prior in (ebs.TotalVariation(scale=0.1), ebs.Smoothness(length=1.0, height=0.5)):
        found = ebs.backsolve(
            START, OBSERVED, ebs.LevenbergMarquardt(decrease=1e-9), where=profile, prior=prior, progress=False
        )
        errors[type(prior).__name__] = np.sqrt(np.mean((np.asarray(profile(found.simulator)) - STEP) ** 2))
    assert errors["TotalVariation"] < errors["Smoothness"]


def test_several_priors_add_up():
    problem, hidden = problem_with(*PRIORS)
    single = [float(jnp.sum(problem_with(prior)[0].prior_residuals(hidden) ** 2)) for prior in PRIORS]
    assert float(jnp.sum(problem.prior_residuals(hidden) ** 2)) == pytest.approx(sum(single), rel=1e-14)


def test_without_sigma_the_tolerance_is_the_variance_of_the_noise():
    """The same answer as with sigma, if tolerance is its square."""
    plain = ebs.Observations(READINGS)
    answers = [
        ebs.backsolve(
            START,
            observed,
            ebs.LevenbergMarquardt(decrease=1e-12),
            where=profile,
            prior=PRIORS[0],
            progress=False,
            **more,
        )
        for observed, more in ((OBSERVED, {}), (plain, {"tolerance": SIGMA**2}))
    ]
    np.testing.assert_allclose(*(profile(found.simulator) for found in answers), atol=1e-7)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: ebs.Smoothness(length=-1, height=1),
        lambda: ebs.Smoothness(length=1, height=0),
        lambda: ebs.KnownMean(deviation=0),
        lambda: ebs.TotalVariation(scale=0),
        lambda: ebs.TotalVariation(scale=1, softness=-1),
    ],
)
def test_what_is_no_density_is_refused(bad):
    with pytest.raises(ValueError, match=r"give (a )?positive"):
        bad()
