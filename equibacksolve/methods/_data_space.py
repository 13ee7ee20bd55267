"""The step from J A^-1 J^T: N x N, for fewer data than unknowns."""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, is_exact, prior_precision
from equibacksolve.methods._step_equations import (
    AbstractStepEquations,
    Linearized,
    Unknowns,
    initial_linearized,
    linearized_at,
    over_leaves,
)


class DataSpace(AbstractStepEquations):
    """Solve for one number a datum instead of one an unknown, exactly (data-space inversion, Siripunvaraporn 2005).

    With B the Jacobian of the (blurred) data, r their residuals, h the gradient of the smoothness prior and A its
    precision plus the damping, the step that solves (B^T B + A) dp = -(B^T r + h) is

        dp = -A^-1 (h + B^T w),        (1 + B A^-1 B^T) w = r - B A^-1 h,

    as inserting shows. A is diagonal in the cosine basis if the damping is the same on all of a leaf: it is. This needs
    that stages know of weights, blur and smoothness priors only, on leaves without a period, and no bounds; use
    `ConjugateGradients` elsewhere (ValueError).
    """

    @property
    def simulations(self) -> int:
        return 1

    def initial_model(self, problem: Problem, hidden: Hidden) -> Linearized:
        if not suits_data_space(problem):
            raise ValueError(
                "equations is DataSpace, which knows no bounds, no smoothness prior on periodic leaves and no residual "
                "transforms but Weighted and Smoothing; use ConjugateGradients instead."
            )
        return initial_linearized(problem, hidden)

    def model_at(self, problem: Problem, hidden: Hidden) -> tuple[Linearized, Scalar]:
        return linearized_at(problem, hidden)

    def curvature(self, problem: Problem, hidden: Hidden, model: Linearized) -> Unknowns:
        _, blurred = _blurred(problem, hidden, model)
        of_data = ravel_pytree(hidden)[1](jnp.sum(blurred**2, axis=0) / problem.observed.count)
        of_prior = prior_precision(problem, hidden, jnp.zeros_like(model.gradient)).weights
        leaves, tree = jax.tree.flatten(of_data)
        sums = [leaf + jnp.mean(prior) for leaf, prior in zip(leaves, of_prior)]
        return over_leaves(problem, hidden, ravel_pytree(jax.tree.unflatten(tree, sums))[0])

    def least_damping(self, dtype: jnp.dtype) -> float:
        # 1 + B A^-1 B^T loses as many digits as A is smaller than the curvature of the data.
        return float(jnp.finfo(dtype).eps) ** 0.5

    def solve(self, problem, hidden, model: Linearized, diagonal, free, right=None) -> Unknowns:
        del free
        root = jnp.sqrt(jnp.asarray(problem.observed.count, diagonal.dtype))
        residuals, blurred = (part / root for part in _blurred(problem, hidden, model))
        precision = prior_precision(problem, hidden, diagonal)
        if right is None:
            of_prior = model.gradient - residuals @ blurred
        else:
            residuals, of_prior = jnp.zeros_like(residuals), -right
        weighted = precision.solve(blurred)
        matrix = jnp.eye(residuals.size, dtype=diagonal.dtype) + blurred @ weighted.T
        right = residuals - weighted @ of_prior
        w = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(matrix), right)
        return -precision.solve(of_prior) - w @ weighted


def suits_data_space(problem: Problem) -> bool:
    """Whether `DataSpace` can solve the steps of this problem."""
    return is_exact(problem) and problem.lower is None


def _blurred(problem, hidden, model):
    """Residuals and Jacobian as the stage sees them, without the rows of the prior."""
    if problem.transform is None:
        return model.residuals, model.jacobian
    blur = lambda r: problem.transform(problem.observed, r)
    return blur(model.residuals), jax.vmap(blur, in_axes=1, out_axes=1)(model.jacobian)
