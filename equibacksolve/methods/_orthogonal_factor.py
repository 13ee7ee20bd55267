"""The step from J = Q R itself: J^T J is never formed, which would square how unlike the unknowns are to each other."""

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


class Triangular(eqx.Module):
    """The objective near a point: its value, gradient J^T r, R of J = Q R, and Q^T r; J and r over sqrt(data)."""

    value: Scalar
    gradient: Unknowns
    factor: Float[Array, "unknowns unknowns"]
    projected: Unknowns


class OrthogonalFactor(AbstractStepEquations):
    """Least squares by an orthogonal factor, as MINPACK does: twice the digits of the normal equations."""

    @property
    def simulations(self) -> int:
        return 1

    def least_damping(self, dtype: jnp.dtype) -> float:
        return (100 * float(jnp.finfo(dtype).eps)) ** 2

    def initial_model(self, problem: Problem, hidden: Hidden) -> Triangular:
        unknowns = ravel_pytree(hidden)[0]
        vector, matrix = (known_array(np.zeros((unknowns.size,) * axes), unknowns.dtype) for axes in (1, 2))
        return Triangular(known_array(np.inf, unknowns.dtype), vector, matrix, vector)

    def model_at(self, problem: Problem, hidden: Hidden) -> tuple[Triangular, Scalar]:
        r, jacobian, plain = residuals_with_jacobian(problem, hidden)
        count = problem.observed.count
        r, jacobian = r / jnp.sqrt(count), jacobian / jnp.sqrt(count)
        factor, projected = _factored(jacobian, r)
        return Triangular(r @ r, r @ jacobian, factor, projected), plain @ plain / count

    def curvature(self, problem: Problem, hidden: Hidden, model: Triangular) -> Unknowns:
        return jnp.sum(model.factor**2, axis=0)

    def solve(self, problem, hidden, model: Triangular, diagonal, free, right=None) -> Unknowns:
        damping = jnp.diag(jnp.sqrt(diagonal * free + (1 - free)))
        matrix = jnp.concatenate([model.factor * free, damping])
        factor, projected = _factored(matrix, jnp.concatenate([model.projected, jnp.zeros_like(diagonal)]))
        upward = lambda x, trans=0: jax.scipy.linalg.solve_triangular(factor, x, trans=trans)
        if right is not None:
            return upward(upward(right * free, 1)) * free
        return -upward(projected) * free


def _factored(matrix: Float[Array, "rows unknowns"], r: Float[Array, " rows"]):
    """R and Q^T r of the matrix."""
    unknowns = matrix.shape[1]
    both = jnp.linalg.qr(jnp.concatenate([matrix, r[:, None]], axis=1), mode="r")
    both = jnp.pad(both, ((0, max(0, unknowns - both.shape[0])), (0, 0)))
    return both[:unknowns, :unknowns], both[:unknowns, unknowns]
