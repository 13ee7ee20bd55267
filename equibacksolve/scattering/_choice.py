"""Which solver suits a sample."""

from equibacksolve.scattering._block_elimination import BlockElimination
from equibacksolve.scattering._levels import levels_of
from equibacksolve.scattering._solver import AbstractSolver, Graph
from equibacksolve.scattering._sparse_factor import SparseFactor

WIDEST = 40
"""Orbitals of a level up to which elimination by levels is faster than sparse factors, for T and its Jacobian.

Measured on squares between wires (benchmarks/any_device.py): at 32 twice as fast, at 48 three quarters as fast.
"""


def suitable_solver(graph: Graph) -> AbstractSolver:
    """By the number of orbitals of the widest level."""
    return BlockElimination() if levels_of(graph).width <= WIDEST else SparseFactor()
