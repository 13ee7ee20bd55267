"""The vocabulary of array axes: every shape in the package is spelled with these words.

| axis | meaning |
|---|---|
| `length` | slices along the current, x = 1..Lx |
| `width` | sites across the current, y = 1..Ly |
| `orbitals` | orbitals (spin components) of one site |
| `points` | data points: one measurement setting each, e.g. one (flux, energy) pair |
| `modes` | transverse modes of a lead, width x orbitals of them |
| `atoms` | atoms of a structure |
| `pixels` | pixels along one edge of a square image |
| `data` | entries of a data set, flattened |
| `unknowns` | entries of the hidden leaves, flattened |
| `sites`, `dimensions` | sites of a tight-binding sample, and coordinates of their positions |
| `basis` | orbitals of all sites together: the rows of H |
| `entries` | stored entries of a Hamiltonian |
| `cell` | orbitals of a cell of a periodic lead |
| `interface` | orbitals of the sample that a terminal touches |
| `channels` | waves of a terminal, open or closed |

An axis written with a star (`*shape`) stands for any number of axes.
"""

from jaxtyping import Array, Bool, Float, Inexact

OnsiteBlocks = Inexact[Array, "length width orbitals orbitals"]
"""Hermitian onsite matrices, real or complex, in units of the hopping."""

Scalar = Float[Array, ""]
"""One real number, as an array: Python floats would not be trained."""

Flag = Bool[Array, ""]
