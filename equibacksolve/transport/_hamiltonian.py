"""The Hamiltonian of one slice as a dense matrix, for the algorithms that want one (eqs. 14, 15)."""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Inexact

from equibacksolve._axes import Scalar


def slice_hamiltonian(
    blocks: Inexact[Array, "width orbitals orbitals"], turns: Scalar
) -> Complex[Array, "modes modes"]:
    """⟨x|H|x⟩, sites before orbitals; the hopping from y to y+1 is e^{2 pi i turns}, with turns = flux x."""
    width, orbitals = blocks.shape[:2]
    onsite = jnp.einsum("yz,yab->yazb", jnp.eye(width, dtype=blocks.dtype), blocks)
    phase = jnp.exp(2j * jnp.pi * turns)
    across = phase * jnp.eye(width, k=-1, dtype=blocks.dtype)
    across = across + jnp.conj(across).T
    return onsite.reshape(width * orbitals, -1) + jnp.kron(across, jnp.eye(orbitals, dtype=blocks.dtype))
