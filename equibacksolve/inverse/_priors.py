"""Priors: what is known of the hidden leaves before any datum is read, as residuals.

A prior gives residuals h of the hidden leaves with minus log p = |h|^2 / 2, up to a constant. They are appended to the
residuals over sigma, so that what is minimised is minus twice the logarithm of the posterior density. Leaves that are
declared not smooth (coordinates of atoms), and single numbers, are not held.
"""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, float_array, is_concrete
from equibacksolve._axes import Scalar
from equibacksolve.inverse._cosines import departures, roughness
from equibacksolve.inverse._leaves import Hidden, LeafKind, center_of_leaves


class AbstractPrior(eqx.Module):
    """Knowledge of the hidden leaves, for the `prior=` of `backsolve`."""

    @abstractmethod
    def residuals(self, hidden: Hidden, kinds: tuple[LeafKind, ...]) -> list[Float[Array, "..."]]:
        """Residuals h, minus log p = |h|^2 / 2; `kinds` is what the fields declare of their leaves."""


class Smoothness(AbstractPrior):
    """Landscapes of some height that vary over some length, around a mean that is not known.

    The cosine of wavenumber k (per entry) has the standard deviation height / (1 + (length k)^2). A leaf with a period
    enters by its cosine and sine, which know of no 2 pi.

    - `length`: in entries of the leaf, 0 for entries independent of each other.
    - `height`: in the unit of the leaf, one for all leaves or one for each. An infinite one holds nothing.
    - `center`: the hidden leaves around which the landscape varies. Left out, each varies around its mean.

    **Raises** ValueError unless the height is positive and the length not negative.
    """

    length: Scalar = eqx.field(converter=float_array)
    height: Float[Array, "*leaves"] = eqx.field(converter=float_array)
    center: Hidden | None = None

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.length, self.height) and not (
            np.all(np.asarray(self.height) > 0) and np.asarray(self.length) >= 0
        ):
            raise ValueError(
                f"Smoothness got length={float(self.length)} and height={float(jnp.min(self.height))}; give a positive "
                "height, and a length from 0."
            )

    def residuals(self, hidden, kinds):
        heights = jnp.broadcast_to(self.height, (len(kinds),))
        return [rough / height.astype(rough.dtype) for rough, height in zip(self.rough(hidden, kinds), heights)]

    def most_probable_heights(self, hidden: Hidden, kinds: tuple[LeafKind, ...]) -> Float[Array, " leaves"]:
        """Of all heights, those that make these leaves most probable; infinite for a leaf that is not held."""
        squares = [
            jnp.mean(one**2) if one.size else jnp.asarray(jnp.inf, one.dtype) for one in self.rough(hidden, kinds)
        ]
        return jnp.sqrt(jnp.stack(squares))

    def rough(self, hidden: Hidden, kinds: tuple[LeafKind, ...]) -> list[Float[Array, " held"]]:
        """(1 + (length k)^2) times the cosine transform of each leaf; empty for a leaf that is not held."""
        center = center_of_leaves(hidden, kinds) if self.center is None else self.center
        return [
            jnp.concatenate([self._of(part) for part in departures(leaf, middle, kind)])
            if kind.smooth
            else jnp.zeros(0, leaf.dtype)
            for leaf, middle, kind in zip(jax.tree.leaves(hidden), jax.tree.leaves(center), kinds)
        ]

    def _of(self, part):
        return roughness(part, self.length.astype(part.dtype)).reshape(-1)


class KnownMean(AbstractPrior):
    """The mean of each leaf is known, e.g. zero for a potential measured from the Fermi energy.

    **Fields**

    - `mean`: zero if left out.
    - `deviation`: how well it is known, as a standard deviation. Both in the unit of the leaf.

    **Raises** ValueError unless the deviation is positive.
    """

    mean: Scalar = eqx.field(converter=float_array, default=0.0)
    deviation: Scalar = eqx.field(converter=float_array, default=0.01)

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.deviation) and not self.deviation > 0:
            raise ValueError(f"KnownMean got deviation={float(self.deviation)}; give a positive number.")

    def residuals(self, hidden, kinds):
        means = [jnp.mean(leaf) for leaf, kind in zip(jax.tree.leaves(hidden), kinds) if kind.smooth]
        return [(mean - self.mean.astype(mean.dtype)) / self.deviation.astype(mean.dtype) for mean in means]


class TotalVariation(AbstractPrior):
    """Patches of constant value with sharp edges: minus log p = sum sqrt(d^2 + softness^2) / scale.

    d are the differences of neighbours along each axis (Rudin, Osher and Fatemi, Physica D 60, 259 (1992)).

    For least squares the square root is written as the parabola that touches it from above (iteratively reweighted
    least squares): with w^2 = 1 / (scale q), q = sqrt(d^2 + softness^2), the residual w d, w held, has the gradient and
    a fitting curvature. Its square over two is d^2 / (2 scale q); the rest, up to q / scale, is appended as a residual
    of no gradient, so that the sum is exact as well.

    **Fields**

    - `scale`: a difference of this size costs one unit of minus log p.
    - `softness`: differences below it are penalised by their squares. Both in the unit of the leaf.

    **Raises** ValueError unless both are positive.
    """

    scale: Scalar = eqx.field(converter=float_array)
    softness: Scalar = eqx.field(converter=float_array, default=0.01)

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.scale, self.softness) and not (self.scale > 0 and self.softness > 0):
            raise ValueError(
                f"TotalVariation got scale={float(self.scale)} and softness={float(self.softness)}; give positive "
                "numbers."
            )

    def residuals(self, hidden, kinds):
        found = []
        for leaf, kind in zip(jax.tree.leaves(hidden), kinds):
            if kind.smooth:
                found += [self._of_differences(d) for axis in range(leaf.ndim) for d in _differences(leaf, axis, kind)]
        return found

    def _of_differences(self, d):
        scale, softness = (number.astype(d.dtype) for number in (self.scale, self.softness))
        q = jax.lax.stop_gradient(jnp.sqrt(d**2 + softness**2))
        rest = jnp.sqrt(2 * q / scale - jax.lax.stop_gradient(d) ** 2 / (scale * q))
        return jnp.stack([d / jnp.sqrt(scale * q), rest])


def _differences(leaf: Float[Array, "..."], axis: int, kind: LeafKind) -> list[Float[Array, "..."]]:
    """Differences of neighbours; of angles the chord, in which 2 pi is nothing."""
    if kind.period is None:
        return [jnp.diff(leaf, axis=axis)]
    turn = 2 * jnp.pi / kind.period
    return [jnp.diff(jnp.cos(turn * leaf), axis=axis) / turn, jnp.diff(jnp.sin(turn * leaf), axis=axis) / turn]
