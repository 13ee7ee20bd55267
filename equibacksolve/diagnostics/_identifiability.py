"""What the data determine: singular values and directions of the Jacobian of the weighted residuals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve.diagnostics._unknowns import Selector, hidden_and_known
from equibacksolve.inverse import AbstractObservations, Hidden, residuals
from equibacksolve.simulators import AbstractSimulator, check_before_compiling


class Identifiability(eqx.Module):
    """The singular value decomposition J = U S V^T of the Jacobian of the weighted residuals.

    A step of length a along direction i changes the residuals by a times singular value i: with sigma known, the data
    determine that combination of unknowns to within 1 / singular value.

    **Fields**

    - `singular_values`: falling, one per unknown; zeros are appended where there are fewer data than unknowns.
    - `directions`: row i is the unit vector of unknowns that belongs to singular value i, in the order of the
      simulator's fields.
    - `relative_values`: singular values with each unknown counted in units of what it takes to change the residuals by
      one, by which the rank is judged: it depends on no unit of the unknowns.
    - `threshold`: relative values up to this fraction of the largest count as zero.
    - `like`: the point, of whose form the hidden leaves of a direction are.
    """

    singular_values: Float[Array, " unknowns"]
    directions: Float[Array, "unknowns unknowns"]
    relative_values: Float[Array, " unknowns"]
    threshold: float = eqx.field(static=True)
    like: AbstractSimulator
    where: Selector = eqx.field(static=True)

    @property
    def rank(self) -> int:
        """How many combinations of the unknowns change the data at all."""
        relative = np.asarray(self.relative_values)
        return int(np.sum(relative > self.threshold * relative[0]))

    @property
    def condition(self) -> float:
        """Largest over smallest singular value; infinite if the rank is not full."""
        if self.rank < self.singular_values.size:
            return float("inf")
        return float(self.singular_values[0] / self.singular_values[-1])

    def direction(self, number: int) -> AbstractSimulator:
        """A simulator whose hidden leaves hold direction `number`: 0 is the best known, -1 the worst.

        `where(found.direction(-1))` is a map, or the leaves that `where` returns. Raises ValueError if there is none.
        """
        size = self.singular_values.size
        if not -size <= number < size:
            raise ValueError(f"number is {number}, but there are {size} directions; count from 0, or back from -1.")
        hidden, known = hidden_and_known(self.like, self.where)
        return eqx.combine(ravel_pytree(hidden)[1](self.directions[number]), known)


def identifiability(
    simulator: AbstractSimulator, observed: AbstractObservations, *, where: Selector, threshold: float | None = None
) -> Identifiability:
    """Which combinations of the hidden unknowns the data determine at a point, and how well.

    **Arguments**

    - `simulator`: the point.
    - `observed`: the data, of which only settings, mask and sigma matter.
    - `where`: returns the hidden leaves.
    - `threshold`: relative values up to this fraction of the largest count as zero. Left out, it is the larger
      dimension of the Jacobian times the rounding unit, as in `numpy.linalg.matrix_rank`.

    **Raises** ValueError if `where` selects nothing, if the threshold is not between 0 and 1, or if the Jacobian is not
    finite.
    """
    if threshold is not None and not 0 <= threshold < 1:
        raise ValueError(f"threshold is {threshold}; give a fraction of the largest singular value, from 0 to below 1.")
    jacobian = residual_jacobian(simulator, observed, where=where)
    if threshold is None:
        threshold = max(jacobian.shape) * float(jnp.finfo(jacobian.dtype).eps)
    values, rows, relative = _singular_values(jacobian)
    return Identifiability(values, rows, relative, threshold, simulator, where)


@jax.jit
def _singular_values(
    jacobian: Float[Array, "data unknowns"],
) -> tuple[Float[Array, " unknowns"], Float[Array, "unknowns unknowns"], Float[Array, " unknowns"]]:
    """Singular values and directions, and the values of columns of length one; zeros where there are few data."""
    _, values, rows = jnp.linalg.svd(jacobian, full_matrices=jacobian.shape[0] < jacobian.shape[1])
    length = jnp.linalg.norm(jacobian, axis=0)
    relative = jnp.linalg.svd(jacobian / jnp.where(length > 0, length, 1.0), compute_uv=False)
    values, relative = (jnp.pad(one, (0, jacobian.shape[1] - one.size)) for one in (values, relative))
    return values, rows, relative


def residual_jacobian(
    simulator: AbstractSimulator, observed: AbstractObservations, *, where: Selector
) -> Float[Array, "data unknowns"]:
    """d residual_i / d unknown_j: the sensitivity of each datum, over its sigma if that is known (0 where masked).

    Raises ValueError if `where` selects nothing, if the simulator cannot be trusted at this point
    (`AbstractSimulator.check_settings`), or if an entry is not finite.
    """
    check_before_compiling(simulator, observed.variables)
    jacobian = _jacobian(*hidden_and_known(simulator, where), observed)
    if not np.all(np.isfinite(jacobian)):
        raise ValueError("the Jacobian at this point is not finite; choose a point inside the range of the model.")
    return jacobian


@eqx.filter_jit
def _jacobian(hidden: Hidden, known, observed):
    flat, unravel = ravel_pytree(hidden)
    _, push = jax.linearize(lambda vector: residuals(eqx.combine(unravel(vector), known), observed), flat)
    return jax.vmap(push, out_axes=1)(jnp.eye(flat.size, dtype=flat.dtype))
