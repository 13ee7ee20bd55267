"""Kicks and half images: a trap of a wrong sign is left by a half image, one of another kind by kicks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from toys import EXPLAINED_WELL, LOCAL, DoubleWell, place

import equibacksolve as ebs

LM = ebs.LevenbergMarquardt()
SIGNS = jnp.array([[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]]) / 4
"""Even under both mirrors, odd under one, under the other, under both."""


class Signs(ebs.AbstractSimulator):
    """The even part of a 2 x 2 map, squares of the odd ones, and their product, which alone knows of their signs."""

    values: Array

    def predict(self):
        even, one, other, both = jnp.tensordot(SIGNS, self.values, 2)
        return jnp.stack([even, one**2, other**2, both**2, 0.2 * one * other * both])


def values(simulator):
    return simulator.values


def of_parts(*parts):
    return Signs(4 * jnp.tensordot(jnp.array(parts), SIGNS, 1))


TRUTH = of_parts(0.5, 1.0, -0.8, 0.6)
TRAPPED = of_parts(0.5, 1.0, -0.8, -0.5)
READINGS = ebs.Observations(TRUTH.predict())
MIRRORS = (ebs.Mirror(values, 0), ebs.Mirror(values, 1))


def hopping(method, starts, *symmetries, **kicks):
    guesses = ebs.specialists.Kicks(*symmetries, **kicks)
    return ebs.methods.Restarts(method, (method,), starts=starts, guesses=guesses)


def solve(start, observed, method, where, **more):
    return ebs.backsolve(start, observed, method, where=where, key=jax.random.key(0), progress=False, **more)


def test_the_mirrors_are_symmetries_and_the_half_image_is_none():
    for mirror in MIRRORS:
        assert float(ebs.inverse.symmetry_error(mirror, TRUTH, READINGS)) < 1e-15  # rounding of numbers of order one
    half = ebs.specialists.half_image(TRUTH, *MIRRORS)
    np.testing.assert_allclose(half.predict()[:4], READINGS.values[:4], atol=1e-15)
    np.testing.assert_allclose(half.predict()[4], -READINGS.values[4], atol=1e-15)


@pytest.mark.parametrize("start", [TRAPPED.values, jnp.full((2, 2), 0.4)])
def test_kicks_have_the_unit_of_the_map(start):
    """Its standard deviation times `height`; of a constant map, its value."""
    problem, hidden = ebs.inverse.make_problem(TRAPPED, READINGS, values)
    kicked = lambda unit: ebs.specialists.Kicks().kicked(
        problem, jax.tree.map(lambda _: unit * start, hidden), jax.random.key(0)
    )
    once = kicked(1.0).values
    assert np.abs(once - start).max() > 0.01
    for unit in (1e-6, 1e6):
        np.testing.assert_allclose(kicked(unit).values, unit * once, rtol=1e-12)


def test_a_half_image_leaves_the_trap_of_a_wrong_sign():
    assert not solve(TRAPPED, READINGS, LM, values).converged
    found = solve(TRAPPED, READINGS, hopping(LM, 2, MIRRORS), values)
    assert found.converged
    assert set(found.history.start) == {0, 1}
    assert list(found.history.evaluations) == sorted(found.history.evaluations)
    nearest = ebs.inverse.closest_image(found.simulator, MIRRORS, TRUTH, values)
    np.testing.assert_allclose(values(nearest), values(TRUTH), atol=1e-2)  # explained: a millionth of the variance


def test_kicks_leave_a_trap_and_the_best_end_is_kept():
    trapped = DoubleWell(jnp.array(-1.2))
    alone = solve(trapped, EXPLAINED_WELL, LM, place)
    assert float(alone.simulator.place) == pytest.approx(LOCAL, abs=1e-2)  # it ends at 0.5 % decrease
    found = solve(trapped, EXPLAINED_WELL, hopping(LM, 21, height=2.0), place)
    assert found.converged
    assert float(found.simulator.place) == pytest.approx(1, abs=1e-6)  # explained: (1 - p)^2 < 1e-18 / 4, by far


def test_hops_begin_at_the_best_end_so_far_and_not_at_the_latest():
    """Searches of no step end where they begin."""
    still = ebs.LevenbergMarquardt(steps=0)
    seen = {}
    solve(
        TRAPPED,
        READINGS,
        hopping(still, 7, height=0.1),
        values,
        callback=lambda state: seen.setdefault(int(state.start), state) is None,
    )
    assert list(seen) == [0, 1, 2, 3, 4, 5, 6]
    best = seen[0]
    for state in list(seen.values())[1:]:
        kick = np.asarray(values(state.hidden) - values(best.hidden))
        # The draw has a mean square of one.
        assert np.sqrt(np.mean(kick**2)) == pytest.approx(0.1 * float(jnp.std(values(best.hidden))), rel=1e-12)
        best = state if state.cost < best.cost else best


def test_half_images_come_first_and_again_after_a_kick_that_helped():
    """Of one pair of mirrors there is one half image: the second guess, and the one after the best end of a kick."""
    problem, hidden = ebs.inverse.make_problem(TRAPPED, READINGS, values)
    kicks, key = ebs.specialists.Kicks(MIRRORS), jax.random.key(0)
    half = ebs.specialists.half_image(TRAPPED, *MIRRORS).values
    for best, number, is_half in ((0, 1, True), (0, 2, False), (1, 2, False), (3, 4, True), (3, 5, False)):
        ends = ebs.methods.Ends(hidden, hidden, hidden, jnp.asarray(best))
        guess = kicks.guess(problem, ends, number, key).values
        assert bool(np.allclose(guess, half)) == is_half


def test_guesses_that_wait_for_ends_allow_one_search_at_a_time():
    with pytest.raises(ValueError, match="parallel is 2, but Kicks makes guesses from the ends of other searches"):
        ebs.methods.Restarts(LM, (LM,), guesses=ebs.specialists.Kicks(), parallel=2)
