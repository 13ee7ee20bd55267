"""The transfer-matrix method as the paper writes it (eqs. 5-13): one point, dense layer matrices, QR.

This is the reference to read and to test against. The simulators use the sweep of `_sweep.py`, which does the same
without forming matrices of twice the width.
"""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from equibacksolve._axes import OnsiteBlocks, Scalar
from equibacksolve.transport._conductance import Orbital
from equibacksolve.transport._growth import one_or_nan
from equibacksolve.transport._hamiltonian import slice_hamiltonian
from equibacksolve.transport._modes import check_modes
from equibacksolve.transport._stabilisation import check_interval

Matrix = Complex[Array, "modes modes"]
LayerMatrix = Complex[Array, "modes2 modes2"]


def layer_matrix(hamiltonian: Matrix, energy: Scalar, hopping: Float[Array, " modes"]) -> LayerMatrix:
    """T_x of eq. 6, with a diagonal hopping M to the next slice."""
    eye = jnp.eye(hamiltonian.shape[0], dtype=hamiltonian.dtype)
    upper = -(hamiltonian - energy * eye) / hopping[:, None]
    return jnp.block([[upper, -eye / hopping[:, None]], [eye * hopping, jnp.zeros_like(eye)]])


def leftgoing_vectors(norm: Orbital, phase: Complex[Array, " orbitals"], width: int):
    """V (eq. 10) and U† (eq. 11) of the left-going modes, with sites before orbitals: shapes (2 modes, modes) and back.

    With phase = t e^{-ik}: V = norm (I; -phase I), U† = i norm (phase* I, I), so that U†V = 2 norm^2 Im phase = 1.
    The paper prints the exponent of eq. 11 with the wrong sign.
    """
    norm, phase = jnp.tile(norm, width), jnp.tile(phase, width)
    eye = jnp.eye(norm.shape[0], dtype=phase.dtype)
    v = jnp.concatenate([eye, -phase[:, None] * eye]) * norm
    u = 1j * norm[:, None] * jnp.concatenate([eye * jnp.conj(phase), eye], axis=1)
    return v, u


def transmission_by_qr(
    onsite: OnsiteBlocks,
    norm: Orbital,
    phase: Complex[Array, " orbitals"],
    hopping: Orbital,
    flux: Scalar,
    energy: Scalar,
    interval: int = 6,
) -> Matrix:
    """Transmission matrix t by eqs. 8, 12 and 13: QR decomposition after every `interval` slices, unrolled.

    NaN where waves grow too much over `interval` slices. Raises ValueError for known modes as `device` does, and if
    interval is no whole number from 1.
    """
    check_interval(interval)
    check_modes(norm, phase.real, phase.imag, hopping)
    length, width, orbitals = onsite.shape[:3]
    v, u = leftgoing_vectors(norm, phase, width)
    ones = jnp.ones(width * orbitals, dtype=norm.dtype)
    states, inverse_r = v, jnp.eye(width * orbitals, dtype=v.dtype)
    for x in range(1, length + 1):
        hamiltonian = slice_hamiltonian(onsite[x - 1], flux * x)
        out = jnp.tile(hopping, width) if x == length else ones
        states = layer_matrix(hamiltonian, energy, out) @ states
        if x % interval == 0 and x < length:
            states, r = jnp.linalg.qr(states)
            inverse_r = inverse_r @ jnp.linalg.inv(r)
    t = inverse_r @ jnp.linalg.inv(u @ states)
    return t * one_or_nan(onsite, energy[None], interval).astype(t.dtype)
