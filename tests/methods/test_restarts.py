"""Restarts: out of a known local minimum, reproducibly."""

import itertools
import threading

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import EXPLAINED_WELL, LOCAL, DoubleWell, LineOfSites, coefficients, place

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.methods._guesses import Ends
from equibacksolve.methods._method import outer_state
from equibacksolve.methods._restarts import _best_of
from equibacksolve.methods._threads import in_threads

LM = ebs.LevenbergMarquardt()
TRAPPED = DoubleWell(jnp.array(-1.2))


def spread(half):
    return ebs.methods.RandomGuesses(half)


def solve(method, key=0, **more):
    key = jax.random.key(key)
    return ebs.backsolve(TRAPPED, EXPLAINED_WELL, method, where=place, key=key, progress=False, **more)


def test_restarts_escape_where_one_start_stays():
    alone = solve(LM)
    assert float(alone.simulator.place) == pytest.approx(LOCAL, abs=1e-2)  # it ends at 0.5 % decrease
    found = solve(ebs.methods.Restarts(LM, (LM,), starts=30, guesses=spread(2.0)))
    assert found.converged
    assert float(found.simulator.place) == pytest.approx(1, abs=1e-6)  # explained: (1 - p)^2 < 1e-18 / 4, by far
    # No start begins before the one before has ended, and none after the first that explains the data.
    assert sorted(found.history.start) == list(found.history.start)
    best_of_each = [
        min(c for c, _ in group)
        for _, group in itertools.groupby(zip(found.history.cost, found.history.start), key=lambda pair: pair[1])
    ]
    assert min(best_of_each[:-1]) > 1e-2
    assert best_of_each[-1] < 1e-12


def test_a_key_is_a_course():
    method = ebs.methods.Restarts(LM, (LM,), starts=4, guesses=spread(0.2))
    a, b, c = solve(method, key=1), solve(method, key=1), solve(method, key=2)
    np.testing.assert_array_equal(a.history.cost, b.history.cost)
    assert not np.array_equal(a.history.cost[: len(c.history)], c.history.cost[: len(a.history)])
    # The first start is the user's own, whatever the key.
    own = lambda found: found.history.cost[found.history.start < 1]
    np.testing.assert_array_equal(own(a), own(c))


def test_the_number_of_starts_is_kept():
    found = solve(ebs.methods.Restarts(LM, (LM,), starts=3, guesses=spread(0.1)))
    assert set(found.history.start) == {0, 1, 2}
    assert not found.converged


def first_guesses(method, problem_start, **more):
    """The hidden leaf at the first step of each start."""
    guesses = {}

    def note(state):
        guesses.setdefault(int(state.start), np.asarray(state.hidden.place))

    observed = ebs.Observations(jnp.zeros((2, 10, 5)))
    ebs.backsolve(problem_start, observed, method, where=place, progress=False, callback=note, **more)
    return guesses


def test_new_starts_are_as_wide_as_the_first_around_its_mean():
    start = DoubleWell(jax.random.uniform(jax.random.key(0), (10, 5), minval=-3.0, maxval=-2.0))
    guesses = first_guesses(ebs.methods.Restarts((LM, LM), (LM,), starts=5), start)  # each ends in the trap
    np.testing.assert_array_equal(guesses[0], start.place)
    np.testing.assert_array_equal(guesses[1], start.place)
    later = np.stack([guesses[i] for i in (2, 3, 4)])
    half = np.sqrt(3) * np.std(start.place)
    assert np.all(np.abs(later - np.mean(start.place)) <= half)
    assert np.abs(later - np.mean(start.place)).max() > 0.9 * half  # 150 draws
    assert not np.array_equal(later[0], later[1])


def test_a_row_of_sites_is_a_map_too():
    start = LineOfSites(jnp.linspace(1.0, 3.0, 60), jnp.eye(60))
    problem, hidden = make_problem(start, ebs.Observations(jnp.zeros(60)), coefficients)
    ends = Ends(hidden, hidden, hidden, jnp.zeros((), jnp.int32))
    guess = ebs.methods.RandomGuesses(50.0).guess(problem, ends, 1, jax.random.key(0)).coefficients
    half = np.sqrt(3) * np.std(start.coefficients)
    # Of 60 uniform numbers the largest is nearer to the end than a tenth but for a chance of 0.9^60 = 0.2 %.
    assert 0.9 * half < np.abs(guess - 2.0).max() <= half


def test_a_search_that_is_not_a_number_is_never_the_best():
    costs = [np.nan, 3.0, 2.0, np.nan]
    searches = [outer_state(jnp.asarray(cost), jnp.asarray(cost), (), 1, done=False) for cost in costs]
    found = _best_of(searches, [4, 5, 6, 7], (), (), 4, done=False)
    assert float(found.cost) == float(found.hidden) == 2.0
    assert int(found.start) == 6


@pytest.mark.parametrize(("cost", "times"), [(5e-32, 4), (1e-32, 4), (1e-20, 3), (0.0, 4)])
def test_costs_that_differ_by_rounding_are_of_one_minimum(cost, times):
    """The lowest so far is 3e-32, found three times: nothing beside data that differ by one."""
    method = ebs.methods.Restarts(LM, (LM,), repeats=9)
    problem, hidden = make_problem(TRAPPED, ebs.Observations(jnp.array([0.0, 1.0])), place, tolerance=0.0)
    ends, lowest = Ends(hidden, hidden, hidden, jnp.zeros((), jnp.int32)), jnp.asarray(3e-32)
    end = outer_state(hidden, jnp.asarray(cost), (), 1, done=True, settled=True)
    _, (_, least, found) = method._counted(problem, ends, (lowest, lowest, jnp.asarray(3)), end, 1)
    assert int(found) == times
    assert float(least) == min(cost, 3e-32)


def test_the_first_end_is_that_of_the_first_search():
    problem, hidden = make_problem(TRAPPED, EXPLAINED_WELL, place)
    ends, infinite = Ends(hidden, hidden, hidden, jnp.zeros((), jnp.int32)), jnp.asarray(jnp.inf)
    method, minima = ebs.methods.Restarts(LM, (LM,)), (infinite, infinite, jnp.zeros((), jnp.int32))
    for number, cost in ((1, 3.0), (0, 4.0), (2, 2.0)):
        there = eqx.tree_at(place, hidden, jnp.asarray(float(number)))
        end = outer_state(there, jnp.asarray(cost), (), 1, done=True)
        ends, minima = method._counted(problem, ends, minima, end, number)
    assert (float(ends.guess.place), float(ends.first.place), float(ends.best.place)) == (-1.2, 0.0, 2.0)
    assert int(ends.number) == 2


def test_methods_take_turns():
    gentle = ebs.LevenbergMarquardt(steps=1)
    method = ebs.methods.Restarts(LM, (gentle, ebs.LevenbergMarquardt(steps=2)), starts=5, guesses=spread(0.01))
    start = solve(method, polish=False).history.start
    # `steps` of Levenberg-Marquardt come after the look at the start.
    assert [int(np.sum(start == s)) for s in (1, 2, 3, 4)] == [2, 3, 2, 3]


def test_the_default_method_escapes_too():
    start, observed = DoubleWell(jnp.array([-1.2, 0.9])), ebs.Observations(jnp.zeros((2, 2)))
    found = ebs.backsolve(start, observed, where=place, key=jax.random.key(5), progress=False)
    assert found.converged
    np.testing.assert_allclose(found.simulator.place, 1, atol=1e-6)  # explained: (1 - p)^2 < 1e-18, by far


SHORT_AND_WHOLE = (ebs.LevenbergMarquardt(steps=3), LM)


def courses(parallel, starts=5, methods=SHORT_AND_WHOLE):
    """The costs on the way, for each start, however many searches go on at a time."""
    method = ebs.methods.Restarts(LM, methods, starts=starts, guesses=spread(0.2), parallel=parallel)
    problem, hidden = make_problem(TRAPPED, EXPLAINED_WELL, place)
    state = method.init(problem, hidden, jax.random.key(1))
    costs = {}
    while not bool(state.done):
        before = {id(search) for search in state.inner[0]}
        state = method.step(problem, state)
        searches, numbers, *_ = state.inner
        for search, number in zip(searches, np.asarray(numbers)):
            if id(search) not in before:
                costs.setdefault(int(number), []).append(float(search.cost))
    return costs, int(state.evaluations)


@pytest.mark.parametrize("parallel", [2, 3, 8])
def test_searches_at_a_time_are_those_that_go_on_one_after_the_other(parallel):
    # No start finds the truth, so that all of them are made: each start is the same, to the last bit.
    assert courses(parallel) == courses(1)


def test_what_is_compiled_anew_waits_for_the_opening():
    other = ebs.methods.Stages((ebs.LevenbergMarquardt(steps=3),))
    problem, hidden = make_problem(TRAPPED, EXPLAINED_WELL, place)
    for method, at_once in ((LM, 3), (other, 1)):
        search = ebs.methods.Restarts(LM, (method,), starts=5, guesses=spread(0.2), parallel=3)
        state = search.init(problem, hidden, jax.random.key(1))
        while not bool(state.inner[0][0].done):
            assert len(state.inner[0]) == at_once
            state = search.step(problem, state)
        assert len(search.step(problem, state).inner[0]) == 3
    assert courses(3, methods=(other,)) == courses(1, methods=(other,))


def test_the_best_search_of_the_moment_is_the_guess():
    states = []
    solve(ebs.methods.Restarts(LM, (LM,), starts=6, guesses=spread(5.0), parallel=3), callback=states.append)
    assert any(int(a.start) != int(b.start) for a, b in itertools.pairwise(states))
    for state in states:
        costs = [float(search.cost) for search in state.inner[0]]
        assert float(state.cost) == min(costs)
        assert int(state.start) == int(state.inner[1][costs.index(min(costs))])


def test_the_first_search_to_explain_the_data_ends_the_others():
    found = solve(ebs.methods.Restarts(LM, (LM,), starts=30, guesses=spread(2.0), parallel=3))
    assert found.converged
    assert float(found.simulator.place) == pytest.approx(1, abs=1e-6)
    assert found.history.start.max() < 29


@pytest.mark.parametrize(("parallel", "key"), [(2, 0), (3, 0), (3, 4), (8, 1)])
def test_one_explained_search_is_enough_while_others_go_on(parallel, key):
    """The step in which the first search ends with explained data is the last one."""
    problem, hidden = make_problem(TRAPPED, EXPLAINED_WELL, place)
    method = ebs.methods.Restarts(LM, (LM,), starts=60, guesses=spread(2.0), parallel=parallel)
    state, explained = method.init(problem, hidden, jax.random.key(key)), []
    while not bool(state.done):
        assert not any(explained)
        state = method.step(problem, state)
        explained = [bool(search.done) and bool(problem.explained(search.cost)) for search in state.inner[0]]
    assert any(explained)
    assert not all(explained)


def test_threads_know_what_the_caller_set_for_itself():
    with jax.enable_x64(False):
        kinds = in_threads([lambda: jnp.zeros(()).dtype, lambda: jnp.ones(()).dtype])
    assert kinds == [jnp.float32, jnp.float32]
    assert in_threads([lambda: jnp.zeros(()).dtype] * 2) == [jnp.float64] * 2


@pytest.mark.parametrize("x64", [True, False])
def test_what_the_caller_has_compiled_is_not_compiled_again_in_threads(x64):
    traced = []

    @jax.jit
    def double(x):
        traced.append(x)
        return 2 * x

    with jax.enable_x64(x64):
        double(jnp.ones(3))
        in_threads([lambda: double(jnp.ones(3))] * 2)
        assert len(traced) == 1


def test_an_error_in_a_thread_is_an_error_of_the_caller():
    with pytest.raises(ZeroDivisionError):
        in_threads([lambda: 1 / 0, lambda: 1])


def test_under_a_mesh_the_searches_take_turns():
    with jax.set_mesh(jax.make_mesh((1,), ("points",), axis_types=(jax.sharding.AxisType.Auto,))):
        names = in_threads([lambda: threading.current_thread().name] * 2)
    assert names == [threading.current_thread().name] * 2


@pytest.mark.parametrize("name", ["starts", "parallel"])
def test_none_at_all_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} is 0; give at least 1"):
        ebs.methods.Restarts(LM, (LM,), **{name: 0})
