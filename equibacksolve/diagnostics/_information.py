"""What each reading tells: the Jacobian that errors are made of, for noise with outliers, too."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._identifiability import residual_jacobian
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import AbstractNoise, AbstractObservations, Observations, residuals
from equibacksolve.simulators import AbstractSimulator


def information_jacobian(
    simulator: AbstractSimulator, observed: AbstractObservations, *, where: Selector
) -> Float[Array, "data unknowns"]:
    """J such that J^T J is the precision of the unknowns, without a prior.

    For Gaussian noise it is the Jacobian of the residuals. A fit that counts residuals by another function rho has the
    covariance (J^T J)^-1 E[psi^2] / E[psi']^2, with psi = rho' / 2 and J that of the plain residuals (P. J. Huber, Ann.
    Stat. 1, 799 (1973)). The means are taken over the residuals of each set, with N - n in place of N. So the errors
    follow the scatter even where the noise is not the one assumed.

    Raises what `residual_jacobian` raises, and ValueError if too many readings of a set are far off.
    """
    if is_gaussian(observed):
        return residual_jacobian(simulator, observed, where=where)
    plain = _without_noise(observed)
    jacobian = residual_jacobian(simulator, plain, where=where)
    left = observed.split(residuals(simulator, plain))
    units = [
        jnp.broadcast_to(1.0 if one.noise is None else _unit(name, one, left[name], jacobian), one.values.size)
        for name, one in observed.sets.items()
    ]
    return jacobian * jnp.concatenate(units)[:, None]


def is_gaussian(observed: AbstractObservations) -> bool:
    """Whether residuals count by their squares, in every set."""
    return all(one.noise is None for one in observed.sets.values())


def _without_noise(observed: AbstractObservations) -> AbstractObservations:
    """The same data with their sigma, as if their noise were Gaussian."""
    is_noise = lambda node: isinstance(node, AbstractNoise)
    return jax.tree.map(lambda node: None if is_noise(node) else node, observed, is_leaf=is_noise)


def _unit(name: str, observed: Observations, left: Float[Array, "*data"], jacobian: Float[Array, "data unknowns"]):
    """E[psi'] over the root of E[psi^2], over the readings that count."""
    noise: Any = observed.noise
    left = left.reshape(-1)
    here = slice(None) if observed.mask is None else np.asarray(observed.mask).reshape(-1)
    pull, stiffness = jax.vmap(jax.value_and_grad(lambda r: _pull(noise, r)))(left)
    stiff, squared = jnp.mean(stiffness[here]), jnp.mean(pull[here] ** 2)
    freedom = max(1 - jacobian.shape[1] / float(observed.count), 0.5 / float(observed.count))
    if not stiff > 0:
        which = f" of {name}" if name else ""
        raise ValueError(
            f"most readings{which} are too far off for {type(noise).__name__}, so that they tell no error; look at the "
            "fit, or at sigma."
        )
    return stiff * jnp.sqrt(freedom / jnp.where(squared > 0, squared, jnp.inf))


def _pull(noise: AbstractNoise, left: Scalar) -> Scalar:
    """psi = g g', half the derivative of rho = g^2."""
    counted, slope = jax.value_and_grad(noise.counted)(left)
    return counted * slope
