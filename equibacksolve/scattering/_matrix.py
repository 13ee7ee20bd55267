"""The matrix A = E - H - Sigma of many points as flat entries, and its product with vectors."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from equibacksolve.scattering._parts import Parts, times_elementwise


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
    """The numbers: on the diagonal, of the entries, and a dense block for each terminal. None stands for zero."""

    diagonal: Parts | None
    entries: Parts | None
    blocks: tuple[Parts | None, ...]


def times(pattern: Pattern, matrix: Matrix, x: Parts) -> Parts:
    """A x for x of shape (places, columns, points): linear in both, so that JAX knows its transpose.

    Columns come one by one: all together, the entries of large samples would fill the memory.
    """

    def one_column(_, column):
        y = jax.tree.map(jnp.zeros_like, column)
        if matrix.diagonal is not None:
            y = _added(y, pattern.diagonal, times_elementwise(matrix.diagonal, _at(column, pattern.diagonal)))
        if matrix.entries is not None:
            y = _added(y, pattern.row, times_elementwise(matrix.entries, _at(column, pattern.column)))
        for block, interface in zip(matrix.blocks, pattern.interfaces):
            if block is not None:
                y = _added(y, interface, _dense_times_vector(block, _at(column, interface)))
        return None, y

    columns_first = jax.tree.map(lambda part: jnp.moveaxis(part, 1, 0), x)
    _, y = jax.lax.scan(one_column, None, columns_first)
    return jax.tree.map(lambda part: jnp.moveaxis(part, 0, 1), y)


def _at(column: Parts, places: Int[Array, " entries"]) -> Parts:
    return Parts(column.real[places], column.imag[places])


def _added(y: Parts, places: Int[Array, " entries"], values: Parts) -> Parts:
    return Parts(y.real.at[places].add(values.real), y.imag.at[places].add(values.imag))


def _dense_times_vector(block: Parts, vector: Parts) -> Parts:
    whole = times_elementwise(block, Parts(vector.real[None], vector.imag[None]))
    return Parts(whole.real.sum(1), whole.imag.sum(1))
