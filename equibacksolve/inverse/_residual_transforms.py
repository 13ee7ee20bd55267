"""Residual transforms: what a stage of a search looks at instead of the plain residuals of the data.

Transforms compose. None knows what is simulated, or what is hidden.
"""

import functools
from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse._abstract_observations import AbstractObservations


class AbstractResidualTransform(eqx.Module):
    """A map from residuals to residuals, in units in which their mean square over the data is minimised."""

    @abstractmethod
    def __call__(
        self, observed: AbstractObservations, residuals: Float[Array, " data"]
    ) -> Float[Array, " transformed"]:
        """The residuals that this transform makes of the residuals of the data."""


class Weighted(AbstractResidualTransform):
    """Residuals times weights.

    **Fields**

    - `weights`: one for each datum.
    """

    weights: Float[Array, " data"]

    def __call__(self, observed, residuals):
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

    **Fields**

    - `width`: standard deviation as a fraction of the range of each setting; 0 changes nothing. Data without settings
      are left as they are.
    """

    width: Scalar

    def __call__(self, observed, residuals):
        # Multiplying by an identity would cost up to a sixth of a search, and most stages look at sharp data.
        return jax.lax.cond(self.width > 0, lambda r: self._blurred(observed, r), lambda r: r, residuals)

    def _blurred(self, observed, residuals):
        """Each set by itself: their settings are not to be compared."""
        each = observed.split(residuals).items()
        return jnp.concatenate([self._of_set(observed.sets[name], part.reshape(-1)) for name, part in each])

    def _of_set(self, observed, residuals):
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


class Composed(AbstractResidualTransform):
    """One transform after another."""

    transforms: tuple[AbstractResidualTransform, ...]

    def __call__(self, observed, residuals):
        return functools.reduce(lambda r, transform: transform(observed, r), self.transforms, residuals)


def _gaussian_kernel(settings: Float[Array, "points variables"], width: Scalar) -> Float[Array, "points points"]:
    """Rows sum to one. Finite for width 0, too, where it is not used: `vmap` may compute both sides of a choice."""
    squared = jnp.sum((settings[:, None] - settings[None]) ** 2, axis=-1)
    safe = jnp.where(width > 0, width, 1.0)
    kernel = jnp.exp(-squared / (2 * safe**2))
    return kernel / jnp.sum(kernel, axis=1, keepdims=True)


def _scaled(setting: Float[Array, " points"]) -> Float[Array, " points"]:
    low, high = jnp.min(setting), jnp.max(setting)
    return (setting - low) / jnp.where(high > low, high - low, 1.0)
