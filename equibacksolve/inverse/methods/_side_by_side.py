"""Several starts at once: for devices that one start does not fill, and for many devices."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._devices import STARTS, devices_along
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._continuation import Continuation
from equibacksolve.inverse.methods._method import AbstractMethod, State
from equibacksolve.inverse.methods._restarts import random_start


class SideBySide(AbstractMethod):
    """Run a continuation from several starts at once, stage by stage, until one of them explains the data.

    All starts are in the same stage, and the stage lasts as long as its slowest start. The first start is the user's;
    the others are random, as those of `Restarts`. A mesh with an axis `starts` spreads them over its devices; the
    steps of different starts have nothing to say to each other. The best start so far counts as the guess.

    **Fields** `search`: its two methods must be pure functions of arrays (Levenberg-Marquardt, gradient descent);
    `starts`: how many; `spread`: as in `Restarts`.

    **Raises** ValueError if the starts cannot be shared equally among the devices.
    """

    search: Continuation
    starts: int = eqx.field(static=True, default=4)
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        devices = devices_along(STARTS)
        if self.starts < 1 or self.starts % devices:
            raise ValueError(f"starts is {self.starts} for {devices} devices; give each device as many starts.")
        fresh = [jax.random.fold_in(key, number) for number in range(1, self.starts)]
        guesses = [hidden] + [problem.within_bounds(random_start(problem, hidden, k, self.spread)) for k in fresh]
        guesses = jax.tree.map(lambda *leaves: jnp.stack(leaves), *guesses)
        centers = jax.vmap(lambda guess: center_of_leaves(guess, problem.kinds))(guesses)
        heights = self.search.heights(problem, hidden)
        states, seen, looked = self._begin(problem, guesses, centers, heights, key, 0)
        looked = jnp.asarray(looked + self.search.asks_for_heights(problem), jnp.int32)
        return _outer(states, (centers, heights, seen, key), looked, 0, False)

    def step(self, problem: Problem, state: State) -> State:
        states, (centers, heights, seen, key) = state.inner
        stage, evaluations = int(state.stage), state.evaluations
        if bool(jnp.all(states.done)):
            stage = stage + 1
            states, seen, looked = self._begin(problem, states.hidden, centers, heights, key, stage)
            evaluations = evaluations + looked
        before = jnp.sum(states.evaluations)
        states = _step_all(self.search, stage, (problem, states, centers, seen))
        evaluations = evaluations + (jnp.sum(states.evaluations) - before).astype(jnp.int32)
        last = stage == self.search.schedule.width.shape[0] - 1
        found = jnp.any(states.done & jax.vmap(problem.explained)(states.cost))
        done = last and bool(found | jnp.all(states.done))
        return _outer(states, (centers, heights, seen, key), evaluations, stage, done)

    def _begin(self, problem, guesses, centers, heights, key, stage):
        """The states before the first step of a stage, strength of prior and weights of data, simulations for them."""
        search = self.search
        strength = lambda guess, center: search.strength(problem, guess, center, heights, stage)
        weights = jax.vmap(lambda guess: search.weights(problem, guess, stage))(guesses)
        seen = jax.vmap(strength)(guesses, centers), weights

        def begin(guess, center, seen):
            return search.method_of(stage).init(search.staged(problem, center, *seen, stage), guess, key)

        one = jax.tree.map(lambda leaf: leaf[0], guesses)
        looked = self.starts * search.looks_at_data(one, stage)
        return eqx.filter_vmap(begin)(guesses, centers, seen), seen, looked


@eqx.filter_jit
def _step_all(search: Continuation, stage: int, everything: Any) -> State:
    """One step of every start; those that are done stay where they are."""
    (problem, states, centers, seen) = everything

    def one(problem, state, center, seen):
        new = search.method_of(stage).step(search.staged(problem, center, *seen, stage), state)
        return jax.tree.map(lambda after, now: jnp.where(state.done, now, after), new, state)

    arrays, static = eqx.partition(problem, eqx.is_array)
    every = lambda arrays, *starts: jax.vmap(lambda *start: one(eqx.combine(arrays, static), *start))(*starts)
    if devices_along(STARTS) > 1:
        each, all_of_it = PartitionSpec(STARTS), PartitionSpec()
        specs = (all_of_it, each, each, each)
        every = jax.shard_map(every, in_specs=specs, out_specs=each, axis_names={STARTS}, check_vma=False)
    return every(arrays, states, centers, seen)


def _outer(states, kept, evaluations, stage, done):
    best = jnp.nanargmin(states.cost)
    hidden = jax.tree.map(lambda leaf: leaf[best], states.hidden)
    stage, start = jnp.asarray(stage, jnp.int32), best.astype(jnp.int32)
    settled = jnp.asarray(done) & states.settled[best]
    return State(hidden, states.cost[best], jnp.asarray(done), evaluations, (states, kept), stage, start, settled)
