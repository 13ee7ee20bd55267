"""Draws from the posterior: closed forms, quadrature, a bound, two minima, and what is told of chains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, everything

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.diagnostics._box_transform import BoxTransform
from equibacksolve.diagnostics._told_of_chains import modes_of, told_of_chains
from equibacksolve.inverse import Negation

pytest.importorskip("blackjax", reason="BlackJAX is not installed: pip install 'equibacksolve[samples]'")
COVARIANCE = np.linalg.inv((DESIGN / SIGMA[:, None]).T @ (DESIGN / SIGMA[:, None]))


@pytest.fixture(scope="module")
def of_a_line():
    return diagnostics.posterior_samples(TRUTH, EXACT, where=everything, key=0, draws=2000)


def test_draws_of_a_linear_model_are_normal(of_a_line):
    """Means and covariance, to five standard errors of what so many independent draws give."""
    draws = np.concatenate([of_a_line.hidden.slopes, of_a_line.hidden.intercept[..., None]], axis=2).reshape(-1, 3)
    assert len(of_a_line.told) == 1  # no complaint
    worth = min(float(jnp.min(leaf)) for leaf in jax.tree.leaves(of_a_line.effective))
    errors = np.sqrt(np.diag(COVARIANCE))
    assert np.all(np.abs(draws.mean(0) - [0.5, -1.0, 2.0]) < 5 * errors / np.sqrt(worth))
    # The standard error of a covariance of correlation c is sqrt((1 + c^2) / n) errors squared, at most sqrt(2 / n).
    off = (np.cov(draws.T) - COVARIANCE) / errors / errors[:, None]
    assert np.all(np.abs(off) < 5 * np.sqrt(2 / worth))
    # chi-squared of three unknowns is 3 on average
    assert float(2 * of_a_line.minus_log_density.mean()) == pytest.approx(3.0, abs=5 * np.sqrt(6 / worth))


def test_derived_quantities_come_from_draws_on_request(of_a_line):
    """The square of an intercept that is known to 6 %: mean m^2 + s^2, variance 4 m^2 s^2 + 2 s^4."""
    found = diagnostics.derived(TRUTH, EXACT, lambda s: s.intercept**2, where=everything, samples=of_a_line)
    variance = COVARIANCE[2, 2]
    expected = np.sqrt(16 * variance + 2 * variance**2)
    assert float(found.value) == pytest.approx(4 + variance, abs=5 * expected / np.sqrt(4000))
    assert float(found.error) == pytest.approx(expected, rel=0.06)  # five errors of 4000 draws
    with pytest.raises(ValueError, match=r"quantity has \d+ of 8000 entries that are not finite in the draws"):
        diagnostics.derived(TRUTH, EXACT, lambda s: jnp.log(s.slopes[0] - 0.5), where=everything, samples=of_a_line)


def test_draws_are_labelled_for_arviz(of_a_line):
    pytest.importorskip("xarray")
    tree = of_a_line.to_xarray()
    assert tree["posterior"]["slopes"].dims == ("chain", "draw", "slopes_axis_0")
    np.testing.assert_array_equal(tree["posterior"]["intercept"], of_a_line.hidden.intercept)
    assert set(tree["sample_stats"].data_vars) == {"diverging", "acceptance_rate", "lp"}


def test_levels_are_probabilities(of_a_line):
    with pytest.raises(ValueError, match="give probabilities between 0 and 1"):
        of_a_line.interval(lambda s: s.intercept, levels=[68.3])


class Square(ebs.AbstractSimulator):
    """y = x^2: the sign of x is lost."""

    x: jax.Array

    def predict(self):
        return self.x[None] ** 2


def hidden(simulator):
    return simulator.x


def draws_of(reading, bounds, **more):
    observed, found = ebs.Observations([reading], sigma=0.5), Square(jnp.asarray(abs(reading) ** 0.5))
    # `bounds` always, so that all share one program.
    return diagnostics.posterior_samples(found, observed, where=hidden, bounds=bounds, key=1, draws=2000, **more)


@pytest.mark.parametrize("reading", [0.3, -0.2], ids=["inside", "at the bound"])
def test_draws_within_a_bound_are_as_quadrature_has_them(reading):
    """x > 0, flat there: exp(-2 (x^2 - y)^2), on a fine mesh; with y < 0 the most probable x is at the bound."""
    samples = draws_of(reading, (0.0, jnp.inf))
    assert float(samples.hidden.x.min()) > 0
    x = np.linspace(0, 3, 30001)
    below = np.cumsum(np.exp(-2 * (x**2 - reading) ** 2))
    lower, upper = samples.interval(hidden, levels=np.array([0.683, 0.954]))
    for ends, tails in ((lower, (0.1585, 0.023)), (upper, (0.8415, 0.977))):
        # the share of the exact posterior below each end, give or take five of sqrt(p (1 - p) / n)
        shares = np.interp(ends, x, below / below[-1])
        for share, tail in zip(shares, tails):
            assert share == pytest.approx(tail, abs=5 * np.sqrt(tail * (1 - tail) / float(samples.effective.x)))


def test_chains_around_two_minima_are_told_apart_or_are_images_of_each_other():
    """x^2 = 4: 2 or -2, 32 errors apart. A symmetry makes one of the two."""
    everywhere = (-jnp.inf, jnp.inf)
    samples = draws_of(4.0, everywhere, starts=[Square(jnp.asarray(-2.0))])
    assert samples.modes == [[0, 2], [1, 3]]
    assert "around 2 different minima" in samples.told[1]
    together = draws_of(4.0, everywhere, starts=[Square(jnp.asarray(-2.0))], symmetries=[Negation(hidden)])
    assert together.modes == [[0, 1, 2, 3]]
    assert len(together.told) == 1
    assert float(together.hidden.x.min()) > 0


@pytest.mark.parametrize("ends", [(-1.0, 2.0), (-1.0, np.inf), (-np.inf, 2.0), (-np.inf, np.inf)])
def test_a_transform_and_its_slopes(ends):
    """There and back; slopes against finite differences (steps of 1e-4, and errors of their square)."""
    box = BoxTransform(*(jnp.full(3, end) for end in ends))
    z = jnp.array([-1.5, 0.2, 2.0])
    np.testing.assert_allclose(box.free(box.inside(z)), z, atol=1e-12)
    step = 1e-4
    up, here, down = (np.asarray(box.inside(z + change)) for change in (step, 0.0, -step))
    first, second, of_volume = box.slopes(z)
    np.testing.assert_allclose(first, (up - down) / (2 * step), rtol=1e-7)
    np.testing.assert_allclose(second, (up - 2 * here + down) / step**2, atol=1e-6)
    logs = [np.log(np.abs(box.slopes(z + change)[0])) for change in (step, 0.0, -step)]
    np.testing.assert_allclose(box.log_volume(z), np.sum(logs[1]), atol=1e-12)
    np.testing.assert_allclose(of_volume, (logs[0] - 2 * logs[1] + logs[2]) / step**2, atol=1e-6)


def test_what_is_told_of_chains():
    good = np.zeros((2, 1000), bool)
    told = lambda r_hat, worth, lost, modes: told_of_chains(
        jnp.array([1.0, r_hat]), jnp.array([900.0, worth]), jnp.asarray(lost), modes, jnp.zeros((2, 1000))
    )
    assert told(1.002, 800, good, [[0, 1]]) == [
        "2 chains of 1000 draws: split R-hat up to 1.002, worth 800 independent draws."
    ]
    assert "take more draws" in told(1.2, 800, good, [[0, 1]])[1]
    assert "take more draws" in told(1.0, 150, good, [[0, 1]])[1]
    assert "take more draws" in told(np.nan, np.nan, good, [[0, 1]])[1]
    assert told(1.0, 800, ~good, [[0, 1]])[1].startswith("2000 draws diverged")


def test_chains_in_groups():
    """Means at 0, 5, 2.5 and 40 of widths of one: the third joins the first two."""
    rng = np.random.default_rng(0)
    chains = [center + rng.normal(size=(500, 1)) for center in (0.0, 5.0, 2.5, 40.0)]
    assert modes_of(np.stack(chains[:2])) == [[0], [1]]
    assert modes_of(np.stack(chains)) == [[0, 1, 2], [3]]


@pytest.mark.parametrize(
    ("observed", "changes", "message"),
    [
        (EXACT.without_sigma(), {}, "observed has no sigma, without which the posterior has no width"),
        (EXACT, {"chains": 1}, "chains=1, draws=1000, warmup=500; give 2 chains"),
        (EXACT, {"acceptance": 1.0}, "acceptance is 1.0; give a share"),
        (EXACT.at(jnp.array([0, 3])), {}, "determine only 2 of 3 combinations of the unknowns"),
    ],
)
def test_what_cannot_be_sampled_is_refused(observed, changes, message):
    with pytest.raises(ValueError, match=message):
        diagnostics.posterior_samples(TRUTH, observed, where=everything, **changes)


def test_single_precision_is_refused_while_jax_has_double():
    """BlackJAX makes doubles of some numbers then, and its loops refuse the mixture."""
    single = Square(jnp.asarray(2.0, jnp.float32))
    with pytest.raises(ValueError, match="the hidden leaves are float32, in which BlackJAX does not sample"):
        diagnostics.posterior_samples(single, ebs.Observations([4.0], sigma=0.5), where=hidden)
