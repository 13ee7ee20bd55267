"""What annealed searches have in common: a noise level that falls, and the cost of where they stand."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem


def noise_level(problem: Problem, hot: Scalar, cold: Scalar, along: Float[Array, ""]) -> Scalar:
    """s, in units of the residuals: from `hot` (along 0) to `cold` (1) deviations of the data, never below sigma."""
    level = hot * (cold / hot) ** along * jnp.sqrt(problem.spread)
    return level if problem.observed.sigma is None else jnp.maximum(level, 1.0)


@eqx.filter_jit
def compiled_cost(problem: Problem, hidden: Hidden) -> Scalar:
    """The plain cost."""
    return problem.cost(hidden)
