"""Blocks between neighbouring levels, which have few entries a row."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from equibacksolve.scattering._levels import Levels
from equibacksolve.scattering._parts import Parts, plus, times_elementwise


class Coupling(eqx.Module):
    """Blocks between levels by rows, each as its few columns; `entry` and `target` say where the values come from.

    - `columns`: of shape (levels - 1, width, few).
    - `entry`: which numbers of the matrix stand in these blocks, and `target` where, counted through the blocks.
    """

    columns: Int[Array, "gaps width few"]
    entry: Int[Array, " stored"]
    target: Int[Array, " stored"]

    def values(self, numbers: Parts, before: bool) -> tuple[Int[Array, "levels width few"], Parts]:
        """Columns and values (levels, width, few, points), with zeros before the first gap or after the last."""
        found = scattered(numbers, self.entry, self.target, self.columns.shape)
        pad = lambda part: jnp.pad(part, ((1, 0) if before else (0, 1), *(((0, 0),) * (part.ndim - 1))))
        return pad(self.columns), Parts(pad(found.real), pad(found.imag))


def coupling_of(levels: Levels, row, column, chosen) -> Coupling:
    """The chosen entries by rows of the blocks between levels: each row has few different columns."""
    gap = np.minimum(levels.level[row[chosen]], levels.level[column[chosen]])
    line = gap * levels.width + levels.slot[row[chosen]]
    pair, which = np.unique(np.stack([line, levels.slot[column[chosen]]]), axis=1, return_inverse=True)
    lines, start = np.unique(pair[0], return_index=True)
    rank = np.arange(pair.shape[1]) - start[np.searchsorted(lines, pair[0])]
    few = int(rank.max(initial=0)) + 1
    columns = np.zeros(((levels.count - 1) * levels.width, few), np.int32)
    columns[pair[0], rank] = pair[1]
    target = (pair[0] * few + rank)[which.reshape(-1)]
    index = lambda array: jnp.asarray(array, jnp.int32)
    return Coupling(index(columns.reshape(levels.count - 1, levels.width, few)), index(chosen), index(target))


def scattered(numbers: Parts, entry, target, shape) -> Parts:
    size, points = int(np.prod(shape)), numbers.real.shape[-1]
    put = lambda part: jnp.zeros((size, points), part.dtype).at[target].add(part[entry]).reshape(*shape, points)
    return Parts(put(numbers.real), put(numbers.imag))


def sparse_times(columns: Int[Array, "width few"], values: Parts, dense: Parts) -> Parts:
    """Row i is the sum over d of values[i, d] dense[columns[i, d]]."""

    def add(found, term):
        column, real, imag = term
        there = Parts(dense.real[column], dense.imag[column])
        return plus(found, times_elementwise(Parts(real[:, None], imag[:, None]), there)), None

    return _summed(add, jax.tree.map(jnp.zeros_like, dense), columns, values)


def times_sparse(dense: Parts, columns: Int[Array, "width few"], values: Parts) -> Parts:
    """Dense times a matrix that is given by the rows of its transpose."""
    turned = lambda parts: Parts(*(jnp.swapaxes(part, 0, 1) for part in parts))
    return turned(sparse_times(columns, values, turned(dense)))


def adjoint_times(columns: Int[Array, "width few"], values: Parts, dense: Parts) -> Parts:
    """The adjoint of the matrix with these rows, times dense: row i is sent to the rows that it has as columns."""

    def add(found, term):
        column, real, imag = term
        moved = times_elementwise(Parts(real[:, None], -imag[:, None]), dense)
        return Parts(found.real.at[column].add(moved.real), found.imag.at[column].add(moved.imag)), None

    return _summed(add, jax.tree.map(jnp.zeros_like, dense), columns, values)


def _summed(add, zero: Parts, columns: Int[Array, "width few"], values: Parts) -> Parts:
    """One term after the other; a few are written out."""
    terms = (jnp.moveaxis(columns, 1, 0), jnp.moveaxis(values.real, 1, 0), jnp.moveaxis(values.imag, 1, 0))
    return jax.lax.scan(add, zero, terms, unroll=columns.shape[1] <= 2)[0]
