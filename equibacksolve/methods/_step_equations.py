"""What a Levenberg-Marquardt step solves, and what it keeps in memory to do so.

Near a guess, the residuals of a stage are r + J dp: N data and the rows of a prior, n unknowns. A damped step solves

    (J^T J + D) dp = -J^T r,        D diagonal.

Which of the matrices fits into memory decides how: see `NormalEquations`, `DataSpace` and `ConjugateGradients`.
"""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem

Unknowns = Float[Array, " unknowns"]

BLOCK = 256
"""Columns of a Jacobian that are made together: bounds the memory of the unit vectors."""


class AbstractStepEquations(eqx.Module):
    """A way to solve for the step.

    Its models have the fields `value` and `gradient` (J^T r), both divided by the number of data, as is the Hessian.
    """

    @property
    @abstractmethod
    def simulations(self) -> int:
        """Simulations of the whole data set that a step takes."""

    @abstractmethod
    def initial_model(self, problem: Problem, hidden: Hidden) -> Any:
        """A model of the right shape, of infinite value and zero gradient: nothing has been simulated yet."""

    @abstractmethod
    def model_at(self, problem: Problem, hidden: Hidden) -> tuple[Any, Scalar]:
        """The model of the objective at `hidden`, and the plain cost there."""

    @abstractmethod
    def curvature(self, problem: Problem, hidden: Hidden, model: Any) -> Unknowns:
        """The diagonal of the Hessian, or an estimate of it."""

    @abstractmethod
    def solve(
        self,
        problem: Problem,
        hidden: Hidden,
        model: Any,
        diagonal: Unknowns,
        free: Unknowns,
        right: Unknowns | None = None,
    ) -> Unknowns:
        """The step for D = `diagonal`, in units of the model. `free` is 0 where an unknown is held, else 1.

        With `right`, the x of (J^T J + D) x = right.
        """

    @abstractmethod
    def least_damping(self, dtype: jnp.dtype) -> float:
        """What keeps a Hessian without an inverse from breaking its factorisation, in units of its diagonal."""


def over_leaves(problem: Problem, hidden: Hidden, curvature: Unknowns) -> Unknowns:
    """The mean curvature of its leaf for each site of a map, which share a unit; for other unknowns their own."""
    leaves, tree = jax.tree.flatten(ravel_pytree(hidden)[1](curvature))
    mean = lambda leaf, kind: jnp.full_like(leaf, jnp.mean(leaf)) if kind.is_map else leaf
    return ravel_pytree(jax.tree.unflatten(tree, [mean(*pair) for pair in zip(leaves, problem.kinds)]))[0]


class Linearized(eqx.Module):
    """Plain residuals and their Jacobian at a guess, with value and gradient of the objective there."""

    value: Scalar
    gradient: Unknowns
    residuals: Float[Array, " data"]
    jacobian: Float[Array, "data unknowns"]


def initial_linearized(problem: Problem, hidden: Hidden) -> Linearized:
    """The model before the first simulation."""
    flat = ravel_pytree(hidden)[0]
    data = problem.observed.values.size
    infinite = jnp.asarray(jnp.inf, flat.dtype)
    nothing = jnp.zeros((data, flat.size), flat.dtype)
    return Linearized(infinite, jnp.zeros_like(flat), jnp.zeros(data, flat.dtype), nothing)


def linearized_at(problem: Problem, hidden: Hidden) -> tuple[Linearized, Scalar]:
    """Simulate once, and keep J of the plain residuals: what the stage makes of it is cheap to apply."""
    flat, unravel = ravel_pytree(hidden)
    plain, push = jax.linearize(lambda x: problem.residuals(unravel(x)), flat)
    jacobian = columns(push, flat)
    seen, pull = jax.vjp(lambda x, r: problem.objective_residuals(unravel(x), r), flat, plain)
    of_hidden, of_plain = pull(seen)
    count = problem.observed.count
    gradient = (of_hidden + of_plain @ jacobian) / count
    return Linearized(seen @ seen / count, gradient, plain, jacobian), plain @ plain / count


def residuals_with_jacobian(
    problem: Problem, hidden: Hidden
) -> tuple[Float[Array, " rows"], Float[Array, "rows unknowns"], Float[Array, " data"]]:
    """Simulate once: what the stage makes of the residuals, its Jacobian, and the plain residuals."""
    flat, unravel = ravel_pytree(hidden)

    def seen(unknowns):
        leaves = unravel(unknowns)
        plain = problem.residuals(leaves)
        return problem.objective_residuals(leaves, plain), plain

    r, push, plain = jax.linearize(seen, flat, has_aux=True)
    return r, columns(push, flat), plain


def columns(push, flat: Unknowns) -> Float[Array, "rows unknowns"]:
    """The matrix of a linear function, `BLOCK` columns at a time."""
    if flat.size <= BLOCK:
        return jax.vmap(push, out_axes=1)(jnp.eye(flat.size, dtype=flat.dtype))
    unit = lambda i: push(jax.nn.one_hot(i, flat.size, dtype=flat.dtype))
    return jax.lax.map(unit, jnp.arange(flat.size), batch_size=BLOCK).T
