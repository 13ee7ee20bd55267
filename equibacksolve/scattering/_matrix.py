"""The matrix A = E - H - Sigma of many points as flat entries, and its product with vectors."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from equibacksolve.scattering._parts import Parts, times_elementwise
from equibacksolve.transport import Split, product


class Pattern(NamedTuple):
    """Where the numbers of a `Matrix` stand, in the order in which a solver has the orbitals.

    - `diagonal`: place of every orbital.
    - `row`, `column`: places of the entries.
    - `interfaces`: for each terminal, the places of the orbitals that it touches.
    """

    diagonal: Int[Array, " basis"]
    row: Int[Array, " entries"]
    column: Int[Array, " entries"]
    interfaces: tuple[Int[Array, " interface"], ...]


class Matrix(NamedTuple):
    """The numbers: on the diagonal, of the entries, and a dense block for each terminal."""

    diagonal: Parts
    entries: Parts
    blocks: tuple[Parts, ...]


def times(pattern: Pattern, matrix: Matrix, x: Parts) -> Parts:
    """A x for x of shape (places, columns, points): linear in both, so that JAX knows its transpose."""
    wide = Parts(matrix.diagonal.real[:, None], matrix.diagonal.imag[:, None])
    y = _put(x, pattern.diagonal, times_elementwise(wide, _at(x, pattern.diagonal)))
    for block, interface in zip(matrix.blocks, pattern.interfaces):
        there = product(Split(*block), Split(*_at(x, interface)))
        y = Parts(y.real.at[interface].add(there.real), y.imag.at[interface].add(there.imag))

    # Entries column by column: all columns together would fill the memory for a large sample.
    def one_column(_, column):
        moved = times_elementwise(matrix.entries, _at(column, pattern.column))
        zero = jax.tree.map(jnp.zeros_like, column)
        return None, Parts(zero.real.at[pattern.row].add(moved.real), zero.imag.at[pattern.row].add(moved.imag))

    _, moved = jax.lax.scan(one_column, None, jax.tree.map(lambda part: jnp.moveaxis(part, 1, 0), x))
    return Parts(*(one + jnp.moveaxis(part, 0, 1) for one, part in zip(y, moved)))


def _at(x: Parts, places: Int[Array, " some"]) -> Parts:
    return Parts(x.real[places], x.imag[places])


def _put(like: Parts, places: Int[Array, " some"], values: Parts) -> Parts:
    zero = jax.tree.map(jnp.zeros_like, like)
    return Parts(*(z.at[places].set(v, unique_indices=True) for z, v in zip(zero, values)))
