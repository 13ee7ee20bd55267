"""Profile intervals: exact for linear models, one-sided at bounds, open where data say no more, and as lmfit's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, Line, X, everything
from matplotlib.figure import Figure
from regression_sets import Regression, coefficients, regression_set

import equibacksolve as ebs
from equibacksolve.diagnostics import profile_interval
from equibacksolve.plotting import Quantity, draw_profile

LEVELS = [0.6826894921370859, 0.9544997361036416]
COVARIANCE = np.linalg.inv((DESIGN / SIGMA[:, None]).T @ (DESIGN / SIGMA[:, None]))


def test_a_linear_model_has_its_standard_error_times_the_quantile():
    """Entries (slopes first, as the fields are), and a sum of them; chi-squared is a parabola, up to rounding."""
    rows = {(1, 0): [1, 0, 0], (0,): [0, 0, 1]}
    for entry, row in rows.items():
        interval = profile_interval(TRUTH, EXACT, entry, where=everything, levels=LEVELS)
        error = np.sqrt(row @ COVARIANCE @ np.asarray(row, float))
        assert float(interval.error) == pytest.approx(error, rel=1e-10)
        center = float(interval.estimate)
        np.testing.assert_allclose(interval.upper - center, [error, 2 * error], rtol=1e-6)
        np.testing.assert_allclose(center - interval.lower, [error, 2 * error], rtol=1e-6)
        np.testing.assert_allclose(interval.distances, (interval.values - center) / error, atol=1e-5)
    assert not bool(interval.limited.any())


def test_without_sigma_it_is_the_quantile_of_student():
    y = DESIGN @ [0.5, -1.0, 2.0] + 0.1 * np.random.default_rng(0).normal(size=7)
    best, squares, *_ = np.linalg.lstsq(DESIGN, y, rcond=None)
    line = Line(jnp.asarray(best[:2]) + 0.05, jnp.asarray(best[2]))  # not yet at the minimum
    both = lambda s: s.slopes[0] + 2 * s.intercept
    interval = profile_interval(line, ebs.Observations(y, x=X), both, where=everything, levels=[0.9])
    row = np.array([1.0, 0.0, 2.0])
    error = np.sqrt(squares[0] / 4 * row @ np.linalg.inv(DESIGN.T @ DESIGN) @ row)
    reach = scipy.stats.t.ppf(0.95, 4) * error
    assert float(interval.upper[0] - interval.estimate) == pytest.approx(reach, rel=1e-6)
    assert float(interval.estimate - interval.lower[0]) == pytest.approx(reach, rel=1e-6)


class Saturation(ebs.AbstractSimulator):
    """1 - exp(-rate t), read late: how fast it was, data tell from below only."""

    rate: jax.Array
    height: jax.Array

    def predict(self, time):
        return self.height * (1 - jnp.exp(-self.rate * time))


def both(simulator):
    return simulator.rate, simulator.height


def rate(simulator):
    return simulator.rate


LATE = ebs.Observations([0.91, 0.95, 1.01, 1.0], sigma=0.05, time=[1.0, 1.5, 2.0, 2.5])
FOUND = ebs.backsolve(
    Saturation(jnp.asarray(2.0), jnp.asarray(1.0)), LATE, ebs.LevenbergMarquardt(), where=both, progress=False
).simulator


@pytest.fixture(scope="module")
def free():
    """The interval of the rate, without bounds."""
    return profile_interval(FOUND, LATE, rate, where=both, levels=LEVELS)


def squares(rate):
    """Chi-squared with the height fitted anew, in closed form."""
    curve = 1 - np.exp(-rate * np.asarray(LATE.variables["time"])) if np.isfinite(rate) else np.ones(4)
    values = np.asarray(LATE.values)
    height = curve @ values / (curve @ curve)
    return float(np.sum((height * curve - values) ** 2)) / 0.05**2


def test_an_interval_whose_level_is_never_reached_is_open(free):
    interval = free
    lowest = squares(float(FOUND.rate))
    never = squares(np.inf) - lowest
    assert LEVELS[0] < scipy.stats.chi2.cdf(never, 1) < LEVELS[1]  # so that one interval is closed, and one is open
    for number, z in ((0, 1.0), (1, 2.0)):
        assert squares(float(interval.lower[number])) - lowest == pytest.approx(z**2, rel=1e-5)
    assert squares(float(interval.upper[0])) - lowest == pytest.approx(1.0, rel=1e-5)
    assert float(interval.upper[1]) == np.inf
    closed, open_above = interval.told
    assert "open" not in closed
    assert "to inf, open above: chi-squared stays under the level as far as" in open_above


def test_at_a_bound_it_is_one_sided(free):
    bounds = ((1.5, -jnp.inf), (3.0, jnp.inf))
    interval = profile_interval(FOUND, LATE, rate, where=both, levels=LEVELS, bounds=bounds)
    assert float(free.lower[1]) < 1.5 < float(free.lower[0])
    np.testing.assert_allclose(interval.lower, [free.lower[0], 1.5], rtol=1e-6)
    np.testing.assert_allclose(interval.upper, [min(3.0, float(free.upper[0])), 3.0], rtol=1e-6)
    assert bool(interval.limited[0, 1])
    assert bool(interval.limited[1, 1])
    assert "one-sided: 1.5 is the lower limit of the quantity" in interval.told[1]


def test_a_quantity_that_can_go_no_further_has_that_limit(free):
    """exp(-rate) is above zero, whatever the rate is."""
    interval = profile_interval(FOUND, LATE, lambda s: jnp.exp(-s.rate), where=both, levels=LEVELS)
    assert float(interval.upper[0]) == pytest.approx(float(jnp.exp(-free.lower[0])), rel=1e-5)
    assert float(interval.lower[0]) == pytest.approx(float(jnp.exp(-free.upper[0])), rel=1e-5)
    assert abs(float(interval.lower[1])) < 1e-3 * float(interval.error)
    assert bool(interval.limited[0, 1])


def test_it_is_drawn(free):
    axes = Figure().subplots()
    draw_profile(axes, free, Quantity("rate", "1/s", 2.0))
    np.testing.assert_allclose(axes.lines[0].get_xdata(), 2 * np.asarray(free.values))
    assert axes.get_xlabel() == "rate (1/s)"


@pytest.mark.parametrize(
    ("quantity", "more", "message"),
    [
        (rate, {"levels": [0.9, 1.0]}, "give probabilities between 0 and 1"),
        (lambda s: jnp.stack([s.rate, s.height]), {}, r"an array of shape \(2,\) .* let it return one finite number"),
        (lambda s: jnp.log(s.rate - 100), {}, "quantity returns nan"),
        (lambda s: jnp.asarray(3.0), {}, "quantity does not depend on what is hidden"),
    ],
)
def test_what_has_no_interval_is_told(quantity, more, message):
    with pytest.raises(ValueError, match=message):
        profile_interval(FOUND, LATE, quantity, where=both, **more)


class DoubleWell(ebs.AbstractSimulator):
    """Two minima, of which the one above zero is deeper."""

    place: jax.Array

    def predict(self):
        return jnp.stack([self.place**2 - 1, 0.3 * (self.place - 1)])


def test_a_better_minimum_on_the_way_is_told():
    observed = ebs.Observations([0.0, 0.0], sigma=0.5)
    start = DoubleWell(jnp.asarray(-0.95))
    with pytest.raises(ValueError, match=r"chi-squared is lower by .* than at the minimum that was found, -0\.9"):
        profile_interval(start, observed, lambda s: s.place, where=lambda s: s.place, levels=[0.99])


LMFIT = {
    "Misra1a": {1: (5.33936737668e-4, 5.42567110108e-4, 5.57753849801e-4, 5.66413115527e-4)},
    "Thurber": {
        1: (1377.86366101, 1448.05886675, 1522.30215309, 1549.32844191),
        5: (0.35472, 0.38130941435, 0.41096047048, 0.42302879164),
    },
    "MGH09": {
        1: (-0.0103352459404, 0.0685943108649, 0.438514867396, 1.41128155438),
        3: (0.0286285770611, 0.0759984468981, 0.239883334411, 0.576668729368),
    },
    "Eckerle4": {
        1: (3.99128457016, 4.04090973240, 4.13735965261, 4.18891849005),
        2: (451.443645170, 451.49361439, 451.58879033, 451.638656838),
    },
    "Rat43": {1: (0.170733060061, 3.25747672447, 7.84545180190, 12.8024009727)},
}
"""Ends of the intervals of two and one standard deviations, below and above: `conf_interval` of lmfit 1.3.4.

Three of its ends of all 20 coefficients are off by more than 1e-3 of their distance: b6 of Thurber, below (0.36135); b3
of Eckerle4, one deviation (451.4917 and 451.5907). The numbers above are those of SciPy's least_squares, led there step
by step, and with brentq. research/2026-11-30-profile-intervals.md has all."""


@pytest.mark.parametrize("name", LMFIT)
def test_intervals_of_nist_are_those_of_lmfit(name):
    """Sigma unknown, the certified values as the minimum. lmfit finds its ends to about 1e-4 of their distance."""
    nist = regression_set(name)
    certified = Regression(tuple(map(jnp.asarray, nist.certified)), name)
    for number, ends in LMFIT[name].items():
        interval = profile_interval(certified, nist.observed, (number,), where=coefficients, levels=LEVELS)
        ours = np.concatenate([interval.lower[::-1], interval.upper])
        np.testing.assert_allclose(ours - nist.certified[number], ends - nist.certified[number], rtol=1e-3)
