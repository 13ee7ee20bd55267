"""The step by conjugate gradients: J is applied, never squared; for more than a few thousand unknowns."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem, prior_precision
from equibacksolve.methods._step_equations import (
    AbstractStepEquations,
    Linearized,
    Unknowns,
    initial_linearized,
    linearized_at,
    over_leaves,
)

PROBES = 16
"""Random vectors that estimate the curvature of a leaf: good to sqrt(2 / (PROBES x its unknowns)) at best."""


class Slope(eqx.Module):
    """Value and gradient of the objective at a guess."""

    value: Scalar
    gradient: Unknowns


class ConjugateGradients(AbstractStepEquations):
    """Solve by conjugate gradients, preconditioned by the smoothness prior (and the damping), in the cosine basis.

    A step need not be exact: the damping bends it anyway.

    **Fields**

    - `tolerance`: of the residual of the linear system, relative to the gradient.
    - `iterations`: the most that are made.
    - `keep_jacobian`: whether J of the data, N x n, is kept between steps. Without it memory is bounded by what
      automatic differentiation of the simulator needs, which is far less for data that share one simulation (an image),
      and a step costs two simulations.
    """

    tolerance: Float[Array, ""] = eqx.field(converter=float_array, default=1e-3)
    iterations: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=200)
    keep_jacobian: bool = eqx.field(static=True, default=True)

    @property
    def simulations(self) -> int:
        return 1 if self.keep_jacobian else 2

    def initial_model(self, problem: Problem, hidden: Hidden) -> Linearized | Slope:
        if self.keep_jacobian:
            return initial_linearized(problem, hidden)
        flat = ravel_pytree(hidden)[0]
        return Slope(jnp.asarray(jnp.inf, flat.dtype), jnp.zeros_like(flat))

    def model_at(self, problem: Problem, hidden: Hidden) -> tuple[Linearized | Slope, Scalar]:
        if self.keep_jacobian:
            return linearized_at(problem, hidden)
        (value, cost), gradient = jax.value_and_grad(problem.objective, has_aux=True)(hidden)
        return Slope(value, ravel_pytree(gradient)[0] / 2), cost

    def curvature(self, problem: Problem, hidden: Hidden, model: Linearized | Slope) -> Unknowns:
        """Estimated, over a whole map: E (J^T w)^2 is the diagonal of J^T J for random signs w."""
        push, pull = _linear(problem, hidden, model)
        rows = jax.eval_shape(push, ravel_pytree(hidden)[0])
        signs = jax.random.rademacher(jax.random.key(0), (PROBES, *rows.shape), rows.dtype)
        curvature = jnp.mean(jax.lax.map(pull, signs) ** 2, axis=0) / problem.observed.count
        return over_leaves(problem, hidden, curvature)

    def least_damping(self, dtype: jnp.dtype) -> float:
        return 1e-6  # with less, the iterations would not come to an end

    def solve(self, problem, hidden, model: Linearized | Slope, diagonal, free, right=None) -> Unknowns:
        right = -model.gradient if right is None else right
        push, pull = _linear(problem, hidden, model)
        precision = prior_precision(problem, hidden, diagonal)

        # Each unknown, or map, in units of its curvature: how far a solution is off is told by a norm.
        unit = jnp.sqrt(over_leaves(problem, hidden, diagonal))

        def damped(x):
            scaled = free * x / unit
            product = pull(push(scaled)) / problem.observed.count + diagonal * scaled
            return free * product / unit + (1 - free) * x

        held = lambda x: free * unit * precision.solve(free * unit * x) + (1 - free) * x
        ends: dict[str, Any] = {"tol": self.tolerance, "maxiter": self.iterations}
        x, _ = jax.scipy.sparse.linalg.cg(damped, right * free / unit, M=held, **ends)
        return x / unit


def _linear(problem: Problem, hidden: Hidden, model: Linearized | Slope):
    """The products with J and J^T of what the stage sees."""
    flat, unravel = ravel_pytree(hidden)
    if isinstance(model, Linearized):
        seen = lambda x, plain: problem.objective_residuals(unravel(x), plain)
        _, push_seen = jax.linearize(seen, flat, model.residuals)
        push = lambda x: push_seen(x, model.jacobian @ x)
    else:
        _, push = jax.linearize(lambda x: problem.objective_residuals(unravel(x), problem.residuals(unravel(x))), flat)
    transposed = jax.linear_transpose(push, flat)
    return push, lambda rows: transposed(rows)[0]
