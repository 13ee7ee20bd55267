"""How far the predictions of a simulator are from the data (eq. 1)."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._joint_observations import JointObservations
from equibacksolve.inverse._observations import Observations
from equibacksolve.simulators import AbstractJointSimulator, AbstractSimulator, untraceable


def residuals(simulator: AbstractSimulator, observed: AbstractObservations) -> Float[Array, " data"]:
    """(g(x_i; p) - y_i) / sigma_i, flat; 0 for what is masked. With `noise`, what these count: see `AbstractNoise`.

    Of correlated noise W (g - y), with W^T W the inverse of the covariance.
    """
    try:
        if isinstance(observed, JointObservations):
            return _residuals_of_sets(simulator, observed)
        (one,) = observed.sets.values()
        return _differences(type(simulator).__name__, simulator.predict(**observed.variables), one)
    except jax.errors.JAXTypeError as error:
        raise TypeError(untraceable(type(simulator).__name__, error)) from error


def _differences(name: str, predicted: Float[Array, "..."], observed: Observations) -> Float[Array, " data"]:
    """Of what `name` predicts from what was observed, weighted and flat."""
    if predicted.shape != observed.values.shape:
        raise ValueError(
            f"{name} predicts data of shape {predicted.shape}, but the observed values have shape "
            f"{observed.values.shape}; make them agree."
        )
    return _counted(predicted, observed)


@eqx.filter_jit
def _counted(predicted: Float[Array, "..."], observed: Observations) -> Float[Array, " data"]:
    return observed.counted((predicted.astype(observed.values.dtype) - observed.values).reshape(-1))


def _residuals_of_sets(simulator: AbstractSimulator, observed: JointObservations) -> Float[Array, " data"]:
    if not isinstance(simulator, AbstractJointSimulator):
        raise ValueError(
            f"observed holds the data sets {', '.join(observed.sets)}, but {type(simulator).__name__} predicts one; "
            "write a subclass of AbstractJointSimulator."
        )
    predicted = simulator.predictions(**observed.variables)
    each = [_differences(name, predicted[name], one) / observed.scales[name] for name, one in observed.sets.items()]
    return jnp.concatenate(each)


def mean_squared_error(simulator: AbstractSimulator, observed: AbstractObservations) -> Float[Array, ""]:
    """Eq. 1: the mean of (g(x_i; p) - y_i)^2 over the data that count, whether or not sigma is known."""
    return cost(simulator, observed.without_sigma())


def cost(simulator: AbstractSimulator, observed: AbstractObservations) -> Float[Array, ""]:
    """The mean of the squared residuals: eq. 1, or chi-squared per datum if sigma is known."""
    return _sum_of_squares(residuals(simulator, observed)) / observed.count


@functools.partial(jax.jit, inline=True)
def _sum_of_squares(left: Float[Array, " data"]) -> Float[Array, ""]:
    return jnp.sum(left**2)


def costs_of_sets(simulator: AbstractSimulator, observed: AbstractObservations) -> dict[str, Float[Array, ""]]:
    """The cost of each data set by itself, by name: chi-squared per datum if sigma is known."""
    left = observed.split(residuals(simulator, observed))
    return {name: _sum_of_squares(part) / observed.sets[name].count for name, part in left.items()}
