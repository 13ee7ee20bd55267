"""The step from J^T J: n x n, for up to a few thousand unknowns."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse.methods._step_equations import AbstractStepEquations, Unknowns, columns


class Quadratic(eqx.Module):
    """The objective near a point: its value, gradient J^T r and Hessian J^T J, each divided by the number of data."""

    value: Scalar
    gradient: Unknowns
    hessian: Float[Array, "unknowns unknowns"]


class NormalEquations(AbstractStepEquations):
    """Form J^T J + D, and factor it. Damping is scaled by the diagonal of J^T J (Marquardt)."""

    @property
    def simulations(self) -> int:
        return 1

    def unseen(self, problem: Problem, hidden: Hidden) -> Quadratic:
        unknowns = ravel_pytree(hidden)[0]
        infinite = jnp.asarray(jnp.inf, unknowns.dtype)
        return Quadratic(infinite, jnp.zeros_like(unknowns), jnp.zeros((unknowns.size,) * 2, unknowns.dtype))

    def look(self, problem: Problem, hidden: Hidden) -> tuple[Quadratic, Scalar]:
        flat, unravel = ravel_pytree(hidden)

        def seen(unknowns):
            leaves = unravel(unknowns)
            plain = problem.residuals(leaves)
            return problem.seen(leaves, plain), plain

        r, push, plain = jax.linearize(seen, flat, has_aux=True)
        jacobian = columns(push, flat)
        count = problem.observed.count
        model = Quadratic(r @ r / count, jacobian.T @ r / count, jacobian.T @ jacobian / count)
        return model, plain @ plain / count

    def scale(self, problem: Problem, hidden: Hidden, model: Quadratic, floor: Scalar) -> Unknowns:
        curvature = jnp.diagonal(model.hessian)
        scale = jnp.maximum(curvature, floor.astype(curvature.dtype) * jnp.mean(curvature))
        return jnp.where(scale > 0, scale, 1.0)

    def solve(self, problem: Problem, hidden: Hidden, model: Quadratic, diagonal: Unknowns, free: Unknowns) -> Unknowns:
        damped = model.hessian * free * free[:, None] + jnp.diag(diagonal + (1 - free))
        return -jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(damped), model.gradient * free)
