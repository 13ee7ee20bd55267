"""Scattering states Psi = A^-1 W and the scattering matrix S = -1 + i W† Psi, whose derivative needs no new solve.

Columns of W are waves of unit current that come in from the terminals, W W† = i (Sigma - Sigma†). With X = G† W:

    dS = i dW† Psi + i X† dW - i X† dA Psi.

Where nothing is lost (H Hermitian, E real), G - G† = -i G W W† G† gives X = -Psi S†: the states of all terminals tell
the derivative with respect to every entry of A, and S needs them anyway. With loss, X costs a second solve.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from equibacksolve.scattering._matrix import Matrix, times
from equibacksolve.scattering._parts import Parts, joined
from equibacksolve.scattering._solver import AbstractArrangement
from equibacksolve.transport import Split, product

Amplitudes = tuple[Parts, ...]
"""For each terminal W of shape (interface, channels, points); channels that are closed are columns of zeros."""

Terminals = tuple[int, ...]


def states(
    arrangement: AbstractArrangement, matrix: Matrix, right: Parts, late: int = 0, *, adjoint: bool = False
) -> Parts:
    """A^-1 times columns (places, columns, points), or A^-dagger times them. Its derivative is one more solve."""
    factors = jax.lax.stop_gradient(arrangement.factor(jax.lax.stop_gradient(matrix)))
    forward = lambda x: times(arrangement.pattern, matrix, x)
    solve = lambda _, b: arrangement.solve(factors, b, late)
    solve_adjoint = lambda _, b: arrangement.solve_adjoint(factors, b)
    if not adjoint:
        return jax.lax.custom_linear_solve(forward, right, solve, solve_adjoint)
    # In real and imaginary parts, the transpose of A is the adjoint.
    backward = jax.linear_transpose(forward, right)
    plain = lambda _, b: arrangement.solve(factors, b, 0)
    return jax.lax.custom_linear_solve(lambda x: backward(x)[0], right, solve_adjoint, plain)


def incoming_states(
    arrangement: AbstractArrangement, matrix: Matrix, amplitudes: Amplitudes, terminals: Terminals
) -> dict[int, Parts]:
    """The states of electrons that come in from each of the terminals, of shape (places, channels, points)."""
    order = sorted(terminals, key=lambda p: arrangement.late[p])
    right = joined([_placed(arrangement, amplitudes[p], p) for p in order], axis=1)
    late = sum(amplitudes[p].real.shape[1] for p in order if arrangement.late[p])
    return _by_terminal(states(arrangement, matrix, right, late), amplitudes, order)


def _placed(arrangement: AbstractArrangement, of_terminal: Parts, terminal: int) -> Parts:
    interface = arrangement.pattern.interfaces[terminal]
    put = lambda part: (
        jnp.zeros((arrangement.places, *part.shape[1:]), part.dtype).at[interface].set(part, unique_indices=True)
    )
    return Parts(put(of_terminal.real), put(of_terminal.imag))


def _by_terminal(columns: Parts, amplitudes: Amplitudes, order: list[int]) -> dict[int, Parts]:
    found, start = {}, 0
    for p in order:
        end = start + amplitudes[p].real.shape[1]
        found[p] = Parts(*(part[:, start:end] for part in columns))
        start = end
    return found


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def scattering_matrix(
    to: Terminals,
    source: Terminals,
    lossy: bool,
    arrangement: AbstractArrangement,
    matrix: Matrix,
    amplitudes: Amplitudes,
) -> Parts:
    """S between the channels of some terminals, (channels of `to`, channels of `source`, points), in their order."""
    psi = incoming_states(arrangement, matrix, amplitudes, source)
    return _block(to, source, arrangement, amplitudes, psi)


def _block(to, source, arrangement, amplitudes, psi: dict[int, Parts]) -> Parts:
    """-1 + i W† Psi; closed channels do not count."""
    rows = []
    for p in to:
        at_interface = lambda part, p=p: part[arrangement.pattern.interfaces[p]]
        row = []
        for q in source:
            there = Split(*(at_interface(part) for part in psi[q]))
            found = product(Split(*amplitudes[p]), there, adjoint_a=True)
            is_open = jnp.any((amplitudes[p].real != 0) | (amplitudes[p].imag != 0), axis=0).astype(found.real.dtype)
            one = jnp.eye(is_open.shape[0], dtype=found.real.dtype)[..., None] * is_open if p == q else 0.0
            row.append(Parts(-found.imag - one, found.real))
        rows.append(joined(row, axis=1))
    return joined(rows, axis=0)


@functools.partial(scattering_matrix.defjvp, symbolic_zeros=True)
def _derivative(to, source, lossy, primals, tangents):
    arrangement, matrix, amplitudes = primals
    _, of_matrix, of_amplitudes = jax.tree.map(_none_for_zero, tangents, is_leaf=_is_zero)
    every = tuple(range(len(amplitudes)))
    psi = incoming_states(arrangement, matrix, amplitudes, source if lossy else every)
    found = _block(to, source, arrangement, amplitudes, psi)
    into = _from(psi, source)
    if lossy:
        right = joined([_placed(arrangement, amplitudes[p], p) for p in to], axis=1)
        back = Split(*states(arrangement, matrix, right, adjoint=True))
        from_left = lambda x: product(back, Split(*x), adjoint_a=True)
    else:
        all_of_them, whole = Split(*_from(psi, every)), _block(to, every, arrangement, amplitudes, psi)
        # X† = -S Psi†, from the right: the product with Psi† first, which is shared by all channels of `to`.
        from_left = lambda x: _negative(product(Split(*whole), product(all_of_them, Split(*x), adjoint_a=True)))
    moved = _none_for_empty(of_matrix)
    total = jax.tree.map(jnp.zeros_like, found)
    if moved is not None:
        total = _plus(total, _times_i(from_left(times(arrangement.pattern, moved, into)), -1.0))
    known = list(of_amplitudes)
    if any(part is not None for pair in known for part in pair):
        steps = tuple(
            Parts(*(jnp.zeros_like(value) if step is None else step for value, step in zip(*pair)))
            for pair in zip(amplitudes, known)
        )
        placed = _from({q: _placed(arrangement, steps[q], q) for q in source}, source)
        total = _plus(total, _times_i(from_left(placed), 1.0))
        total = _plus(total, _times_i(_on_interfaces(to, source, arrangement, steps, psi), 1.0))
    return found, Parts(*total)


def _from(of_terminals: dict[int, Parts], terminals: Terminals) -> Parts:
    return joined([of_terminals[p] for p in terminals], axis=1)


def _on_interfaces(to, source, arrangement, steps, psi) -> Parts:
    """dW† Psi."""
    rows = []
    for p in to:
        interface = arrangement.pattern.interfaces[p]
        there = Split(*(part[interface] for part in _from(psi, source)))
        rows.append(Parts(*product(Split(*steps[p]), there, adjoint_a=True)))
    return joined(rows, axis=0)


def _plus(a: Any, b: Any) -> Parts:
    return Parts(a[0] + b[0], a[1] + b[1])


def _negative(a: Any) -> Parts:
    return Parts(-a[0], -a[1])


def _times_i(a: Any, sign: float) -> Parts:
    return Parts(-sign * a[1], sign * a[0])


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def _none_for_zero(tangent: Any) -> Any:
    return None if _is_zero(tangent) else tangent


def _none_for_empty(moved: Matrix) -> Matrix | None:
    """Pairs of which nothing moves are None; a pair with one moving part is whole."""

    def whole(pair: Parts) -> Parts | None:
        present = [part for part in pair if part is not None]
        if not present:
            return None
        return Parts(*(jnp.zeros_like(present[0]) if part is None else part for part in pair))

    moved = Matrix(whole(moved.diagonal), whole(moved.entries), tuple(whole(block) for block in moved.blocks))
    return None if not jax.tree.leaves(moved) else moved
