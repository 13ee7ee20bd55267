"""The step from J^T J: n x n, for up to a few thousand unknowns."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._arrays import known_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods._step_equations import AbstractStepEquations, Unknowns, residuals_with_jacobian


class Quadratic(eqx.Module):
    """The objective near a point: its value, gradient J^T r and Hessian J^T J, each divided by the number of data."""

    value: Scalar
    gradient: Unknowns
    hessian: Float[Array, "unknowns unknowns"]


class NormalEquations(AbstractStepEquations):
    """Form J^T J + D, and factor it."""

    @property
    def simulations(self) -> int:
        return 1

    def initial_model(self, problem: Problem, hidden: Hidden) -> Quadratic:
        unknowns = ravel_pytree(hidden)[0]
        infinite = known_array(np.inf, unknowns.dtype)
        return Quadratic(infinite, *(known_array(np.zeros((unknowns.size,) * axes), unknowns.dtype) for axes in (1, 2)))

    def least_damping(self, dtype: jnp.dtype) -> float:
        return 100 * float(jnp.finfo(dtype).eps)

    def model_at(self, problem: Problem, hidden: Hidden) -> tuple[Quadratic, Scalar]:
        r, jacobian, plain = residuals_with_jacobian(problem, hidden)
        count = problem.observed.count
        model = Quadratic(r @ r / count, jacobian.T @ r / count, jacobian.T @ jacobian / count)
        return model, plain @ plain / count

    def curvature(self, problem: Problem, hidden: Hidden, model: Quadratic) -> Unknowns:
        return jnp.diagonal(model.hessian)

    def solve(self, problem, hidden, model: Quadratic, diagonal, free, right=None) -> Unknowns:
        right = -model.gradient if right is None else right
        damped = model.hessian * free * free[:, None] + jnp.diag(diagonal + (1 - free))
        return jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(damped), right * free)
