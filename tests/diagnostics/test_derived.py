"""Values and errors of what follows from the hidden leaves, and the noise that a fit leaves over."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, Line, X, everything
from regression_sets import Regression, coefficients, regression_set

import equibacksolve as ebs
from equibacksolve import diagnostics

COVARIANCE = np.linalg.inv((DESIGN / SIGMA[:, None]).T @ (DESIGN / SIGMA[:, None]))


def derived(quantity, **more):
    return diagnostics.derived(TRUTH, EXACT, quantity, where=everything, **more)


def test_what_was_hidden_has_its_standard_errors():
    found = derived(everything)
    errors = everything(diagnostics.standard_errors(TRUTH, EXACT, where=everything).errors)
    for one, other in zip(jax.tree.leaves(found.error), errors):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert jax.tree.map(float, found.value[0]) == 2.0


def test_a_predicted_curve_has_the_band_of_a_straight_line_fit():
    """Where nobody measured: the variance at x is (x, x^2, 1) C (x, x^2, 1)^T."""
    x = np.linspace(2.0, 4.0, 5)
    design = np.stack([x, x**2, np.ones_like(x)], axis=1)
    band = derived(lambda line: line.predict(x=jnp.asarray(x)))
    np.testing.assert_allclose(band.error, np.sqrt(np.sum(design @ COVARIANCE * design, axis=1)), rtol=1e-11)
    np.testing.assert_allclose(band.value, design @ [0.5, -1.0, 2.0], rtol=1e-12)


def test_correlations_count():
    """The difference of two parabolas' numbers, and a product: D C D^T by hand."""
    found = derived(lambda line: {"sum": line.slopes[0] + line.slopes[1], "product": line.slopes[0] * line.intercept})
    slope = {"sum": np.array([1.0, 1.0, 0.0]), "product": np.array([2.0, 0.0, 0.5])}
    for name, row in slope.items():
        assert float(found.error[name]) == pytest.approx(np.sqrt(row @ COVARIANCE @ row), rel=1e-11)


def test_errors_that_are_known_already_are_taken():
    known = diagnostics.standard_errors(TRUTH, EXACT, where=everything, prior_precision=100.0)
    found, again = (derived(everything, **more) for more in ({"known": known}, {"prior_precision": 100.0}))
    np.testing.assert_array_equal(found.error[1], again.error[1])


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (lambda line: jnp.log(-line.intercept), "quantity has 1 of 1 entries that are not finite at what was found"),
        (lambda line: jnp.sqrt(line.slopes + 1.0), "the slope of quantity has 1 of 2 entries that are not finite"),
        (lambda line: line.slopes.size, "quantity returns int.*, which has no error"),
    ],
)
def test_what_has_no_error_is_told(quantity, message):
    with pytest.raises(ValueError, match=message):
        derived(quantity)


def test_the_noise_of_a_linear_fit_and_its_jackknife():
    """Leaving out one reading after another and fitting anew, by NumPy, gives the same error of sigma."""
    rng = np.random.default_rng(0)
    y = DESIGN @ [0.5, -1.0, 2.0] + 0.1 * rng.normal(size=7)
    fit = lambda rows: np.linalg.lstsq(DESIGN[rows], y[rows], rcond=None)
    best, squares, *_ = fit(np.arange(7))
    without = np.array([fit(np.delete(np.arange(7), i))[1][0] for i in range(7)])
    scales = np.sqrt(without / (6 - 3))
    line = Line(jnp.asarray(best[:2]), jnp.asarray(best[2]))
    found = diagnostics.estimated_noise(line, ebs.Observations(y, x=X), where=everything)
    assert float(found.sigma) == pytest.approx(np.sqrt(squares[0] / 4), rel=1e-10)
    assert float(found.freedom) == pytest.approx(4.0, rel=1e-12)
    assert float(found.error) == pytest.approx(np.sqrt(6 / 7 * np.sum((scales - scales.mean()) ** 2)), rel=1e-8)
    np.testing.assert_allclose(found.observed.sigma, found.sigma)


def test_the_units_of_the_unknowns_change_nothing():
    """The columns of J are of the order of 1, 1e-8 and 1e-16."""
    y = DESIGN @ [0.5, -1.0, 2.0] + 0.1 * np.random.default_rng(0).normal(size=7)
    best, squares, *_ = np.linalg.lstsq(DESIGN, y)
    unit = 1e-8
    line = Line(jnp.asarray(best[:2] / [unit, unit**2]), jnp.asarray(best[2]))
    found = diagnostics.estimated_noise(line, ebs.Observations(y, x=X * unit), where=everything)
    assert float(found.freedom) == pytest.approx(4.0, rel=1e-10)
    assert float(found.sigma) == pytest.approx(np.sqrt(squares[0] / 4), rel=1e-10)


def test_readings_that_are_missing_tell_nothing_of_the_noise():
    y = DESIGN @ [0.5, -1.0, 2.0] + 0.1 * np.random.default_rng(0).normal(size=7)
    there = np.arange(7) != 3
    best = np.linalg.lstsq(DESIGN[there], y[there], rcond=None)[0]
    line = Line(jnp.asarray(best[:2]), jnp.asarray(best[2]))
    all_of_them = diagnostics.estimated_noise(line, ebs.Observations(y, x=X, mask=there), where=everything)
    without = diagnostics.estimated_noise(line, ebs.Observations(y[there], x=X[there]), where=everything)
    assert float(all_of_them.sigma) == pytest.approx(float(without.sigma), rel=1e-12)
    assert float(all_of_them.freedom) == pytest.approx(3.0, rel=1e-12)
    np.testing.assert_allclose(all_of_them.observed.sigma[there], without.sigma)


def test_the_noise_of_nist_is_the_certified_one():
    """And errors from it are the certified standard deviations, to the digits of the certified values."""
    nist = regression_set("Thurber")
    certified = Regression(tuple(map(jnp.asarray, nist.certified)), "Thurber")
    noise = diagnostics.estimated_noise(certified, nist.observed, where=coefficients)
    assert float(noise.sigma) == pytest.approx(nist.deviation, rel=1e-8)
    errors = diagnostics.standard_errors(certified, noise.observed, where=coefficients).errors
    np.testing.assert_allclose(errors.coefficients, nist.deviations, rtol=1e-4)


def test_data_that_leave_nothing_over_are_refused():
    line = Line(jnp.zeros(2), jnp.asarray(0.0))
    three = ebs.Observations([1.0, 2.0, 3.0], x=jnp.arange(3.0))
    for observed, simulator in ((three, line), (EXACT.without_sigma(), TRUTH)):
        with pytest.raises(ValueError, match=r"leave nothing over to tell their noise by: .* pass sigma="):
            diagnostics.estimated_noise(simulator, observed, where=everything)


class Parabolas(ebs.AbstractJointSimulator):
    """One parabola, read by two instruments."""

    line: Line

    def simulators(self):
        return {"good": self.line, "bad": self.line}


def test_each_instrument_has_its_own_noise():
    """Of many readings, sigma of either is what was put in, to three of its errors; of known ones it is a factor."""
    x, rng = np.linspace(-1, 2, 200), np.random.default_rng(1)
    curve = 2.0 + 0.5 * x - x**2
    good, bad = curve + 0.01 * rng.normal(size=200), curve + 0.3 * rng.normal(size=200)
    parabola, where = Parabolas(TRUTH), lambda s: everything(s.line)
    joint = ebs.JointObservations(good=ebs.Observations(good, x=x), bad=ebs.Observations(bad, x=x))
    noise = diagnostics.estimated_noise(parabola, joint, where=where)
    for name, sigma in (("good", 0.01), ("bad", 0.3)):
        assert abs(float(noise.sigma[name]) - sigma) < 3 * float(noise.error[name])
        np.testing.assert_allclose(noise.observed.sets[name].sigma, noise.sigma[name], rtol=1e-12)
    assert sum(map(float, noise.freedom.values())) == pytest.approx(397, rel=1e-12)
    known = joint.with_sigma({"good": 0.02, "bad": 0.3})
    factor = diagnostics.estimated_noise(parabola, known, where=where)
    assert abs(float(factor.sigma["good"]) - 0.5) < 3 * float(factor.error["good"])
    np.testing.assert_allclose(factor.observed.sets["good"].sigma, 0.02 * factor.sigma["good"], rtol=1e-12)
