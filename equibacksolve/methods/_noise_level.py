"""The noise level of annealed searches."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Problem


def noise_level(problem: Problem, deviations: Scalar) -> Scalar:
    """s, in units of the residuals: so many standard deviations of the data, never below sigma."""
    level = deviations * jnp.sqrt(problem.spread)
    return level if problem.observed.sigma is None else jnp.maximum(level, 1.0)


def falling(hot: Scalar, cold: Scalar, along: Float[Array, ""]) -> Scalar:
    """From `hot` (along 0) to `cold` (1), in equal ratios."""
    return hot * (cold / hot) ** along
