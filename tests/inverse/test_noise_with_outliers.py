"""Noise with long tails: densities and integrals by SciPy, and fits by SciPy's own robust ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from toys import Line, coefficients

import equibacksolve as ebs
from equibacksolve.inverse import Huber, StudentT, residuals

POINTS = np.concatenate([-np.geomspace(1e-6, 30, 25)[::-1], [0.0], np.geomspace(1e-6, 30, 25)])


def huber(r, k=1.345):
    return np.where(abs(r) < k, r**2, 2 * k * abs(r) - k**2)


def student(r, freedom=4.0):
    return -2 * (scipy.stats.t.logpdf(r, freedom) - scipy.stats.t.logpdf(0.0, freedom))


@pytest.mark.parametrize(
    ("noise", "rho", "density"),
    [
        (Huber(), huber, scipy.stats.norm.pdf),
        (StudentT(), student, lambda r: scipy.stats.t.pdf(r, 4.0)),
        (Huber(0.7), lambda r: huber(r, 0.7), scipy.stats.norm.pdf),
        (StudentT(1.5), lambda r: student(r, 1.5), lambda r: scipy.stats.t.pdf(r, 1.5)),
    ],
)
def test_what_a_residual_counts_is_minus_twice_the_logarithm_of_its_probability(noise, rho, density):
    counted = np.asarray(noise.counted(jnp.asarray(POINTS)))
    np.testing.assert_allclose(counted**2, rho(POINTS), rtol=1e-7, atol=1e-14)
    assert np.all(np.diff(counted) > 0)
    mean = scipy.integrate.quad(lambda r: rho(r) * density(r), -np.inf, np.inf)[0]
    square = scipy.integrate.quad(lambda r: rho(r) ** 2 * density(r), -np.inf, np.inf, limit=200)[0]
    np.testing.assert_allclose(noise.expected(), (mean, np.sqrt(square - mean**2)), rtol=1e-5)
    slope = jax.vmap(jax.grad(noise.counted))(jnp.asarray(POINTS))
    step = 1e-6
    rise = (noise.counted(jnp.asarray(POINTS + step)) - noise.counted(jnp.asarray(POINTS - step))) / (2 * step)
    np.testing.assert_allclose(slope, rise, rtol=1e-4)  # at |r| = 1e-4, g is taken as straight: to 1e-9


X = np.linspace(-1, 2, 30)
DESIGN = np.stack([np.ones_like(X), X], axis=1)
SIGMA = 0.1
VALUES = DESIGN @ [1.0, 0.5] + SIGMA * np.random.default_rng(2).normal(size=30)
VALUES[[3, 24, 28]] += [0.7, -0.6, -0.8]


def robust(noise):
    return ebs.Observations(VALUES, sigma=SIGMA, noise=noise)


def fitted(noise):
    line = Line(jnp.zeros(2), jnp.asarray(DESIGN))
    return ebs.backsolve(line, robust(noise), ebs.LevenbergMarquardt(), where=coefficients, progress=False)


def test_a_robust_fit_is_that_of_scipy():
    found = fitted(Huber())
    theirs = scipy.optimize.least_squares(
        lambda p: (DESIGN @ p - VALUES) / SIGMA, [0.0, 0.0], loss="huber", f_scale=1.345, xtol=1e-12, gtol=1e-12
    )
    np.testing.assert_allclose(found.simulator.coefficients, theirs.x, rtol=1e-5)


def test_students_noise_takes_outliers_for_what_they_are():
    """The maximum of the likelihood by another algorithm; within three errors of the truth, as least squares is not."""
    found = fitted(StudentT())
    likelihood = lambda p: -np.sum(scipy.stats.t.logpdf((DESIGN @ p - VALUES) / SIGMA, 4.0))
    theirs = scipy.optimize.minimize(
        likelihood, [1.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    np.testing.assert_allclose(found.simulator.coefficients, theirs.x, rtol=1e-5)
    assert found.converged, found.reason
    assert "to 1.4 is expected" in found.reason  # 5 (psi(5/2) - psi(2))
    plain = ebs.Observations(VALUES, sigma=SIGMA)
    gauss = np.linalg.lstsq(DESIGN, VALUES, rcond=None)[0]
    slope_error = SIGMA * np.sqrt(np.linalg.inv(DESIGN.T @ DESIGN)[1, 1])
    assert abs(float(found.simulator.coefficients[1]) - 0.5) < 3 * slope_error < abs(gauss[1] - 0.5)
    fit = ebs.diagnostics.goodness_of_fit(Line(jnp.asarray(gauss), jnp.asarray(DESIGN)), plain, where=coefficients)
    assert fit.excess > 10


def pull(noise, r):
    """psi = rho' / 2, and its derivative."""
    if isinstance(noise, Huber):
        return np.clip(r, -1.345, 1.345), (abs(r) < 1.345).astype(float)
    return 5 * r / (4 + r**2), 5 * (4 - r**2) / (4 + r**2) ** 2


@pytest.mark.parametrize("noise", [Huber(), StudentT()], ids=["Huber", "StudentT"])
def test_standard_errors_are_those_of_the_scatter_of_such_fits(noise):
    """(X^T X)^-1 sigma^2 E[psi^2] / E[psi']^2, by hand; research/2026-11-30-errors-with-outliers.md has the scatter."""
    there = np.arange(30) != 7
    observed = ebs.Observations(VALUES, sigma=SIGMA, mask=there, noise=noise)
    line = fitted(noise).simulator
    psi, stiffness = pull(noise, (DESIGN @ np.asarray(line.coefficients) - VALUES)[there] / SIGMA)
    factor = np.mean(psi**2) / (1 - 2 / 29) / np.mean(stiffness) ** 2
    expected = factor * SIGMA**2 * np.linalg.inv(DESIGN[there].T @ DESIGN[there])
    known = ebs.diagnostics.standard_errors(line, observed, where=coefficients)
    np.testing.assert_allclose(known.covariance, expected, rtol=1e-9)
    with pytest.raises(ValueError, match="whose scale is not estimated"):
        ebs.diagnostics.estimated_noise(line, observed, where=coefficients)


def test_readings_that_are_all_far_off_tell_no_error():
    line = Line(jnp.array([50.0, 0.0]), jnp.asarray(DESIGN))
    with pytest.raises(ValueError, match="most readings are too far off for StudentT"):
        ebs.diagnostics.standard_errors(line, robust(StudentT()), where=coefficients)


def test_it_goes_along_with_the_data():
    noise = StudentT(3.0)
    observed = ebs.Observations.on_grid(
        values=VALUES.reshape(5, 6), x=jnp.arange(5.0), y=jnp.arange(6.0), sigma=1, noise=noise
    )
    for other in (observed.at(jnp.arange(4)), observed.with_sigma(2.0), ebs.JointObservations(a=observed).sets["a"]):
        assert float(other.noise.freedom) == 3.0
    assert observed.without_sigma().noise is None
    assert ebs.JointObservations(a=observed).expected_cost() == pytest.approx(noise.expected())
    line = Line(jnp.zeros(2), jnp.asarray(DESIGN))
    np.testing.assert_allclose(residuals(line, robust(noise)), noise.counted(jnp.asarray(-VALUES / SIGMA)), rtol=1e-12)


def test_what_is_no_noise_is_refused():
    with pytest.raises(ValueError, match="noise is Huber, whose scale is sigma; pass sigma= too"):
        ebs.Observations(VALUES, noise=Huber())
    for make in (lambda: Huber(0.0), lambda: StudentT(jnp.inf)):
        with pytest.raises(ValueError, match="give a positive number"):
            make()
