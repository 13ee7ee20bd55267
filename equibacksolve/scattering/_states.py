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

LOST = 1e-8
"""Current per channel that may be lost. Rounding loses 1e-13; where more is lost, derivatives are worse than S."""


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
    arrangement: AbstractArrangement,
    matrix: Matrix,
    amplitudes: Amplitudes,
    to: Terminals,
    source: Terminals,
    *,
    lossy: bool = False,
) -> Parts:
    """S between the channels of some terminals, (channels of `to`, channels of `source`, points), in their order.

    Rows and columns of closed channels are zero. NaN where current is lost, unless the device is `lossy`: there the
    solver has lost digits.
    """
    psi = joined(incoming_states(arrangement, matrix, amplitudes, source, to), axis=1)
    found = joined([_row(arrangement, amplitudes, psi, p, source) for p in to], axis=0)
    if lossy:
        return found
    others = [p for p in range(len(amplitudes)) if p not in to]
    known, psi = jax.lax.stop_gradient((amplitudes, psi))
    rows = [jax.lax.stop_gradient(found), *(_row(arrangement, known, psi, p, source) for p in others)]
    arrived = sum(jnp.sum(row.real**2 + row.imag**2, axis=0) for row in rows)
    sent = jnp.concatenate([_is_open(amplitudes[q]) for q in source])
    trusted = jnp.where(jnp.max(jnp.abs(arrived - sent), axis=0) < LOST, 1.0, jnp.nan)
    return Parts(found.real * trusted, found.imag * trusted)


def _row(arrangement: AbstractArrangement, amplitudes: Amplitudes, psi: Parts, p: int, source: Terminals) -> Parts:
    """-1 + i W† Psi for the channels of one terminal."""
    there = Split(*(part[arrangement.pattern.interfaces[p]] for part in psi))
    found = product(Split(*amplitudes[p]), there, adjoint_a=True)
    one = [_open_channels(amplitudes[p]) if p == q else _nothing(amplitudes[p], amplitudes[q]) for q in source]
    return Parts(-found.imag - jnp.concatenate(one, axis=1), found.real)


def _nothing(of_one: Parts, of_other: Parts):
    return jnp.zeros((of_one.real.shape[1], *of_other.real.shape[1:]), of_one.real.dtype)


def _is_open(of_terminal: Parts):
    return jnp.any((of_terminal.real != 0) | (of_terminal.imag != 0), axis=0).astype(of_terminal.real.dtype)


def _open_channels(of_terminal: Parts):
    """The identity, of the channels that are open."""
    is_open = _is_open(of_terminal)
    return jnp.eye(is_open.shape[0], dtype=is_open.dtype)[..., None] * is_open


def _placed(arrangement: AbstractArrangement, of_terminal: Parts, terminal: int) -> Parts:
    interface = arrangement.pattern.interfaces[terminal]
    zeros = lambda part: jnp.zeros((arrangement.places, *part.shape[1:]), part.dtype)
    return Parts(*(zeros(part).at[interface].set(part, unique_indices=True) for part in of_terminal))
