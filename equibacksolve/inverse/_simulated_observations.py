"""The data that a simulator would give, with noise: to try a search where the truth is known."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray, Shaped

from equibacksolve._arrays import float_array
from equibacksolve.inverse._observations import Observations
from equibacksolve.simulators import AbstractSimulator


def simulated_observations(
    simulator: AbstractSimulator,
    *,
    sigma: float | int | None = None,
    key: PRNGKeyArray | None = None,
    **axes: Shaped[Array, " ..."] | Shaped[np.ndarray, " ..."],
) -> Observations:
    """What a simulator predicts on a mesh of settings, as observations.

        observed = simulated_observations(truth, flux=jnp.linspace(0, 0.15, 31), energy=jnp.linspace(-1, 1, 21))

    **Arguments**

    - `simulator`: the truth; `axes`: the settings by name, every combination of which is measured; none for a simulator
      whose `predict` takes none.
    - `sigma`: the standard deviation of the errors, in the units of the data; left out, there are none.
    - `key`: with it, Gaussian errors of that size are added; without it, `sigma` is told and the data are exact.

    **Raises** ValueError if there is a key but no sigma.
    """
    if key is not None and sigma is None:
        raise ValueError("key was given but no sigma, so there is no noise to draw; pass sigma= too.")
    axes = {name: float_array(axis) for name, axis in axes.items()}
    mesh = dict(zip(axes, jnp.meshgrid(*axes.values(), indexing="ij"))) if axes else {}
    points = {name: setting.reshape(-1) for name, setting in mesh.items()}
    # Not under `jit`: what a search uses as well is compiled once, and the simulator knows its numbers.
    values = simulator.predict(**points)
    if key is not None:
        values = values + sigma * jax.random.normal(key, values.shape, values.dtype)
    if not axes:
        return Observations(values, sigma=sigma)
    return Observations.on_grid(values=values.reshape([axis.size for axis in axes.values()]), sigma=sigma, **axes)
