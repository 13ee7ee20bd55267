"""Sparse factors on the host, point by point: for samples whose levels are wide."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sparse
from jaxtyping import Array, Int

from equibacksolve._host import on_host
from equibacksolve.scattering._factors import solve
from equibacksolve.scattering._matrix import Matrix, Pattern
from equibacksolve.scattering._parts import Parts
from equibacksolve.scattering._solver import AbstractArrangement, AbstractSolver, Graph


class SparseArrangement(AbstractArrangement):
    """Orbitals in their own order; the places of all numbers in the compressed columns of SciPy.

    **Fields**

    - `indices`, `starts`: rows of the stored entries, and where each column begins.
    - `stored`: which of these each number of the matrix is added to.
    """

    pattern: Pattern
    indices: Int[Array, " stored"]
    starts: Int[Array, " ends"]
    stored: Int[Array, " numbers"]
    late: tuple[bool, ...] = eqx.field(static=True)

    @property
    def places(self) -> int:
        return self.starts.shape[0] - 1

    def factor(self, matrix: Matrix):
        """The stored numbers of all points, (points, stored); they are factored where they are needed."""
        flat = [matrix.diagonal, matrix.entries]
        flat += [jax.tree.map(lambda part: part.reshape(-1, part.shape[-1]), block) for block in matrix.blocks]
        numbers = Parts(*(jnp.concatenate(pieces) for pieces in zip(*flat)))
        stored = jnp.zeros((self.indices.shape[0], numbers.real.shape[1]), numbers.real.dtype)
        return Parts(*(stored.at[self.stored].add(part) for part in numbers))

    def solve(self, factors, right: Parts, late: int) -> Parts:
        return self._on_host(factors, right, "N")

    def solve_adjoint(self, factors, right: Parts, late: bool) -> Parts:
        return self._on_host(factors, right, "H")

    def chunk(self, columns: int) -> int:
        return 8

    def _on_host(self, stored: Parts, right: Parts, kind: str) -> Parts:
        shape = jax.ShapeDtypeStruct(right.real.shape, right.real.dtype)
        solved = lambda *arrays: _solved(kind, *arrays)
        return Parts(*on_host(solved, [shape, shape], self.indices, self.starts, *stored, *right))


class SparseFactor(AbstractSolver):
    """SuperLU of SciPy for each point, with columns in the order of COLAMD, in a callback of compiled code.

    Single points follow each other; a derivative uses the factors of the states that it belongs to.
    """

    def arrange(self, graph: Graph) -> SparseArrangement:
        from_interfaces = [(np.repeat(i, len(i)), np.tile(i, len(i))) for i in graph.interfaces]
        row = np.concatenate([np.arange(graph.size), graph.row, *(pair[0] for pair in from_interfaces)])
        column = np.concatenate([np.arange(graph.size), graph.column, *(pair[1] for pair in from_interfaces)])
        pattern = sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(graph.size,) * 2)
        _refuse_lost_parts(pattern, graph)
        places, stored = np.unique(column.astype(np.int64) * graph.size + row, return_inverse=True)
        starts = np.searchsorted(places // graph.size, np.arange(graph.size + 1))
        with jax.ensure_compile_time_eval():
            index = lambda array: jnp.asarray(array, jnp.int32)
            interfaces = tuple(index(interface) for interface in graph.interfaces)
            where = Pattern(index(np.arange(graph.size)), index(graph.row), index(graph.column), interfaces)
            none_late = (False,) * len(interfaces)
            return SparseArrangement(
                where, index(places % graph.size), index(starts), index(stored.reshape(-1)), none_late
            )


def _refuse_lost_parts(pattern: sparse.coo_matrix, graph: Graph) -> None:
    _, part = sparse.csgraph.connected_components(pattern, directed=False)
    reached = np.unique(np.concatenate([part[interface] for interface in graph.interfaces]))
    lost = np.flatnonzero(~np.isin(part, reached))
    if lost.size:
        raise ValueError(
            f"{lost.size} of {graph.size} orbitals, orbital {lost[0]} among them, are connected to no terminal; leave "
            "them out: a bound state there would make the equations singular."
        )


def _solved(kind, indices, starts, real, imag, right_real, right_imag):
    """All with the axes of a batch in front; numbers and right-hand sides have the points last."""
    batch = np.broadcast_shapes(real.shape[:-2], right_real.shape[:-3])
    numbers = np.broadcast_to(real + 1j * imag, (*batch, *real.shape[-2:]))
    right = np.broadcast_to(right_real + 1j * right_imag, (*batch, *right_real.shape[-3:]))
    # Places are the same for the whole batch.
    places = [array.reshape(-1, array.shape[-1])[0] for array in (indices, starts)]
    size, found = places[1].size - 1, np.empty_like(right)
    for one in np.ndindex(batch):
        for point in range(real.shape[-1]):
            values = np.ascontiguousarray(numbers[one][:, point])
            matrix = sparse.csc_matrix((values, *places), shape=(size, size))
            found[one][..., point] = solve(matrix, right[one][..., point], kind)
    return np.real(found), np.imag(found)
