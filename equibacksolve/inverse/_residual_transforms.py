"""Residual transforms: what a stage of a search looks at instead of the plain residuals.

A transform takes the residuals of the data and the hidden leaves, and returns residuals; transforms compose. None knows
what is simulated.
"""

import functools
from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._axes import Scalar
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._joint_observations import JointObservations
from equibacksolve.inverse._leaves import Hidden, LeafKind


class AbstractResidualTransform(eqx.Module):
    """A map from residuals to residuals, in units in which their mean square over the data is minimised."""

    @abstractmethod
    def __call__(
        self, observed: AbstractObservations, hidden: Hidden, residuals: Float[Array, " data"]
    ) -> Float[Array, " transformed"]:
        """The residuals that this transform makes of the residuals of the data."""


class Weighted(AbstractResidualTransform):
    """Residuals times weights. **Fields** `weights`: one for each datum."""

    weights: Float[Array, " data"]

    def __call__(self, observed, hidden, residuals):
        return residuals * self.weights


def evening_weights(sensitivity: Float[Array, " data"]) -> Float[Array, " data"]:
    """Weights under which no datum depends on the unknowns far more than others do: sqrt(2 / (1 + (s / median s)^2)).

    A reading at a narrow resonance depends on the unknowns ten times as much as others, and its linear model holds for
    steps a tenth as long. An error e of every unknown leaves it wrong by e s, as noise of that size would, so it counts
    as if it had that noise beside an even one. Where all data are explained, the minimum is the same.

    `sensitivity`: the length of each row of the Jacobian, in units of what the data see of each leaf.
    """
    seen = sensitivity > 0
    median = jnp.nanmedian(jnp.where(seen, sensitivity, jnp.nan))
    ratio = jnp.where(seen, sensitivity / jnp.where(median > 0, median, 1.0), 1.0)
    return jnp.sqrt(2 / (1 + ratio**2))


class Smoothing(AbstractResidualTransform):
    """Compare maps after both were blurred: residuals K r, with K a Gaussian over the settings.

    **Fields** `width`: standard deviation as a fraction of the range of each setting; 0 changes nothing. Data without
    settings are left as they are.
    """

    width: Scalar

    def __call__(self, observed, hidden, residuals):
        # Multiplying by an identity would cost up to a sixth of a search, and most stages look at sharp data.
        return jax.lax.cond(self.width > 0, lambda r: self._blurred(observed, r), lambda r: r, residuals)

    def _blurred(self, observed, residuals):
        if isinstance(observed, JointObservations):  # each set by itself: their settings are not to be compared
            each = observed.split(residuals).items()
            return jnp.concatenate([self._blurred(observed.sets[name], part.reshape(-1)) for name, part in each])
        if observed.grid is not None:
            mesh = residuals.reshape(observed.grid)
            for axis, n in enumerate(observed.grid):
                kernel = _gaussian_kernel(jnp.linspace(0, 1, n, dtype=residuals.dtype)[:, None], self.width)
                mesh = jnp.moveaxis(jnp.tensordot(kernel, mesh, axes=(1, axis)), 0, axis)
            return mesh.reshape(-1)
        if not observed.variables:
            return residuals
        settings = jnp.stack([_scaled(setting) for setting in observed.variables.values()], axis=1)
        return _gaussian_kernel(settings, self.width) @ residuals


class SmoothnessPrior(AbstractResidualTransform):
    """Append a prior: strength x |(1 + (length k)^2) c|^2 of each hidden leaf, with c its cosine transform.

    k = pi m / n per axis is the wavenumber of a cosine; the prior says that the landscape varies over `length` entries.
    Leaves with a period enter by their cosine and sine, which know of no 2 pi. Leaves declared not smooth, and single
    numbers, are not held.

    **Fields**

    - `strength`: weight against the mean squared residual, in the unit of the leaf to the power -2: one for each leaf,
      or one for all.
    - `length`: in entries of the leaf.
    - `center`: what the landscape is compared with.
    - `kinds`: what the fields of the hidden leaves declare.
    """

    strength: Float[Array, "*leaves"]
    length: Scalar
    center: Hidden
    kinds: tuple[LeafKind, ...] = eqx.field(static=True)

    def __call__(self, observed, hidden, residuals):
        weights = jnp.sqrt(self.strengths * observed.count)
        weighted = [weight * held for weight, held in zip(weights, self.of_leaves(hidden))]
        return jnp.concatenate([residuals, *weighted])

    @property
    def strengths(self) -> Float[Array, " leaves"]:
        """The strength for each leaf."""
        return jnp.broadcast_to(self.strength, (len(self.kinds),))

    def residuals(self, hidden: Hidden) -> Float[Array, " held"]:
        """(1 + (length k)^2) c of the leaves that the prior holds, flat."""
        return jnp.concatenate(self.of_leaves(hidden))

    def of_leaves(self, hidden: Hidden) -> list[Float[Array, " held"]]:
        """The same, leaf by leaf; empty for a leaf that is not held."""
        return [
            jnp.concatenate([roughness(part, self.length).reshape(-1) for part in departures(leaf, center, kind)])
            if kind.smooth
            else jnp.zeros(0, leaf.dtype)
            for leaf, center, kind in zip(jax.tree.leaves(hidden), jax.tree.leaves(self.center), self.kinds)
        ]

    def squared_heights(self, hidden: Hidden) -> Float[Array, " leaves"]:
        """The mean square of what is held of each leaf: of all heights, the one that makes the leaf most probable.

        Infinite for a leaf that is not held, which calls for no prior.
        """
        held = self.of_leaves(hidden)
        return jnp.stack([jnp.mean(one**2) if one.size else jnp.asarray(jnp.inf, one.dtype) for one in held])


class Composed(AbstractResidualTransform):
    """One transform after another."""

    transforms: tuple[AbstractResidualTransform, ...]

    def __call__(self, observed, hidden, residuals):
        return functools.reduce(lambda r, transform: transform(observed, hidden, r), self.transforms, residuals)


def departures(leaf: Float[Array, "..."], center: Float[Array, "..."], kind: LeafKind) -> list[Float[Array, "..."]]:
    """How a leaf departs from its centre: the difference, or that of cosine and sine where there is a period."""
    if kind.period is None:
        return [leaf - center]
    turn = 2 * jnp.pi / kind.period
    return [jnp.cos(leaf * turn) - jnp.cos(center * turn), jnp.sin(leaf * turn) - jnp.sin(center * turn)]


def roughness(landscape: Float[Array, "..."], length: Scalar) -> Float[Array, "..."]:
    """(1 + (length k)^2) times the orthonormal cosine transform of a landscape."""
    factors = stiffness(landscape.shape, length, landscape.dtype)
    for axis, n in enumerate(landscape.shape):
        landscape = jnp.moveaxis(jnp.tensordot(cosine_basis(n, landscape.dtype), landscape, axes=(1, axis)), 0, axis)
    return factors * landscape


def smooth_draw(key: PRNGKeyArray, shape: tuple[int, ...], length: Scalar) -> Float[Array, "..."]:
    """A random landscape of mean square one, its cosines as tall as 1 / (1 + (length k)^2)^2.

    That is smoother than what the prior expects. Its own draws are as rough as it allows, at all wavelengths: added to
    a landscape, they would raise `squared_heights` by much, and so weaken a prior whose weight follows from that.
    """
    drawn = jax.random.normal(key, shape, length.dtype) / stiffness(shape, length, length.dtype) ** 2
    for axis, n in enumerate(shape):
        drawn = jnp.moveaxis(jnp.tensordot(cosine_basis(n, length.dtype).T, drawn, axes=(1, axis)), 0, axis)
    return drawn / jnp.sqrt(jnp.mean(drawn**2))


def stiffness(shape: tuple[int, ...], length: Scalar, dtype: jnp.dtype) -> Float[Array, "..."]:
    """1 + (length k)^2 for every cosine of a landscape of this shape."""
    squared = jnp.zeros(shape, dtype)
    for axis, n in enumerate(shape):
        k = jnp.pi * jnp.arange(n, dtype=dtype) / n
        squared = squared + jnp.expand_dims(k**2, tuple(i for i in range(len(shape)) if i != axis))
    return 1 + length**2 * squared


def cosine_basis(n: int, dtype: jnp.dtype) -> Float[Array, "n n"]:
    """Rows are the orthonormal cosines cos(pi m (i + 1/2) / n)."""
    m, i = jnp.arange(n, dtype=dtype)[:, None], jnp.arange(n, dtype=dtype)
    norm = jnp.where(m == 0, 1 / n, 2 / n) ** 0.5
    return norm * jnp.cos(jnp.pi * m * (i + 0.5) / n)


def _gaussian_kernel(settings: Float[Array, "points variables"], width: Scalar) -> Float[Array, "points points"]:
    """Rows sum to one. Finite for width 0, too, where it is not used: `vmap` may compute both sides of a choice."""
    squared = jnp.sum((settings[:, None] - settings[None]) ** 2, axis=-1)
    safe = jnp.where(width > 0, width, 1.0)
    kernel = jnp.exp(-squared / (2 * safe**2))
    return kernel / jnp.sum(kernel, axis=1, keepdims=True)


def _scaled(setting: Float[Array, " points"]) -> Float[Array, " points"]:
    low, high = jnp.min(setting), jnp.max(setting)
    return (setting - low) / jnp.where(high > low, high - low, 1.0)
