"""Basin hopping: from where a search has ended, a short way to a better end beside it."""

import itertools
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import AbstractSymmetry, Hidden, Problem, smooth_draw
from equibacksolve.methods import AbstractGuesses, Ends
from equibacksolve.specialists._half_image import half_image


class Kicks(AbstractGuesses):
    """The best end so far, changed: `Restarts(method, (short,), guesses=Kicks())` is basin hopping.

    Wales and Doye, J. Phys. Chem. A 101, 5111 (1997). The changes are of two kinds.

    *Half images.* Data that two symmetries leave as they are do not tell the sign of what is odd under one of them, but
    of all odd parts together. A search that settled one sign wrongly ends in a trap: large structures are right, small
    ones mirrored. The part that is odd under both of a pair of `symmetries` is therefore reversed, for each pair, when
    the first search has ended and whenever a kick has helped.

    *Kicks.* A smooth random landscape is added, which varies over `length` entries (white on leaves that are declared
    not smooth), with a root mean square of `height` times the standard deviation of the leaf (a constant: its value).

    - `symmetries`: what the data cannot tell.
    - `length`, `height`: of kicks.
    """

    waits: ClassVar[bool] = True
    symmetries: tuple[AbstractSymmetry, ...] = ()
    length: Float[Array, ""] = eqx.field(converter=float_array, default=1.0)
    height: Float[Array, ""] = eqx.field(converter=float_array, default=0.3)

    def guess(self, problem: Problem, ends: Ends, number: int, key: PRNGKeyArray) -> Hidden:
        pairs, best = list(itertools.combinations(self.symmetries, 2)), int(ends.number)
        # Half images of a half image lead back: they are taken anew of what a kick has led to.
        turn = number - 1 if best <= len(pairs) else number - 1 - best
        if turn < len(pairs):
            return problem.hidden_of(half_image(problem.simulator(ends.best), *pairs[turn]))
        return self.kicked(problem, ends.best, key)

    def kicked(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> Hidden:
        """The leaves with a random landscape added to each."""
        leaves, tree = jax.tree.flatten(hidden)
        kicked = []
        for leaf, kind, k in zip(leaves, problem.kinds, jax.random.split(key, len(leaves))):
            length = self.length.astype(leaf.dtype) if kind.smooth else jnp.zeros((), leaf.dtype)
            width = jnp.where(jnp.std(leaf) > 0, jnp.std(leaf), jnp.abs(jnp.mean(leaf)))
            kicked.append(leaf + self.height.astype(leaf.dtype) * width * smooth_draw(k, leaf.shape, length))
        return jax.tree.unflatten(tree, kicked)
