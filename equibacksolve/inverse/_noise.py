"""Noise with outliers: what a residual counts, if readings are sometimes far off.

With Gaussian noise, minus twice the logarithm of the probability of a reading is r^2, r its residual over sigma. Of
other noise it is another function rho(r). The residual then counts as g = sign(r) sqrt(rho(r)), whose square is rho:
so every method that minimises squares minimises the right sum.
"""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import scipy.special
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar


class AbstractNoise(eqx.Module):
    """How residuals over sigma are distributed, for the `noise=` of `Observations`."""

    @abstractmethod
    def counted(self, residuals: Float[Array, "..."]) -> Float[Array, "..."]:
        """g = sign(r) sqrt(rho(r)), close to r where r is small, up to a factor."""

    @abstractmethod
    def expected(self) -> tuple[float, float]:
        """Mean and standard deviation of rho, over its own noise: what the cost of one datum is at the truth."""


class StudentT(AbstractNoise):
    """Noise with long tails: rho = (f + 1) log(1 + r^2 / f), with f degrees of freedom.

    The further off a reading is, the less it pulls. Of two clusters of readings, it goes with one: start close enough.

    **Fields**

    - `freedom`: f; few for many outliers, many for few. Sigma is the scale of the noise, whose standard deviation is
      sigma sqrt(f / (f - 2)).

    **Raises** ValueError unless it is positive and finite.
    """

    freedom: Scalar = eqx.field(converter=named_float_array("StudentT.freedom"), default=4.0)

    def __check_init__(self):
        check_fields(self)
        _check_positive("StudentT", "freedom", self.freedom)

    def counted(self, residuals):
        freedom = self.freedom.astype(residuals.dtype)
        return _root(residuals, (freedom + 1) * jnp.log1p(residuals**2 / freedom), jnp.sqrt((freedom + 1) / freedom))

    def expected(self):
        # r^2 / f = 1 / B - 1 with B of the beta distribution (f / 2, 1 / 2), of whose logarithm these are known.
        half, more = float(self.freedom) / 2, float(self.freedom) / 2 + 0.5
        mean = scipy.special.digamma(more) - scipy.special.digamma(half)
        variance = scipy.special.polygamma(1, half) - scipy.special.polygamma(1, more)
        return float(2 * more * mean), float(2 * more * variance**0.5)


class Huber(AbstractNoise):
    """Gaussian noise of which a few readings are far off: rho = r^2 up to a threshold k, and 2 k |r| - k^2 beyond.

    An outlier pulls as if it were k sigma off. There are no more minima than without (P. J. Huber, Ann. Math. Stat. 35,
    73 (1964)).

    **Fields**

    - `threshold`: k, in units of sigma; at 1.345, Gaussian data lose 5 % of what they tell.

    **Raises** ValueError unless it is positive and finite.
    """

    threshold: Scalar = eqx.field(converter=named_float_array("Huber.threshold"), default=1.345)

    def __check_init__(self):
        check_fields(self)
        _check_positive("Huber", "threshold", self.threshold)

    def counted(self, residuals):
        threshold = self.threshold.astype(residuals.dtype)
        size = jnp.abs(residuals)
        beyond = size > threshold
        far = jnp.sign(residuals) * jnp.sqrt(threshold * (2 * jnp.where(beyond, size, threshold) - threshold))
        return jnp.where(beyond, far, residuals)

    def expected(self):
        """Of Gaussian noise: that of the density exp(-rho / 2) would count outliers that are not there."""
        k = float(self.threshold)
        tail, density = 2 * scipy.special.ndtr(-k), math.sqrt(2 / math.pi) * math.exp(-(k**2) / 2)
        inside = {2: 1 - tail - k * density, 4: 3 * (1 - tail) - (k**3 + 3 * k) * density}
        beyond = {1: density, 2: tail + k * density}
        mean = inside[2] + 2 * k * beyond[1] - k**2 * tail
        square = inside[4] + 4 * k**2 * beyond[2] - 4 * k**3 * beyond[1] + k**4 * tail
        return float(mean), float(max(square - mean**2, 0.0)) ** 0.5


def _check_positive(kind: str, name: str, value: Scalar) -> None:
    if is_concrete(value) and not (value > 0 and jnp.isfinite(value)):
        raise ValueError(f"{kind} got {name}={float(value)}; give a positive number.")


def _root(residuals: Float[Array, "..."], rho: Float[Array, "..."], slope: Scalar) -> Float[Array, "..."]:
    """sign(r) sqrt(rho(r)), with the slope at zero that its derivative would divide by zero for."""
    near = jnp.abs(residuals) < 1e-4
    root = jnp.sqrt(jnp.where(near, 1.0, rho))
    return jnp.where(near, slope * residuals, jnp.sign(residuals) * root)
