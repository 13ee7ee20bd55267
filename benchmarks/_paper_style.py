"""The conductance as the paper writes it down, wrapped as a simulator: what ours is compared with."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.transport import transmission_by_qr


class PaperStyle(ebs.AbstractSimulator):
    """Dense 2N x 2N layer matrices, QR every few slices, jax.vmap over the points, and JAX's own derivative.

    It has `predict` and not `observe`, for with `observe` the base class would give it our derivative rule.
    """

    potential: Array

    def predict(self, flux, energy):
        return jax.vmap(paper_style_conductance, in_axes=(None, 0, 0))(self.potential, flux, energy)


def paper_style_conductance(potential, flux, energy):
    """G at one point."""
    norm, real, imag, hopping = ebs.WireLead(jnp.pi / 2).modes()
    t = transmission_by_qr(potential[..., None, None], norm, real + 1j * imag, hopping, flux, energy)
    return jnp.sum(jnp.abs(t) ** 2)
