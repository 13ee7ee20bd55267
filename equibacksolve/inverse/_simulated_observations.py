"""The data that a simulator would give, with noise: to try a search where the truth is known."""

from typing import Any

import jax
import jax.numpy as jnp

from equibacksolve._arrays import float_array, in_order, random_key
from equibacksolve.inverse._observations import Observations
from equibacksolve.simulators import AbstractSimulator


def simulated_observations(
    simulator: AbstractSimulator,
    *,
    sigma: Any = None,
    key: Any = None,
    **axes: Any,
) -> Observations:
    """What a simulator predicts on a mesh of settings, as observations.

        observed = simulated_observations(truth, flux=jnp.linspace(0, 0.15, 31), energy=jnp.linspace(-1, 1, 21))

    **Arguments**

    - `simulator`: the truth; `axes`: the settings by name, every combination of which is measured; none for a simulator
      whose `predict` takes none.
    - `sigma`: the standard deviation of the errors, in the units of the data, one for all or of the shape of the data;
      left out, there are none.
    - `key`: a key of JAX or a seed. With it, Gaussian errors of that size are added; without it, `sigma` is told and
      the data are exact.

    **Raises** ValueError if there is a key but no sigma, or sigma does not fit the data.
    """
    if key is not None and sigma is None:
        raise ValueError("key was given but no sigma, so there is no noise to draw; pass sigma= too.")
    axes = {name: float_array(axis, name) for name, axis in axes.items()}
    mesh = dict(zip(axes, jnp.meshgrid(*axes.values(), indexing="ij"))) if axes else {}
    points = {name: setting.reshape(-1) for name, setting in mesh.items()}
    # Not under `jit`: what a search uses as well is compiled once, and the simulator knows its numbers.
    values = simulator.predict(**points)
    shape = [axis.size for axis in axes.values()] if axes else values.shape
    values = values.reshape(shape)
    if key is not None:
        size = float_array(in_order(sigma, tuple(axes)), "sigma").astype(values.dtype)
        values = values + size * jax.random.normal(random_key(key), (values.size,), values.dtype).reshape(shape)
    return Observations.on_grid(values=values, sigma=sigma, **axes) if axes else Observations(values, sigma=sigma)
