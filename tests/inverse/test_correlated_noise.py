"""Noise whose readings depend on each other, against dense generalised least squares by NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from toys import DECAYS, TIME, Line, Squares, coefficients, values

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.inverse import StudentT, residuals
from equibacksolve.specialists._flips import Pattern, misfits_of_flips

X = np.linspace(0, 1, 9)
DESIGN = np.stack([np.ones_like(X), X, X**2], axis=1)
C = 0.04 * np.exp(-np.abs(X[:, None] - X) / 0.3) + np.diag(np.linspace(0.01, 0.03, 9) ** 2)
Y = DESIGN @ [1.0, -2.0, 0.5] + np.linalg.cholesky(C) @ np.random.default_rng(0).normal(size=9)
THERE = np.array([True, True, False, True, True, True, True, False, True])
START = Line(jnp.zeros(3), jnp.asarray(DESIGN))


def chi_squared(left, there):
    return left[there] @ np.linalg.solve(C[np.ix_(there, there)], left[there])


@pytest.mark.parametrize("there", [np.ones(9, bool), THERE], ids=["all", "some missing"])
def test_a_fit_is_generalised_least_squares(there):
    """Chi-squared, the estimate, its covariance and the goodness of fit, of the readings that count."""
    observed = ebs.Observations(np.where(there, Y, np.nan), covariance=C, mask=there)
    found = ebs.backsolve(START, observed, ebs.LevenbergMarquardt(), where=coefficients, progress=False)
    design, y, inverse = DESIGN[there], Y[there], np.linalg.inv(C[np.ix_(there, there)])
    covariance = np.linalg.inv(design.T @ inverse @ design)
    best = covariance @ design.T @ inverse @ y
    np.testing.assert_allclose(found.simulator.coefficients, best, rtol=1e-7)
    squares = chi_squared(Y - DESIGN @ best, there)
    assert float(found.cost) * there.sum() == pytest.approx(squares, rel=1e-9)
    known = diagnostics.standard_errors(found.simulator, observed, where=coefficients)
    np.testing.assert_allclose(known.covariance, covariance, rtol=1e-8)
    fit = diagnostics.goodness_of_fit(found.simulator, observed, where=coefficients)
    assert float(fit.expected) == pytest.approx(there.sum() - 3, rel=1e-9)
    # nothing but the mean is known: the same with a constant
    one = np.ones(there.sum())
    mean = one @ inverse @ y / (one @ inverse @ one)
    spread = (y - mean) @ inverse @ (y - mean) / there.sum()
    assert float(observed.variance()) == pytest.approx(spread, rel=1e-9)


def test_a_kernel_is_its_matrix_and_sigma_is_beside_it():
    """On a mesh, whose last axis runs fastest; one number and one for each reading."""
    kernel = lambda flux, energy: 0.5 * jnp.exp(-jnp.abs(flux) / 0.2 - energy**2)
    flux, energy = np.array([0.0, 0.1, 0.3]), np.array([-1.0, 1.0])
    f, e = (mesh.reshape(-1) for mesh in np.meshgrid(flux, energy, indexing="ij"))
    matrix = 0.5 * np.exp(-np.abs(f[:, None] - f) / 0.2 - (e[:, None] - e) ** 2)
    sigma = np.linspace(0.1, 0.2, 6)
    mesh = {"values": np.arange(6.0).reshape(3, 2), "flux": flux, "energy": energy}
    for size, noise in ((0.1, np.full(6, 0.1)), (sigma.reshape(3, 2), sigma)):
        one = ebs.Observations.on_grid(covariance=kernel, sigma=size, **mesh)
        other = ebs.Observations.on_grid(covariance=matrix + np.diag(noise**2), **mesh)
        np.testing.assert_allclose(one.whitening, other.whitening, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(one.sigma, np.sqrt(0.5 + noise**2), rtol=1e-12)
        white = np.asarray(one.whitening)
        np.testing.assert_allclose(white @ (matrix + np.diag(noise**2)) @ white.T, np.eye(6), atol=1e-12)


def test_a_diagonal_covariance_is_sigma():
    sigma = np.linspace(0.1, 0.4, 12)
    plain = ebs.Observations(DECAYS.predict(time=TIME) + 0.1, sigma=sigma, time=TIME)
    whitened = ebs.Observations(plain.values, covariance=np.diag(sigma**2), time=TIME)
    np.testing.assert_allclose(residuals(DECAYS, whitened), residuals(DECAYS, plain), rtol=1e-12)
    np.testing.assert_allclose(whitened.mean_square(), plain.mean_square(), rtol=1e-12)
    np.testing.assert_allclose(whitened.variance(), plain.variance(), rtol=1e-12)


def test_another_sigma_keeps_the_correlations_and_none_drops_them():
    observed = ebs.Observations(Y, covariance=C, mask=THERE)
    doubled = observed.with_sigma(2 * observed.sigma)
    left = residuals(START, observed)
    np.testing.assert_allclose(residuals(START, doubled), left / 2, rtol=1e-12)
    assert observed.without_sigma().whitening is None
    noise = diagnostics.estimated_noise(START, observed, where=coefficients)
    assert float(jnp.sum(residuals(START, noise.observed) ** 2)) == pytest.approx(float(noise.freedom), rel=1e-9)


class Both(ebs.AbstractJointSimulator):
    """One line, read twice."""

    line: Line

    def simulators(self):
        return {"a": self.line, "b": self.line}


def test_each_set_has_its_own_correlations():
    a, b = ebs.Observations(Y, covariance=C, mask=THERE), ebs.Observations(Y, sigma=0.1)
    joint = ebs.JointObservations(a=a, b=b)
    expected = np.concatenate([residuals(START, a), residuals(START, b)])
    np.testing.assert_allclose(residuals(Both(START), joint), expected, rtol=1e-12)
    assert not joint.is_divisible


def test_correlated_readings_belong_together():
    observed = ebs.Observations(DECAYS.predict(time=TIME), covariance=0.1 * np.eye(12), time=TIME)
    assert not observed.is_divisible
    with pytest.raises(ValueError, match="observed has a covariance: its readings belong together"):
        observed.at(jnp.array([0, 1]))


@pytest.mark.parametrize("kind", ["outliers", "correlated"])
def test_flips_count_residuals_as_the_data_do(kind):
    """The misfit of each pattern that differs in one entry, against the residuals of that pattern."""
    number, like = jnp.arange(4.0), Squares(jnp.array([[0.0, 1.0], [1.0, 0.0]]))
    noise = {"sigma": 0.5, "noise": StudentT(3)} if kind == "outliers" else {"covariance": 0.2 + np.diag([1, 2, 3, 4])}
    observed = ebs.Observations(like.predict(number=number) + jnp.array([0.1, 9.0, -0.3, 0.2]), number=number, **noise)
    problem, hidden = ebs.inverse.make_problem(like, observed, values)
    upper = jnp.array([False, True, True, False])
    levels = jnp.stack([jnp.zeros(4), jnp.ones(4)])
    pattern = Pattern(upper, levels, jax.random.key(0), jnp.zeros((), int), jnp.asarray(False))
    here, flipped = misfits_of_flips(problem, hidden, pattern, False)
    squares = lambda flat: float(jnp.sum(problem.residuals(ravel_pytree(hidden)[1](flat)) ** 2))
    assert float(here) == pytest.approx(squares(jnp.where(upper, 1.0, 0.0)), rel=1e-12)
    for entry in range(4):
        other = jnp.where(upper ^ (jnp.arange(4) == entry), 1.0, 0.0)
        assert float(flipped[entry]) == pytest.approx(squares(other), rel=1e-10)


def test_they_are_saved(tmp_path):
    observed = ebs.Observations(Y, covariance=C, mask=THERE)
    ebs.inverse.save_observations(observed, tmp_path / "observed.npz")
    again = ebs.load_observations(tmp_path / "observed.npz")
    np.testing.assert_array_equal(again.whitening, observed.whitening)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"covariance": C[:4, :4]}, r"covariance has shape \(4, 4\), but there are 9 values"),
        ({"covariance": C + np.triu(0.01 * C, 1)}, "covariance is not symmetric"),
        ({"covariance": np.ones((9, 9))}, "covariance is not positive definite: .* pass sigma= too"),
        ({"covariance": -C}, "variances below zero"),
        ({"covariance": np.where(np.eye(9) > 0, np.nan, C)}, "entries that are not finite"),
        ({"covariance": C - np.diag(np.diag(C))}, "sigma must be positive wherever a value counts"),
        ({"covariance": lambda: 1.0}, "covariance is a function of settings, but these values have none"),
        ({"covariance": C, "noise": StudentT()}, "noise is StudentT, whose readings do not depend on each other"),
    ],
)
def test_what_is_no_covariance_is_refused(more, message):
    with pytest.raises(ValueError, match=message):
        ebs.Observations(Y, **more)


def test_a_constant_kernel_with_sigma_is_an_offset_that_nobody_knows():
    """As if an offset of that size were hidden, with a prior: the same estimate of the slope."""
    design = np.stack([X, np.ones_like(X)], axis=1)
    slope_alone = Line(jnp.zeros(1), jnp.asarray(design[:, :1]))
    observed = ebs.Observations(Y, sigma=0.1, covariance=np.full((9, 9), 4.0))
    known = diagnostics.standard_errors(slope_alone, observed, where=coefficients)
    with_prior = np.linalg.inv(design.T @ design / 0.01 + np.diag([0, 1 / 4]))
    assert float(known.covariance[0, 0]) == pytest.approx(with_prior[0, 0], rel=1e-9)
