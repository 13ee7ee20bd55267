"""Recursive Green's function: the independent second algorithm (one point, any slice Hamiltonian)."""

import jax
import jax.numpy as jnp
from jaxtyping import Complex

from equibacksolve._axes import OnsiteBlocks, Scalar
from equibacksolve.transport._hamiltonian import slice_hamiltonian
from equibacksolve.transport._modes import check_phase
from equibacksolve.transport._transfer_matrix import Matrix


def transmission_by_greens_function(
    onsite: OnsiteBlocks,
    self_energy: Complex[jax.Array, " orbitals"],
    flux: Scalar,
    energy: Scalar,
) -> Matrix:
    """Transmission matrix t = i sqrt(Gamma) G(L, 1) sqrt(Gamma), Gamma = -2 Im Sigma (Fisher and Lee).

    Slices are added one by one: g_x = (E - h_x - g_{x-1})^-1 and G(x, 1) = g_x G(x-1, 1), with the self-energy Sigma of
    the wires on the first and the last slice. Sites before orbitals; t goes from the left to the right lead.
    """
    length, width = onsite.shape[:2]
    sigma = jnp.diag(jnp.tile(self_energy, width))
    eye = jnp.eye(sigma.shape[0], dtype=sigma.dtype)

    def add_slice(carry, slice_):
        surface, across = carry
        blocks, x, last = slice_
        hamiltonian = slice_hamiltonian(blocks, flux * x)
        surface = jnp.linalg.inv(energy * eye - hamiltonian - surface - last * sigma)
        return (surface, surface @ across), None

    x = jnp.arange(1, length + 1, dtype=flux.dtype)
    # The wire on the left enters as the self-energy in front of the first slice, where the surface function would be.
    slices = (onsite, x, (x == length).astype(flux.dtype))
    (_, across), _ = jax.lax.scan(add_slice, (sigma, eye), slices)
    root = jnp.sqrt(-2 * jnp.diagonal(sigma).imag)
    return 1j * root[:, None] * across * root


def wire_self_energy(phase: Complex[jax.Array, " orbitals"]) -> Complex[jax.Array, " orbitals"]:
    """Retarded self-energy -t e^{i|k|} of a wire, from the phase t e^{-ik} of its left-going modes (t sin k < 0).

    The end site of the wire obeys g = 1/(-2 t cos k - t^2 g), so t g = -e^{+-ik}; the retarded root has Im g < 0.

    Raises ValueError for known phases whose imaginary part is not positive: their root is the advanced one.
    """
    check_phase(phase)
    return -phase
