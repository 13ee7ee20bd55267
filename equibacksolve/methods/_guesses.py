"""Where the searches of `Restarts` begin."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve.inverse import AbstractSymmetry, Hidden, Problem, center_of_leaves, images
from equibacksolve.methods._levels import detectable_heights_at


class Ends(NamedTuple):
    """The user's guess, and where searches have ended so far: the first, and the best of all.

    `number`: that of the start which led to the best end, counted from 0.
    """

    guess: Hidden
    first: Hidden
    best: Hidden
    number: Int[Array, ""]


class AbstractGuesses(eqx.Module):
    """Guesses for `Restarts` to begin at, after those searches that begin at the user's own."""

    waits: eqx.AbstractClassVar[bool]
    """Whether a guess follows from the ends before it, so that one search has to wait for another."""

    @abstractmethod
    def guess(self, problem: Problem, ends: Ends, number: int, key: PRNGKeyArray) -> Hidden:
        """The guess for the start of this number; it need not be within bounds."""


class RandomGuesses(AbstractGuesses):
    """Random guesses that know nothing of where other searches have ended.

    The entries of a map are uniform around its mean at the user's guess, as wide as it was. Single numbers and the
    entries of vectors, which may differ in unit, are drawn around what they were from a Cauchy distribution, which goes
    near and far.

    - `spread`: half-width where the user's guess has no width, in units of the change that, by the linear model, moves
      the data by their standard deviation.
    """

    waits: ClassVar[bool] = False
    spread: Float[Array, ""] = eqx.field(converter=float_array, default=0.1)

    def guess(self, problem, ends, number, key):
        leaves, tree = jax.tree.flatten(ends.guess)
        centers = jax.tree.leaves(center_of_leaves(ends.guess, problem.kinds))
        kinds = problem.kinds
        wide = [leaf.ndim > 0 and not kind.vector and bool(jnp.std(leaf) > 0) for leaf, kind in zip(leaves, kinds)]
        units = leaves if all(wide) else jax.tree.leaves(detectable_heights_at(problem, ends.guess))
        keys = jax.random.split(key, len(leaves))
        guesses = []
        for leaf, mean, kind, has_width, unit, k in zip(leaves, centers, kinds, wide, units, keys):
            root = jnp.sqrt(3.0).astype(leaf.dtype)
            half = root * jnp.std(leaf) if has_width else self.spread.astype(leaf.dtype) * unit
            if kind.vector or leaf.ndim == 0:
                guesses.append(leaf + half * jax.random.cauchy(k, leaf.shape, leaf.dtype))
            else:
                guesses.append(mean + half * jax.random.uniform(k, leaf.shape, leaf.dtype, -1.0, 1.0))
        return jax.tree.unflatten(tree, guesses)


class ImagesOfTheEnd(AbstractGuesses):
    """The images of where the first search has ended: a way out of the traps that symmetry makes.

    Bounds that pin what is known (a notch at one corner) choose one image of the truth. A search that was heading for
    another image then ends in a trap beside it: almost everything is right, but mirrored. Its own mirror image is close
    to the truth. `Restarts(search, (search,), starts=2**len(symmetries), guesses=ImagesOfTheEnd(symmetries))` tries
    each image once.

    - `symmetries`: what the data cannot tell.
    """

    waits: ClassVar[bool] = True
    symmetries: tuple[AbstractSymmetry, ...]

    def guess(self, problem, ends, number, key):
        all_images = images(problem.simulator(ends.first), self.symmetries)
        return problem.hidden_of(all_images[number % len(all_images)])
