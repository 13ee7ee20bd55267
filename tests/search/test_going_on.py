"""A search that goes on from another: what it takes from there, what may change, and what is noted."""

import dataclasses
import json

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from short_runs import same, solve
from toys import DECAYS, NEAR_DECAYS, TIME, Decays, rate

import equibacksolve as ebs

MORE = ebs.Observations(DECAYS.predict(time=jnp.append(TIME, 4.0)), time=jnp.append(TIME, 4.0), sigma=0.1)


def height(simulator):
    return simulator.height


def noted(place):
    return json.loads((place / "run.json").read_text())["after"]


def test_it_begins_where_the_other_ended(tmp_path):
    """After a solution, after a run directory, and after one that was killed before it could write a solution."""
    first = solve(tmp_path / "first", steps=5)
    (tmp_path / "first" / "solution.npz").unlink()
    by_hand = solve(simulator=first.simulator, observed=MORE, steps=3)
    assert same(solve(observed=MORE, steps=3, after=first), by_hand)
    assert same(solve(observed=MORE, steps=3, after=tmp_path / "first"), by_hand)


def test_what_is_hidden_no_more_stays_as_it_was_found(tmp_path):
    first = solve(tmp_path / "first", steps=5)
    second = solve(steps=5, after=tmp_path / "first", where=height)
    assert not np.array_equal(first.simulator.rate, NEAR_DECAYS.rate)
    np.testing.assert_array_equal(second.simulator.rate, first.simulator.rate)
    by_hand = solve(steps=5, simulator=first.simulator, where=height)
    np.testing.assert_array_equal(second.history.cost, by_hand.history.cost)


def test_each_change_is_noted(tmp_path):
    """Three searches; the last tells of both before it. What differs is told before and after, in words if it can."""
    places = [tmp_path / name for name in ("first", "second", "third")]
    solve(places[0], steps=5)
    prior = ebs.KnownMean(1.0, 0.5)
    second = solve(places[1], steps=4, after=places[0], observed=MORE, where=height).simulator
    changes = {"prior": prior, "bounds": (0.0, 2.0)}
    solve(places[2], second, MORE, steps=3, after=places[1], where=height, **changes)
    (earlier,) = noted(places[1])
    assert noted(places[2])[0] == earlier
    assert earlier["run"] == str(places[0])
    assert earlier["steps"] == 5
    changed = earlier["changed"]
    assert changed["where"] == [{".rate": [2]}, {".height": [2]}]
    assert changed["observed"] == [
        {"values": 12, "variables": ["time"], "sigma": None},
        {"values": 13, "variables": ["time"], "sigma": 0.1},
    ]
    assert set(changed) == {"observed", "where", "simulator"}  # what is known of the simulator, for other leaves are
    last = noted(places[2])[1]["changed"]
    assert last == {"bounds": [None, [0.0, 2.0]], "priors": "another"}


def test_a_search_that_went_on_can_be_stopped_and_resumed(tmp_path):
    first = solve(tmp_path / "first", steps=5)
    going_on = {"observed": MORE, "after": tmp_path / "first", "resume": True}
    solve(tmp_path / "second", steps=2, **going_on)
    found = solve(tmp_path / "second", steps=6, **going_on)
    assert same(found, solve(observed=MORE, steps=6, after=first))
    assert len(noted(tmp_path / "second")) == 1


def test_after_a_solution_the_hidden_leaves_are_noted(tmp_path):
    solve(tmp_path, steps=2, after=solve(steps=5), where=height)
    assert noted(tmp_path)[0]["changed"] == {"where": [{".rate": [2]}, {".height": [2]}]}
    assert noted(tmp_path)[0]["run"] is None


class Other(ebs.AbstractSimulator):
    """Without a rate."""

    height: jnp.ndarray

    def predict(self, time):
        return self.height[0] * time


def test_what_it_cannot_begin_after_is_refused(tmp_path):
    first, other = solve(tmp_path / "first", steps=2), Other(jnp.ones(2))
    three = Decays(jnp.ones(3), jnp.array([0.5, 1.0, 2.0]))
    refused = lambda **more: solve(steps=2, **more)
    with pytest.raises(ValueError, match="holds no run; pass the out= of one"):
        refused(after=tmp_path)
    with pytest.raises(ValueError, match=r"found rate \(2,\), which Other has not"):
        refused(after=tmp_path / "first", simulator=other, where=height)
    with pytest.raises(ValueError, match="after is of a Decays, built in another way than this Other"):
        refused(after=first, simulator=other, where=height)
    with pytest.raises(ValueError, match=r"found rate \(2,\), which Decays has not"):
        refused(after=tmp_path / "first", simulator=three)
    with pytest.raises(ValueError, match=r"after found rate of shape \(2,\), but simulator has it of shape \(3,\)"):
        refused(after=first, simulator=three)
    with pytest.raises(ValueError, match="after does not say what was hidden"):
        refused(after=dataclasses.replace(first, hidden=None))
    for file in (tmp_path / "first").glob("checkpoint-*"):
        file.write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"nothing to begin after .*is damaged"):
        refused(after=tmp_path / "first")


def test_known_numbers_are_those_of_the_new_simulator():
    found = solve(steps=2)
    other = eqx.tree_at(height, NEAR_DECAYS, jnp.array([2.0, 2.0]))
    np.testing.assert_array_equal(solve(steps=1, simulator=other, after=found, where=rate).simulator.height, 2.0)
