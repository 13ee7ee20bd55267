"""Scattering of any device: from E - H - Sigma of many points to its states and S. Functions on arrays."""

from equibacksolve.scattering._block_elimination import BlockElimination as BlockElimination
from equibacksolve.scattering._choice import suitable_solver as suitable_solver
from equibacksolve.scattering._matrix import Matrix as Matrix
from equibacksolve.scattering._matrix import Pattern as Pattern
from equibacksolve.scattering._parts import Parts as Parts
from equibacksolve.scattering._parts import complex_of as complex_of
from equibacksolve.scattering._parts import parts_of as parts_of
from equibacksolve.scattering._solver import AbstractArrangement as AbstractArrangement
from equibacksolve.scattering._solver import AbstractSolver as AbstractSolver
from equibacksolve.scattering._solver import Graph as Graph
from equibacksolve.scattering._sparse_factor import SparseFactor as SparseFactor
from equibacksolve.scattering._states import incoming_states as incoming_states
from equibacksolve.scattering._states import scattering_matrix as scattering_matrix
from equibacksolve.scattering._states import states as states
