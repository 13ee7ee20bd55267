"""Unknowns within bounds as numbers without bounds, so that a chain never meets a wall."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar

Unknowns = Float[Array, " unknowns"]


class BoxTransform(eqx.Module):
    """Between two bounds x = lower + (upper - lower) / (1 + exp(-z)); beside one, x = bound +- exp(z); else x = z."""

    lower: Unknowns
    upper: Unknowns

    def inside(self, free: Unknowns) -> Unknowns:
        """The unknowns x of the numbers z."""
        return jax.vmap(_inside)(free, self.lower, self.upper)

    def free(self, unknowns: Unknowns) -> Unknowns:
        """The numbers z of unknowns that are strictly within the bounds."""
        low, high = unknowns - self.lower, self.upper - unknowns
        below, above = jnp.isfinite(low), jnp.isfinite(high)
        log_low, log_high = (jnp.log(jnp.where(known, gap, 1.0)) for known, gap in ((below, low), (above, high)))
        return jnp.where(below | above, log_low - jnp.where(below, 1.0, -1.0) * log_high, unknowns)

    def log_volume(self, free: Unknowns) -> Scalar:
        """The logarithm of |dx/dz|: a density over x, times this factor, is one over z."""
        return jnp.sum(jax.vmap(_log_slope)(free, self.lower, self.upper))

    def slopes(self, free: Unknowns) -> tuple[Unknowns, Unknowns, Unknowns]:
        """dx/dz, d2x/dz2, and the second derivative of log dx/dz."""
        of = lambda function: jax.vmap(function)(free, self.lower, self.upper)
        return of(jax.grad(_inside)), of(jax.grad(jax.grad(_inside))), of(jax.grad(jax.grad(_log_slope)))


@functools.partial(jax.jit, inline=True)
def _inside(z: Scalar, low: Scalar, high: Scalar) -> Scalar:
    below, above = jnp.isfinite(low), jnp.isfinite(high)
    low, high = jnp.where(below, low, 0.0), jnp.where(above, high, 0.0)
    one_sided = jnp.exp(jnp.where(below ^ above, z, 0.0))
    beside = jnp.where(below, low + one_sided, high - one_sided)
    between = low + (high - low) * jax.nn.sigmoid(z)
    return jnp.where(below & above, between, jnp.where(below ^ above, beside, z))


@functools.partial(jax.jit, inline=True)
def _log_slope(z: Scalar, low: Scalar, high: Scalar) -> Scalar:
    below, above = jnp.isfinite(low), jnp.isfinite(high)
    span = jnp.where(below & above, high - low, 1.0)
    between = jnp.log(span) + jax.nn.log_sigmoid(z) + jax.nn.log_sigmoid(-z)
    return jnp.where(below & above, between, jnp.where(below ^ above, z, 0.0))
