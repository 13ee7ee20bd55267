"""Basin hopping: from where a search has ended, a short way to a better end beside it."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import AbstractSymmetry, Hidden, Problem, smooth_draw
from equibacksolve.methods import AbstractMethod, State, around
from equibacksolve.specialists._half_image import half_image


class BasinHopping(AbstractMethod):
    """Run `method`; then change the best end so far, search on from there, keep what is better, and so on.

    Wales and Doye, J. Phys. Chem. A 101, 5111 (1997). The changes are of two kinds.

    *Half images.* Data that two symmetries leave as they are do not tell the sign of what is odd under one of them, but
    of all odd parts together. A search that settled one sign wrongly ends in a trap: large structures are right, small
    ones mirrored. The part that is odd under both of a pair of `symmetries` is therefore reversed, for each pair, when
    the first search has ended and whenever a kick has helped.

    *Kicks.* A smooth random landscape is added, which varies over `length` entries (white on leaves that are declared
    not smooth), with a root mean square of `height` times the standard deviation of the leaf (a constant: its value).

    **Fields** `method`: run from the start; `search`: run from what was changed, short as a rule; `symmetries`: what
    the data cannot tell; `length`, `height`: of kicks; `hops`: the most that are made.

    **Raises** ValueError for `hops` below 0.
    """

    method: AbstractMethod
    search: AbstractMethod
    symmetries: tuple[AbstractSymmetry, ...] = ()
    length: Float[Array, ""] = eqx.field(converter=float_array, default=1.0)
    height: Float[Array, ""] = eqx.field(converter=float_array, default=0.3)
    hops: int = 20

    def __check_init__(self):
        if self.hops < 0:
            raise ValueError(f"hops is {self.hops}; give at least 0.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        inner = self.method.init(problem, hidden, key)
        nothing_yet = jnp.full_like(inner.cost, jnp.inf)
        kept = (hidden, nothing_yet, jnp.zeros((), jnp.int32), key)
        return around(inner, kept, inner.evaluations, done=False, start=0)

    def step(self, problem: Problem, state: State) -> State:
        inner, (best, lowest, turn, key) = state.inner
        hop = int(state.start)
        if bool(inner.done):
            hop, turn = hop + 1, turn + 1
            changed = problem.within_bounds(self._changed(problem, best, int(turn) - 1, jax.random.fold_in(key, hop)))
            inner = self.search.init(problem, changed, key)
        found = (self.search if hop else self.method).step(problem, inner)
        evaluations = state.evaluations + found.evaluations - inner.evaluations
        sum_now = found.cost + (problem.penalty(found.hidden) if problem.priors else 0.0)
        if bool(found.done) and bool(sum_now < lowest):
            best, lowest = found.hidden, sum_now
            # Half images of a half image lead back: they are taken anew of what a kick has led to.
            turn = jnp.zeros_like(turn) if int(turn) > len(self._pairs()) else turn
        done = bool(found.done) and (hop == self.hops or bool(problem.explained(found.cost)))
        return around(found, (best, lowest, turn, key), evaluations, done=done, start=hop)

    def _pairs(self):
        return list(itertools.combinations(self.symmetries, 2))

    def _changed(self, problem: Problem, hidden: Hidden, turn: int, key: PRNGKeyArray) -> Hidden:
        """The half image number `turn`, or a kick when all were tried."""
        if turn < len(self._pairs()):
            image = half_image(problem.simulator(hidden), *self._pairs()[turn])
            chosen = jax.tree.map(lambda leaf: leaf is not None, hidden, is_leaf=lambda leaf: leaf is None)
            return eqx.filter(image, chosen)
        leaves, tree = jax.tree.flatten(hidden)
        kicked = []
        for leaf, kind, k in zip(leaves, problem.kinds, jax.random.split(key, len(leaves))):
            length = self.length.astype(leaf.dtype) if kind.smooth else jnp.zeros((), leaf.dtype)
            width = jnp.where(jnp.std(leaf) > 0, jnp.std(leaf), jnp.abs(jnp.mean(leaf)))
            kicked.append(leaf + self.height.astype(leaf.dtype) * width * smooth_draw(k, leaf.shape, length))
        return jax.tree.unflatten(tree, kicked)
