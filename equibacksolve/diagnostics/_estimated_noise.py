"""The noise of data that came without sigma, from what a fit leaves over."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._identifiability import residual_jacobian
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import AbstractObservations, JointObservations, residuals
from equibacksolve.simulators import AbstractSimulator


class EstimatedNoise(eqx.Module):
    """How large the errors of the data are, if the model is right. Of several sets, each field holds one by name.

    **Fields**

    - `sigma`: the standard deviation of a reading; of data with a sigma, the factor by which it is too small.
    - `error`: its standard error, by the jackknife: each reading is left out in turn.
    - `freedom`: readings less the unknowns that they determined, N - n.
    - `observed`: the data with the sigma that was found, for errors, intervals and the goodness of fit of *other* fits.
    """

    sigma: PyTree[Scalar]
    error: PyTree[Scalar]
    freedom: PyTree[Scalar]
    observed: AbstractObservations


def estimated_noise(simulator: AbstractSimulator, observed: AbstractObservations, *, where: Selector) -> EstimatedNoise:
    """Take the residuals of a fit as noise: sigma^2 = sum of squares / (N - n).

        noise = diagnostics.estimated_noise(found.simulator, observed, where=hidden)
        errors = diagnostics.standard_errors(found.simulator, noise.observed, where=hidden)

    n is counted by what the data determined: the sum of their leverages h_i, the diagonal of J (J^T J)^-1 J^T. Without
    reading i, the sum of squares is smaller by r_i^2 / (1 - h_i), to first order: of that the jackknife is made. The
    goodness of fit of this fit says nothing any more: chi-squared is N - n by construction.

    Of several sets each has a sigma of its own. If they differ from what the search took, search once more.

    **Arguments**

    - `simulator`: what a search found, at its minimum.
    - `observed`: the data.
    - `where`: as in the search.

    **Raises** ValueError if the data leave nothing over: not more readings than unknowns, or residuals that are zero;
    and for data with `noise`, of whose residuals the mean square is not the variance.
    """
    if kinds := [type(one.noise).__name__ for one in observed.sets.values() if one.noise is not None]:
        raise ValueError(f"observed has the noise {kinds[0]}, whose scale is not estimated; leave noise= out for this.")
    leverage = observed.split(_leverages(residual_jacobian(simulator, observed, where=where)))
    left = observed.split(residuals(simulator, observed))
    found = {name: _of_set(name, one, left[name], leverage[name]) for name, one in observed.sets.items()}
    sigma, error, freedom = ({name: one[part] for name, one in found.items()} for part in range(3))
    if isinstance(observed, JointObservations):
        sigma, error = ({n: part[n] * observed.scales[n] for n in part} for part in (sigma, error))
    each = {name: sigma[name] / jnp.where(one.weights() > 0, one.weights(), 1.0) for name, one in observed.sets.items()}
    if isinstance(observed, JointObservations):
        return EstimatedNoise(sigma, error, freedom, observed.with_sigma(each))
    return EstimatedNoise(sigma[""], error[""], freedom[""], observed.with_sigma(each[""]))


def _leverages(jacobian: Float[Array, "data unknowns"]) -> Float[Array, " data"]:
    """The diagonal of the projector on the columns of J, each unknown in units of its own curvature."""
    length = jnp.linalg.norm(jacobian, axis=0)
    rows, values, _ = np.linalg.svd(np.asarray(jacobian / jnp.where(length > 0, length, 1.0)), full_matrices=False)
    seen = values > max(jacobian.shape) * np.finfo(values.dtype).eps * values[0]
    return jnp.asarray(np.sum(rows[:, seen] ** 2, axis=1))


def _of_set(name: str, observed, left, leverage) -> tuple[Scalar, Scalar, Scalar]:
    """The scale of the residuals, its jackknife error, and the degrees of freedom."""
    counts = np.ones(left.shape, bool) if observed.mask is None else np.asarray(observed.mask)
    left, leverage = (np.asarray(part)[counts] for part in (left, leverage))
    freedom, squares = left.size - float(np.sum(leverage)), float(np.sum(left**2))
    which = f"of {name} " if name else ""
    if freedom < 0.5 or not squares > 0:
        determined = f"{left.size} readings, {left.size - freedom:.1f} unknowns that they determine"
        raise ValueError(
            f"the data {which}leave nothing over to tell their noise by: {determined}, residuals {squares**0.5:.2g}; "
            "pass sigma= to Observations."
        )
    without = np.maximum(squares - left**2 / np.maximum(1 - leverage, 1e-6), 0.0) / max(freedom - 1, 0.5)
    scales = np.sqrt(without)
    error = np.sqrt((left.size - 1) / left.size * np.sum((scales - scales.mean()) ** 2))
    return jnp.sqrt(squares / freedom), jnp.asarray(error), jnp.asarray(freedom)
