"""The walk along a profile, on profiles in closed form: where it ends, and why."""

import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve.diagnostics._profile_fit import ProfilePoint
from equibacksolve.diagnostics._profile_walk import FARTHEST, SHORTEST, STEP, walked


def walk(squares, slope, side, *, level=2.0, least=-np.inf, most=np.inf, fails_beyond=np.inf, error=1.0):
    """From 0, in units of an error; the quantity ends at `least` and `most`, or its fits fail beyond a distance."""

    def fit(last, target, width):
        value = float(np.clip(target / error, least, most))
        there = abs(value) < fails_beyond
        return ProfilePoint(jnp.zeros(()), error * value, squares(value) if there else np.nan, slope(value) / error)

    return walked(fit, ProfilePoint(jnp.zeros(()), 0.0, squares(0.0), 0.0), error, side, level)


@pytest.mark.parametrize("side", [-1, 1])
def test_it_ends_where_chi_squared_has_risen_enough(side):
    found = walk(lambda q: q**2, lambda q: 2 * q, side)
    assert found.stop == "level"
    assert found.distances[-2] < 2.0 <= found.distances[-1]
    np.testing.assert_allclose(found.distances, np.abs([point.value for point in found.points]), rtol=1e-12)


@pytest.mark.parametrize("side", [-1, 1])
def test_it_is_open_where_chi_squared_never_rises_enough(side):
    """It is followed for a thousand errors, and no farther than one step more."""
    found = walk(lambda q: q**2 / (1 + q**2), lambda q: 2 * q / (1 + q**2) ** 2, side)
    assert found.stop == "open"
    before, last = (side * point.value for point in found.points[-2:])
    assert before <= FARTHEST < last


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("error", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("edge", [0.8, 1.3])
def test_it_comes_near_to_where_fits_fail(side, edge, error):
    """Steps are shortened down to a sixty-fourth of the longest: the last one that fails is up to four times that."""
    found = walk(lambda q: q**2, lambda q: 2 * q, side, fails_beyond=edge, error=error)
    assert found.stop == "open"
    values = np.array([point.value for point in found.points]) / error
    longest = max(np.abs(np.diff(values)).max(), STEP)
    assert 0 < edge - side * values[-1] < 4 * SHORTEST * longest


@pytest.mark.parametrize("side", [-1, 1])
def test_a_quantity_that_goes_no_further_has_a_limit(side):
    found = walk(lambda q: q**2, lambda q: 2 * q, side, least=-1.2, most=1.2)
    assert found.stop == "limit"
    assert side * found.points[-1].value == pytest.approx(1.2, abs=4 * SHORTEST)


@pytest.mark.parametrize("side", [-1, 1])
def test_where_chi_squared_does_not_change_at_all_it_is_open(side):
    found = walk(lambda q: 3.0, lambda q: 0.0, side)
    assert found.stop == "open"
    assert set(found.distances) == {0.0}
