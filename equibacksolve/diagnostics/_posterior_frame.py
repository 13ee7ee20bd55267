"""The posterior in numbers in which it is nearly a standard normal one: whitened by the Jacobian at a minimum."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._box_transform import BoxTransform, Unknowns
from equibacksolve.diagnostics._identifiability import residual_jacobian
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import Hidden, Problem


class Frame(eqx.Module):
    """z = center + axes u: of the linear model at `center`, u has a standard normal distribution."""

    center: Unknowns
    axes: Float[Array, "unknowns unknowns"]

    def free(self, whitened: Unknowns) -> Unknowns:
        return self.center + self.axes @ whitened


def box_of(problem: Problem, hidden: Hidden) -> BoxTransform:
    """The bounds of a problem, infinite where there are none."""
    flat = ravel_pytree(hidden)[0]
    if problem.lower is None:
        return BoxTransform(jnp.full_like(flat, -jnp.inf), jnp.full_like(flat, jnp.inf))
    return BoxTransform(ravel_pytree(problem.lower)[0], ravel_pytree(problem.upper)[0])


def frame_at(problem: Problem, hidden: Hidden, where: Selector) -> Frame:
    """The frame of the minimum at `hidden`. At a bound its center is as far inside as the posterior reaches.

    Minus the logarithm of the density over z is U(x(z)) - log dx/dz. Its curvature is x' H x' + U' x'' - (log x')'',
    with H = J^T J + that of the priors. It is written as R^T R, whose singular values are its own, not squared.

    Raises ValueError if data, priors and bounds together leave some combination of the unknowns undetermined.
    """
    flat, unravel = ravel_pytree(hidden)
    jacobian = residual_jacobian(problem.simulator(hidden), problem.observed, where=where)
    of_priors = lambda unknowns: problem.prior_residuals(unravel(unknowns))
    rows = jnp.concatenate([jacobian, jax.jacfwd(of_priors)(flat)])
    left = jnp.concatenate([problem.residuals(hidden), of_priors(flat)])
    slope, curvature = rows.T @ left, jnp.sum(rows**2, axis=0)
    box = box_of(problem, hidden)
    center = box.free(_stepped_inside(box, flat, slope, curvature))
    first, second, of_volume = box.slopes(center)
    added = jnp.sqrt(jnp.maximum(slope * second - of_volume, 0.0))
    return Frame(center, _whitening(np.concatenate([rows * first, np.diag(added)])))


def _stepped_inside(box: BoxTransform, flat: Unknowns, slope: Unknowns, curvature: Unknowns) -> Unknowns:
    """The unknowns, none closer to its bound than where chi-squared is higher by one, or a third of the box."""
    slope = jnp.abs(slope)
    reach = 1 / (slope + jnp.sqrt(slope**2 + curvature))
    reach = jnp.minimum(reach, (box.upper - box.lower) / 3)
    reach = jnp.where(jnp.isfinite(reach), reach, 1.0)  # undetermined: told by the caller
    return jnp.clip(flat, box.lower + reach, box.upper - reach)


def _whitening(rows: Float[np.ndarray, "rows unknowns"]) -> Float[Array, "unknowns unknowns"]:
    """A such that A A^T = (R^T R)^-1. Raises ValueError if the rank is not full, with each unknown in its own unit."""
    unit = np.linalg.norm(rows, axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    _, values, axes = np.linalg.svd(rows / unit, full_matrices=False)
    determined = int(np.sum(values > max(rows.shape) * np.finfo(values.dtype).eps * values[0]))
    if determined < unit.size:
        raise ValueError(
            f"data, prior and bounds determine only {determined} of {unit.size} combinations of the unknowns, so that "
            "the posterior has no end; pass prior= or bounds=, or hide fewer leaves."
        )
    return jnp.asarray((axes / values[:, None]).T / unit[:, None])


def log_density(problem: Problem, box: BoxTransform, unravel: Any, frame: Frame, whitened: Unknowns) -> Scalar:
    """The logarithm of the posterior density over u, up to a constant."""
    free = frame.free(whitened)
    hidden = unravel(box.inside(free))
    squares = jnp.sum(problem.residuals(hidden) ** 2) + jnp.sum(problem.prior_residuals(hidden) ** 2)
    return box.log_volume(free) - squares / 2
