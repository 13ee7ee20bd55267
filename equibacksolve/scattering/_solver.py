"""What solves A Psi = W for many points, however large the sample."""

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple, cast

import equinox as eqx
import numpy as np
from jaxtyping import Int, PyTree

from equibacksolve.scattering._matrix import Matrix, Pattern
from equibacksolve.scattering._parts import Parts


class Graph(NamedTuple):
    """Which orbitals are coupled, before anything is put in order: numbers of NumPy.

    - `size`: number of orbitals.
    - `row`, `column`: of all entries.
    - `interfaces`: for each terminal, the orbitals that it touches.
    """

    size: int
    row: Int[np.ndarray, " entries"]
    column: Int[np.ndarray, " entries"]
    interfaces: tuple[Int[np.ndarray, " interface"], ...]


class AbstractArrangement(eqx.Module):
    """A sample put in order for a solver: index maps, made once.

    A subclass has as fields `pattern`, where numbers stand in its order; and `late`, for each terminal whether its
    columns cost less if they stand last.
    """

    if TYPE_CHECKING:  # not annotated: checkers would take them for the first arguments of every subclass
        pattern, late = cast(Pattern, ...), cast(tuple[bool, ...], ...)
    else:
        pattern: eqx.AbstractVar[Pattern]
        late: eqx.AbstractVar[tuple[bool, ...]]

    @property
    @abstractmethod
    def places(self) -> int:
        """Rows of the matrix, those included that hold no orbital."""

    @abstractmethod
    def factor(self, matrix: Matrix) -> PyTree:
        """What both kinds of solutions share. All points at once."""

    @abstractmethod
    def solve(self, factors: PyTree, right: Parts, late: int) -> Parts:
        """A^-1 times columns of shape (places, columns, points).

        The last `late` columns are those of terminals of which the solver has said that they come `late`.
        """

    @abstractmethod
    def solve_adjoint(self, factors: PyTree, right: Parts, late: bool) -> Parts:
        """A^-dagger times columns; `late`: whether all are zero but at terminals that come late."""

    @abstractmethod
    def chunk(self, columns: int) -> int:
        """How many points should be solved together, for so many columns of double precision."""


class AbstractSolver(eqx.Module):
    """A way to solve for the scattering states. It is chosen by the size of the levels, and can be given."""

    @abstractmethod
    def arrange(self, graph: Graph) -> AbstractArrangement:
        """Put a sample in order. Raises ValueError for a part that is connected to no terminal."""
