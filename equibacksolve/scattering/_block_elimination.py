"""Block elimination level by level, real and imaginary parts apart: the fastest for levels of up to some 24 orbitals.

With D_l the diagonal blocks, L_l and U_l those between levels l and l + 1,

    F_l = (D_l - L_{l-1} F_{l-1} U_{l-1})^-1,    b_l <- b_l - L_{l-1} F_{l-1} b_{l-1},    x_l = F_l (b_l - U_l x_{l+1}).

There is nothing before the first level and after the last: couplings of zeros, so that each loop is compiled once.

F_l is the Green's function of a sample that ends with level l, with all terminals so far, so that nothing grows,
however long the sample. Couplings between levels have few entries a row, and products with them are sums of a few rows.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from equibacksolve.scattering._couplings import (
    Coupling,
    adjoint_times,
    coupling_of,
    scattered,
    sparse_times,
    times_sparse,
)
from equibacksolve.scattering._levels import levels_of
from equibacksolve.scattering._matrix import Matrix, Pattern
from equibacksolve.scattering._parts import Parts, minus
from equibacksolve.scattering._solver import AbstractArrangement, AbstractSolver, Graph
from equibacksolve.transport import Split, inverse, product

MEMORY = 2**27
"""Bytes that a chunk of points may take, about."""


class LevelArrangement(AbstractArrangement):
    """Orbitals by levels, and where each number of the matrix goes."""

    pattern: Pattern
    filling: Int[Array, " empty"]
    of_diagonal: tuple[Int[Array, " stored"], Int[Array, " stored"]]
    lower: Coupling
    upper: Coupling
    upper_transposed: Coupling
    count: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    late: tuple[bool, ...] = eqx.field(static=True)

    @property
    def places(self) -> int:
        return self.count * self.width

    def factor(self, matrix: Matrix):
        """(F, L, U): F of shape (levels, width, width, points); L to the level before, U to the next one, or zero."""
        numbers = _numbers(self.pattern, matrix)
        diagonal = scattered(numbers, *self.of_diagonal, (self.count, self.width, self.width))
        diagonal = Parts(_filled(diagonal.real, self.filling), diagonal.imag)
        lower, turned = self.lower.values(numbers, before=True), self.upper_transposed.values(numbers, before=True)

        def next_level(before, level):
            block, (columns, low), (columns_up, up) = level
            middle = times_sparse(before, columns_up, up)
            found = _inverse(minus(block, sparse_times(columns, low, middle)))
            return found, found

        nothing = jax.tree.map(lambda part: jnp.zeros_like(part[0]), diagonal)
        _, found = jax.lax.scan(next_level, nothing, (diagonal, lower, turned))
        return found, lower, self.upper.values(numbers, before=False)

    def solve(self, factors, right: Parts, late: int) -> Parts:
        found, lower, upper = factors
        sources = self._by_levels(right)
        early = jax.tree.map(lambda part: part[:, :, : part.shape[2] - late], sources)

        def down(before, level):
            green, (columns, low), source = level
            here = minus(source, sparse_times(columns, low, before))
            return _product(green, here), here

        nothing = lambda parts: jax.tree.map(lambda part: jnp.zeros_like(part[0]), parts)
        _, moved = jax.lax.scan(down, nothing(early), (found, lower, early))
        # Late columns begin with the last level, where they stand in `sources` already.
        columns = early.real.shape[2]
        sources = Parts(*(part.at[:, :, :columns].set(one) for part, one in zip(sources, moved)))

        def up(after, level):
            green, (columns, high), source = level
            here = _product(green, minus(source, sparse_times(columns, high, after)))
            return here, here

        return self._by_places(jax.lax.scan(up, nothing(sources), (found, upper, sources), reverse=True)[1])

    def solve_adjoint(self, factors, right: Parts, late: bool) -> Parts:
        """From A = (1 + K) F^-1 (1 + M), K = L F, M = F U: forward with U and F adjoint, back with L and F adjoint."""
        found, lower, upper = factors
        sources = self._by_levels(right)
        nothing = jax.tree.map(lambda part: jnp.zeros_like(part[0]), sources)

        def down(moved, level):
            green, (columns, high), source = level
            here = minus(source, moved)
            return adjoint_times(columns, high, _product_adjoint(green, here)), here

        def up(moved, level):
            green, (columns, low), source = level
            here = _product_adjoint(green, minus(source, moved))
            return adjoint_times(columns, low, here), here

        # What is zero but in the last level is not moved on the way down.
        if not late:
            sources = jax.lax.scan(down, nothing, (found, upper, sources))[1]
        return self._by_places(jax.lax.scan(up, nothing, (found, lower, sources), reverse=True)[1])

    def chunk(self, columns: int) -> int:
        a_point = 16 * self.places * (self.width + 3 * columns)
        if jax.default_backend() != "cpu":
            return int(np.clip(16 * MEMORY // a_point, 64, 4096))
        return int(np.clip(MEMORY // a_point // 8 * 8, 8, 32))

    def _by_levels(self, columns: Parts) -> Parts:
        return jax.tree.map(lambda part: part.reshape(self.count, self.width, *part.shape[1:]), columns)

    def _by_places(self, columns: Parts) -> Parts:
        return Parts(*(part.reshape(self.places, *part.shape[2:]) for part in columns))


class BlockElimination(AbstractSolver):
    """Elimination by levels of orbitals, without pivots, in a basis of random orientation."""

    def arrange(self, graph: Graph) -> LevelArrangement:
        levels = levels_of(graph)
        place = levels.level * levels.width + levels.slot
        empty = np.setdiff1d(np.arange(levels.count * levels.width), place)
        row = np.concatenate([np.arange(graph.size), graph.row, *(np.repeat(i, len(i)) for i in graph.interfaces)])
        column = np.concatenate([np.arange(graph.size), graph.column, *(np.tile(i, len(i)) for i in graph.interfaces)])
        step = levels.level[column] - levels.level[row]
        with jax.ensure_compile_time_eval():
            index = lambda array: jnp.asarray(array, jnp.int32)
            same = np.flatnonzero(step == 0)
            into = (levels.level[row] * levels.width + levels.slot[row]) * levels.width + levels.slot[column]
            return LevelArrangement(
                Pattern(
                    index(place), index(place[graph.row]), index(place[graph.column]),
                    tuple(index(place[interface]) for interface in graph.interfaces),
                ),
                index(_diagonal_places(empty, levels.width)),
                (index(same), index(into[same])),
                coupling_of(levels, row, column, np.flatnonzero(step == -1)),
                coupling_of(levels, row, column, np.flatnonzero(step == 1)),
                coupling_of(levels, column, row, np.flatnonzero(step == 1)),
                levels.count,
                levels.width,
                tuple(bool((levels.level[i] == levels.count - 1).all()) for i in graph.interfaces),
            )  # fmt: skip


def _diagonal_places(empty, width):
    return empty * width + empty % width


def _numbers(pattern: Pattern, matrix: Matrix) -> Parts:
    """All numbers of the matrix as one list, in the order of `BlockElimination.arrange`."""
    flat = [matrix.diagonal, matrix.entries]
    flat += [jax.tree.map(lambda part: part.reshape(-1, part.shape[-1]), block) for block in matrix.blocks]
    return Parts(*(jnp.concatenate(pieces) for pieces in zip(*flat)))


def _filled(diagonal, filling):
    """Empty slots get a one on the diagonal, so that the block can be inverted."""
    flat = diagonal.reshape(-1, diagonal.shape[-1]).at[filling].set(1.0)
    return flat.reshape(diagonal.shape)


def _inverse(a: Parts) -> Parts:
    return Parts(*inverse(Split(*a)))


def _product(a: Parts, b: Parts) -> Parts:
    return Parts(*product(Split(*a), Split(*b)))


def _product_adjoint(a: Parts, b: Parts) -> Parts:
    return Parts(*product(Split(*a), Split(*b), adjoint_a=True))
