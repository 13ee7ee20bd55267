"""The channels W of a self-energy, W W† = Gamma = i (Sigma - Sigma†), and how they change with it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from equibacksolve._host import on_host
from equibacksolve.leads._surface import amplitudes

Channels = Complex[Array, "interface channels"]
Broadening = Complex[Array, "interface interface"]


def carried_along(found: Channels, of_broadening: Broadening) -> Channels:
    """dW for a change of Gamma that opens no channel: dW = (1 - P / 2) dGamma W (W† W)^-1, P = W (W† W)^-1 W†.

    W is known up to a unitary matrix from the right, as is any dW: this one has dW W† + W dW† = dGamma, since with
    (1 - P) dGamma (1 - P) = 0 the sum is dGamma P + P dGamma - P dGamma P = dGamma. What is measured does not tell.
    """
    # The columns are orthogonal; a closed channel is a column of zeros, and stays one.
    square = jnp.sum(found.real**2 + found.imag**2, axis=0)
    scaled = found / jnp.where(square > 0, square, 1)
    moved = of_broadening @ scaled
    return moved - scaled @ (found.conj().T @ moved) / 2


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def channels_of(channels: int, self_energy: Broadening) -> Channels:
    """W of a self-energy that is given: a column for each positive eigenvalue of Gamma, the largest first."""
    shape = jax.ShapeDtypeStruct((self_energy.shape[0], channels), self_energy.dtype)

    def found(given):
        of_points = [amplitudes(one, None, channels) for one in given.reshape(-1, *given.shape[-2:])]
        return (np.stack(of_points).reshape(*given.shape[:-1], channels),)

    return on_host(found, [shape], self_energy)[0]


@channels_of.defjvp
def _derivative(channels, primals, tangents):
    found, (of_self_energy,) = channels_of(channels, *primals), tangents
    return found, carried_along(found, 1j * (of_self_energy - of_self_energy.conj().T))
