"""Images of the end: a bound that excludes the nearest image of the truth is a trap; its own image is none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

import equibacksolve as ebs


class Parabola(ebs.AbstractSimulator):
    """Data p^2, blind to the sign of p."""

    place: Array

    def predict(self):
        return self.place**2


def place(simulator):
    return simulator.place


OBSERVED = ebs.Observations(jnp.array([1.0, 4.0]))
START = Parabola(jnp.array([-0.4, -0.4]))
LM = ebs.LevenbergMarquardt(steps=30)


def solve(method):
    return ebs.backsolve(START, OBSERVED, method, where=place, bounds=(-0.5, 3.0), tolerance=1e-12, progress=False)


def hopping(method, symmetries):
    guesses = ebs.methods.ImagesOfTheEnd(symmetries)
    return ebs.methods.Restarts(method, (method,), starts=2 ** len(symmetries), guesses=guesses)


def test_it_leaves_the_trap_that_a_bound_has_made():
    trapped = solve(LM)
    assert not trapped.converged
    np.testing.assert_allclose(place(trapped.simulator), -0.5)
    found = solve(hopping(LM, (ebs.Negation(place),)))
    assert found.converged
    np.testing.assert_allclose(place(found.simulator), [1, 2], atol=1e-6)
    assert set(found.history.start) == {0, 1}
    assert list(found.history.evaluations) == sorted(found.history.evaluations)


def test_every_image_is_tried_once_and_no_more():
    hopeless = ebs.LevenbergMarquardt(steps=1)
    symmetries = (ebs.Negation(place), ebs.Mirror(place, 0))
    begun = {}
    ebs.backsolve(
        Parabola(jnp.array([0.1, 0.2])),
        OBSERVED,
        hopping(hopeless, symmetries),
        where=place,
        tolerance=1e-12,
        progress=False,
        callback=lambda state: begun.setdefault(int(state.start), np.asarray(state.hidden.place)) is None,
    )
    assert sorted(begun) == [0, 1, 2, 3]


def test_solutions_fall_into_groups_modulo_their_images():
    one, other = jnp.array([1.0, 2.0]), jnp.array([3.0, 0.5])
    solutions = [Parabola(p) for p in (one, -one[::-1], other, one + 1e-4, -other)]
    symmetries = (ebs.Negation(place), ebs.Mirror(place, 0))
    groups = ebs.inverse.distinct_solutions(solutions, symmetries, place, within=1e-3)
    assert [len(group) for group in groups] == [3, 2]
    for group, truth in zip(groups, (one, other)):
        for solution in group:
            np.testing.assert_allclose(place(solution), truth, atol=1e-3)
    assert len(ebs.inverse.distinct_solutions(solutions, (), place, within=1e-3)) == 4
    with pytest.raises(ValueError, match="within must be positive"):
        ebs.inverse.distinct_solutions(solutions, symmetries, place, within=0.0)


def test_the_distance_is_a_root_mean_square():
    assert float(ebs.inverse.distance(Parabola(jnp.zeros(4)), Parabola(jnp.full(4, 0.5)), place)) == 0.5
    assert jax.numpy.isfinite(ebs.inverse.distance(START, START, place))


def test_backsolve_hops_by_itself_where_bounds_break_a_symmetry():
    symmetry = ebs.Negation(place)
    common = {"where": place, "tolerance": 1e-12, "progress": False}
    found = ebs.backsolve(START, OBSERVED, LM, bounds=(-0.5, 3.0), symmetries=[symmetry], **common)
    assert found.converged
    np.testing.assert_allclose(place(found.simulator), [1, 2], atol=1e-6)
    # Without bounds there is no trap, and nothing to hop for.
    free = ebs.backsolve(START, OBSERVED, LM, symmetries=[symmetry], **common)
    assert set(free.history.start) == {0}


def test_a_symmetry_that_the_data_can_tell_is_refused():
    with pytest.raises(ValueError, match=r"symmetries\[0\], a Mirror, changes the predicted data"):
        ebs.backsolve(Parabola(jnp.array([0.1, 0.2])), OBSERVED, LM, where=place, symmetries=[ebs.Mirror(place, 0)])
