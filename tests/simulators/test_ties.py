"""Parameters that follow from fewer, beside lmfit's expressions; and numbers that stay positive."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from regression_sets import Regression, regression_set
from toys import READINGS, Decays

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.simulators import Positive


class TwoPeaks(ebs.AbstractTiedSimulator):
    """Gauss1 of NIST with three ties: heights in a ratio, places that add up to 250, one width."""

    decay: tuple[jax.Array, jax.Array]
    height: jax.Array
    place: jax.Array
    width: jax.Array
    ratio: jax.Array

    def simulator(self):
        second = (self.ratio * self.height, 250 - self.place, self.width)
        return Regression((*self.decay, self.height, self.place, self.width, *second), "Gauss1")


LMFIT = {
    "value": (103.101927, 0.0110800578, 102.923847, 68.8061239, 21.8098431, 66.5021363, 181.193876, 21.8098431),
    "error": (1.11687, 0.000252791, 1.1838, 0.167469, 0.312139, 1.11049, 0.167469, 0.312139),
    "squares": 5550.1863708826095,
}
"""lmfit 1.3.4 with b6 = ratio b3, b8 = b5 and b7 = 250 - b4: the eight coefficients, tied ones included."""


def test_ties_and_their_errors_are_those_of_lmfit():
    """To the digits that are given; lmfit's derivatives are differences, good to about 1e-3 in the errors."""
    nist = regression_set("Gauss1")
    b = jnp.asarray(nist.certified)
    start = TwoPeaks((b[0], b[1]), b[2], b[3], b[4], jnp.asarray(0.7))
    hidden = lambda s: (s.decay, s.height, s.place, s.width, s.ratio)
    found = ebs.backsolve(start, nist.observed, ebs.LevenbergMarquardt(), where=hidden, progress=False)
    assert float(found.cost) * 250 == pytest.approx(LMFIT["squares"], rel=1e-9)
    noise = diagnostics.estimated_noise(found.simulator, nist.observed, where=hidden)
    seen = lambda s: jnp.stack(s.simulator().coefficients)
    all_eight = diagnostics.derived(found.simulator, noise.observed, seen, where=hidden)
    np.testing.assert_allclose(all_eight.value, LMFIT["value"], rtol=1e-6)
    np.testing.assert_allclose(all_eight.error, LMFIT["error"], rtol=2e-3)


class PositiveDecays(ebs.AbstractTiedSimulator):
    """Rates of any size, but above zero."""

    height: jax.Array
    rate: Positive

    def simulator(self):
        return Decays(self.height, self.rate.value)


def test_a_logarithm_keeps_a_number_positive_and_changes_no_error():
    """The error of the value is that of a search for the value itself: rate times that of the logarithm."""
    start = PositiveDecays(jnp.array([1.0, 0.5]), Positive([0.7, 1.6]))
    observed = READINGS.with_sigma(1e-3)
    where = lambda s: s.rate
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=where, progress=False)
    np.testing.assert_allclose(found.simulator.rate.value, [0.5, 2.0], rtol=1e-9)
    plain = diagnostics.standard_errors(found.simulator.simulator(), observed, where=lambda s: s.rate)
    tied = diagnostics.derived(found.simulator, observed, lambda s: s.rate.value, where=where)
    np.testing.assert_allclose(tied.error, plain.errors.rate, rtol=1e-9)
    np.testing.assert_allclose(
        diagnostics.standard_errors(found.simulator, observed, where=where).errors.rate.logarithm,
        plain.errors.rate / found.simulator.rate.value,
        rtol=1e-9,
    )


def test_bounds_of_a_positive_number_hold_on_its_value():
    start = PositiveDecays(jnp.array([1.0, 0.5]), Positive([0.7, 1.6]))
    bounds = (Positive([0.1, 0.1]), Positive([5.0, 1.8]))
    found = ebs.backsolve(
        start, READINGS, ebs.LevenbergMarquardt(), where=lambda s: s.rate, bounds=bounds, progress=False
    )
    assert float(found.simulator.rate.value[1]) == pytest.approx(1.8, rel=1e-12)
    assert "held by bounds: rate.logarithm[1] by its upper one" in found.reason


def test_what_is_not_positive_has_no_logarithm():
    for bad in (0.0, [1.0, -2.0], jnp.inf):
        with pytest.raises(ValueError, match=r"Positive got .*; give positive, finite numbers"):
            Positive(bad)


class Picky(ebs.AbstractSimulator):
    """A simulator with a limit."""

    place: jax.Array

    def predict(self, x):
        return self.place * x

    def check_settings(self, x):
        raise ValueError("this cannot be trusted.")


class TiedToPicky(ebs.AbstractTiedSimulator):
    """Half of it."""

    place: jax.Array

    def simulator(self):
        return Picky(self.place / 2)


def test_settings_are_checked_by_the_simulator_that_is_made():
    with pytest.raises(ValueError, match=r"this cannot be trusted"):
        TiedToPicky(jnp.asarray(1.0)).check_settings(x=jnp.ones(2))
