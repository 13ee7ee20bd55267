"""Block elimination level by level, real and imaginary parts apart: the fastest for levels of up to some 24 orbitals.

With D_l the diagonal blocks, L_l and U_l those between levels l and l + 1,

    F_l = (D_l - L_{l-1} F_{l-1} U_{l-1})^-1,    b_l <- b_l - L_{l-1} F_{l-1} b_{l-1},    x_l = F_l (b_l - U_l x_{l+1}).

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
        """(F, L, U, U transposed): F of shape (levels, width, width, points)."""
        numbers = _numbers(self.pattern, matrix)
        diagonal = scattered(numbers, *self.of_diagonal, (self.count, self.width, self.width))
        diagonal = Parts(_filled(diagonal.real, self.filling), diagonal.imag)
        lower, upper, turned = (part.values(numbers) for part in (self.lower, self.upper, self.upper_transposed))

        def next_level(before, level):
            block, low, columns_low, up, columns_up = level
            middle = times_sparse(before, columns_up, up)
            found = _inverse(minus(block, sparse_times(columns_low, low, middle)))
            return found, before

        first = _inverse(_level(diagonal, 0))
        rest = jax.tree.map(lambda part: part[1:], diagonal)
        through = (rest, lower, self.lower.columns, turned, self.upper_transposed.columns)
        last, found = jax.lax.scan(next_level, first, through)
        return Parts(*(jnp.concatenate([a, b[None]]) for a, b in zip(found, last))), lower, upper

    def solve(self, factors, right: Parts, late: int) -> Parts:
        found, lower, upper = factors
        right = self._by_levels(right)
        early = jax.tree.map(lambda part: part[:, :, : part.shape[2] - late], right)
        of_late = jax.tree.map(lambda part: part[-1, :, part.shape[2] - late :], right)

        def down(before, level):
            green, low, columns, source = level
            moved = sparse_times(columns, low, _product(green, before))
            after = minus(source, moved)
            return after, before

        rest = jax.tree.map(lambda part: part[1:], early)
        inner = jax.tree.map(lambda part: part[:-1], found)
        last, sources = jax.lax.scan(down, _level(early, 0), (inner, lower, self.lower.columns, rest))
        last = Parts(*(jnp.concatenate(pair, axis=1) for pair in zip(last, of_late)))
        sources = jax.tree.map(lambda part: jnp.pad(part, ((0, 0), (0, 0), (0, late), (0, 0))), sources)

        def up(after, level):
            green, high, columns, source = level
            here = _product(green, minus(source, sparse_times(columns, high, after)))
            return here, here

        end = _product(_level(found, -1), last)
        _, states = jax.lax.scan(up, end, (inner, upper, self.upper.columns, sources), reverse=True)
        return self._by_places(Parts(*(jnp.concatenate([a, b[None]]) for a, b in zip(states, end))))

    def solve_adjoint(self, factors, right: Parts, late: bool) -> Parts:
        """From A = (1 + K) F^-1 (1 + M), K = L F, M = F U: forward with U and F adjoint, back with L and F adjoint."""
        found, lower, upper = factors
        right = self._by_levels(right)
        inner = jax.tree.map(lambda part: part[:-1], found)

        def down(before, level):
            green, high, columns, source = level
            here = _product_adjoint(green, before)
            return minus(source, adjoint_times(columns, high, here)), here

        def up(after, level):
            green, low, columns, here = level
            here = minus(here, _product_adjoint(green, adjoint_times(columns, low, after)))
            return here, here

        if late:
            last, kept = _level(right, -1), jax.tree.map(lambda part: jnp.zeros_like(part[:-1]), right)
        else:
            rest = jax.tree.map(lambda part: part[1:], right)
            last, kept = jax.lax.scan(down, _level(right, 0), (inner, upper, self.upper.columns, rest))
        end = _product_adjoint(_level(found, -1), last)
        _, states = jax.lax.scan(up, end, (inner, lower, self.lower.columns, kept), reverse=True)
        return self._by_places(Parts(*(jnp.concatenate([a, b[None]]) for a, b in zip(states, end))))

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


def _level(parts: Parts, number: int) -> Parts:
    return Parts(*(part[number] for part in parts))


def _inverse(a: Parts) -> Parts:
    return Parts(*inverse(Split(*a)))


def _product(a: Parts, b: Parts) -> Parts:
    return Parts(*product(Split(*a), Split(*b)))


def _product_adjoint(a: Parts, b: Parts) -> Parts:
    return Parts(*product(Split(*a), Split(*b), adjoint_a=True))
