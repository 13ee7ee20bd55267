"""Orbitals in levels: each is coupled to its own level and the next ones only, so that A is block tridiagonal."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Int

from equibacksolve.scattering._solver import Graph


class Levels(NamedTuple):
    """The level of each orbital and its slot within the level; levels smaller than the largest have empty slots."""

    level: Int[np.ndarray, " basis"]
    slot: Int[np.ndarray, " basis"]
    count: int
    width: int


def levels_of(graph: Graph) -> Levels:
    """Breadth first from the interface of the terminal that gives the narrowest levels.

    A self-energy couples all orbitals of an interface, so these are neighbours of each other: an interface then spans
    two levels at most, and terminals need no further treatment.
    """
    neighbours = _neighbours(graph)
    found = [_breadth_first(graph, neighbours, interface) for interface in graph.interfaces]
    return min(found, key=lambda levels: levels.count * levels.width**3)


def _neighbours(graph: Graph) -> sparse.csr_matrix:
    rows, columns = [graph.row, graph.column], [graph.column, graph.row]
    for interface in graph.interfaces:
        rows.append(np.repeat(interface, len(interface)))
        columns.append(np.tile(interface, len(interface)))
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(graph.size, graph.size))


def _breadth_first(graph: Graph, neighbours: sparse.csr_matrix, start: Int[np.ndarray, " interface"]) -> Levels:
    level, front, depth = np.full(graph.size, -1), np.unique(start), 0
    while len(front):
        level[front] = depth
        near = np.unique(neighbours[front].indices)
        front, depth = near[level[near] < 0], depth + 1
    if (level < 0).any():
        lost = np.flatnonzero(level < 0)
        raise ValueError(
            f"{len(lost)} of {graph.size} orbitals, orbital {lost[0]} among them, are connected to no terminal, or to "
            "another than the rest; leave them out: a bound state there would make the equations singular."
        )
    slot = np.empty(graph.size, int)
    for one in range(depth):
        members = np.flatnonzero(level == one)
        slot[members] = np.arange(len(members))
    return Levels(level, slot, depth, int(slot.max()) + 1)
