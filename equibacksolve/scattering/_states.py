"""Scattering states Psi = A^-1 W, and the scattering matrix S = -1 + i W† Psi.

A change of the device changes S by dS = i dW† Psi + i W† G (dW - dA Psi) with G = A^-1, so that the derivative with
respect to all of A takes few columns: -(G† W C) Psi† for the cotangent C of S. The same factors of A serve for G and
G†, with loss or without, so that these columns cost no more than Psi, and half of it where S is read at a far end.
"""

import jax
import jax.numpy as jnp

from equibacksolve.scattering._matrix import Matrix, times
from equibacksolve.scattering._parts import Parts, joined
from equibacksolve.scattering._solver import AbstractArrangement
from equibacksolve.transport import Split, product

Amplitudes = tuple[Parts, ...]
"""For each terminal W of shape (interface, channels, points); channels that are closed are columns of zeros."""

Terminals = tuple[int, ...]


def states(
    arrangement: AbstractArrangement, matrix: Matrix, right: Parts, late: int = 0, *, read_late: bool = False
) -> Parts:
    """A^-1 times columns of shape (places, columns, points).

    - `late`: how many of the last columns are those of terminals that come late, see `AbstractArrangement.late`.
    - `read_late`: whether the states are read at such terminals only.
    """
    factors = jax.lax.stop_gradient(arrangement.factor(jax.lax.stop_gradient(matrix)))
    return jax.lax.custom_linear_solve(
        lambda x: times(arrangement.pattern, matrix, x),
        right,
        lambda _, b: arrangement.solve(factors, b, late),
        # In real and imaginary parts, the transpose of A is the adjoint.
        lambda _, b: arrangement.solve_adjoint(factors, b, read_late),
    )


def incoming_states(
    arrangement: AbstractArrangement,
    matrix: Matrix,
    amplitudes: Amplitudes,
    source: Terminals,
    read: Terminals | None = None,
) -> list[Parts]:
    """The states of electrons that come in from each of the terminals, of shape (places, channels, points).

    `read`: the terminals at which they are read, if they are read nowhere else.
    """
    order = sorted(source, key=lambda p: arrangement.late[p])
    right = joined([_placed(arrangement, amplitudes[p], p) for p in order], axis=1)
    late = sum(amplitudes[p].real.shape[1] for p in order if arrangement.late[p])
    read_late = read is not None and all(arrangement.late[p] for p in read)
    found = states(arrangement, matrix, right, late, read_late=read_late)
    ends, start = {}, 0
    for p in order:
        ends[p] = (start, start + amplitudes[p].real.shape[1])
        start = ends[p][1]
    return [Parts(*(part[:, slice(*ends[p])] for part in found)) for p in source]


def scattering_matrix(
    arrangement: AbstractArrangement, matrix: Matrix, amplitudes: Amplitudes, to: Terminals, source: Terminals
) -> Parts:
    """S between the channels of some terminals, (channels of `to`, channels of `source`, points), in their order.

    Rows and columns of closed channels are zero.
    """
    psi = incoming_states(arrangement, matrix, amplitudes, source, to)
    rows = []
    for p in to:
        interface, row = arrangement.pattern.interfaces[p], []
        for q, from_q in zip(source, psi):
            there = Split(*(part[interface] for part in from_q))
            found = product(Split(*amplitudes[p]), there, adjoint_a=True)
            one = _open_channels(amplitudes[p]) if p == q else 0.0
            row.append(Parts(-found.imag - one, found.real))
        rows.append(joined(row, axis=1))
    return joined(rows, axis=0)


def _open_channels(of_terminal: Parts):
    """The identity, of the channels that are open."""
    is_open = jnp.any((of_terminal.real != 0) | (of_terminal.imag != 0), axis=0).astype(of_terminal.real.dtype)
    return jnp.eye(is_open.shape[0], dtype=is_open.dtype)[..., None] * is_open


def _placed(arrangement: AbstractArrangement, of_terminal: Parts, terminal: int) -> Parts:
    interface = arrangement.pattern.interfaces[terminal]
    zeros = lambda part: jnp.zeros((arrangement.places, *part.shape[1:]), part.dtype)
    return Parts(*(zeros(part).at[interface].set(part, unique_indices=True) for part in of_terminal))
