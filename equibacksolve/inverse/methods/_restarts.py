"""Step 5 of the paper: when the cost stagnates at a large value, begin again from another guess."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._method import AbstractMethod, State


class Restarts(AbstractMethod):
    """Run methods in turn, each from a new random start, until the data are explained.

    The first two starts are the user's: with `opening`, in case it is close to the truth, and with the first of the
    `methods`. Later ones are uniform around the mean of each leaf at that start, as wide as it was (or `spread`, where
    the start has no width of its own).

    **Fields** `opening`: for the first start; `methods`: taken in turn, so that starts can differ in more than their
    random numbers; `starts`: the most that are made; `spread`: half-width of random starts if the user's is constant.
    """

    opening: AbstractMethod
    methods: tuple[AbstractMethod, ...]
    starts: int = 20
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        inner = self.opening.init(problem, hidden, key)
        return _outer(inner, (hidden, key), inner.hidden, inner.cost, inner.evaluations, 0, done=False)

    def step(self, problem: Problem, state: State) -> State:
        inner, (first, key) = state.inner
        start = int(state.start)
        if bool(inner.done):
            start = start + 1
            fresh = jax.random.fold_in(key, start)
            guess = first if start == 1 else problem.within_bounds(random_start(problem, first, fresh, self.spread))
            inner = self._method(start).init(problem, guess, fresh)
        before = inner.evaluations
        inner = self._method(start).step(problem, inner)
        evaluations = state.evaluations + inner.evaluations - before
        explained = bool(problem.explained(inner.cost))
        done = bool(inner.done) and (explained or start + 1 >= self.starts)
        return _outer(inner, (first, key), inner.hidden, inner.cost, evaluations, start, done)

    def _method(self, start):
        return self.opening if start == 0 else self.methods[(start - 1) % len(self.methods)]


def random_start(problem: Problem, first: Hidden, key: PRNGKeyArray, spread: Scalar) -> Hidden:
    """Uniform around the mean of each leaf of `first`, as wide as that leaf, or `spread` if it has no width."""
    centers, tree = jax.tree.flatten(center_of_leaves(first, problem.kinds))
    keys = jax.random.split(key, len(centers))
    guesses = []
    for center, leaf, k in zip(centers, jax.tree.leaves(first), keys):
        half = jnp.sqrt(3.0).astype(leaf.dtype) * jnp.std(leaf)
        half = jnp.where(half > 0, half, spread.astype(leaf.dtype))
        guesses.append(center + half * jax.random.uniform(k, leaf.shape, leaf.dtype, -1.0, 1.0))
    return jax.tree.unflatten(tree, guesses)


def _outer(inner, kept, hidden, cost, evaluations, start, done):
    return State(
        hidden, cost, jnp.asarray(done), evaluations, (inner, kept), inner.stage, jnp.asarray(start, jnp.int32)
    )
