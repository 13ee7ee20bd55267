"""Structures as extended XYZ, the text format that ASE, OVITO and others read.

    460
    Lattice="40 0 0 0 40 0 0 0 1" Properties=species:S:1:pos:R:3 pbc="T T F"
    X 1.5 2.25 0
    ...

The box lies in the x-y plane; z is 0.
"""

import os
import re
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number, check_structure, real_array
from equibacksolve.imaging._xyz_table import read_xyz_table


class Structure(NamedTuple):
    """Atoms in a square box: what an extended XYZ file holds."""

    positions: Float[Array, "atoms 2"]
    box_length: Float[Array, ""]
    periodic: bool


def write_extended_xyz(
    path: str | os.PathLike[str],
    positions: Any,
    box_length: Number,
    *,
    periodic: bool = False,
    species: str = "X",
) -> None:
    """Write the structure; the digits that are written give back the very same numbers.

    Raises `ValueError` if there are no atoms, if a coordinate is not finite, if the box length is not positive, or if
    the species is not one word. Atoms may lie outside the box: a run may have carried them there.
    """
    positions = real_array(positions, "positions", "atoms 2")
    check_structure(positions, box_length, inside=False)
    if not re.fullmatch(r"\S+", species):
        raise ValueError(f"species is {species!r}, but must be one word such as 'X' or 'Si'.")
    edge = repr(float(box_length))
    wrap = "T" if periodic else "F"
    lines = [
        str(positions.shape[0]),
        f'Lattice="{edge} 0 0 0 {edge} 0 0 0 1" Properties=species:S:1:pos:R:3 pbc="{wrap} {wrap} F"',
        *(f"{species} {float(x)!r} {float(y)!r} 0" for x, y in np.asarray(positions)),
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def read_extended_xyz(path: str | os.PathLike[str]) -> Structure:
    """Read the first structure of a file, as `write_extended_xyz` or another program wrote it.

    - `path`: the file. `Lattice` is asked for; without `Properties` the columns are species, x, y, z; without `pbc` the
      box is periodic: so the format has it. A key `Origin` (OVITO) is the corner of the box, and is taken off.

    The first two components of `pos` are kept, in the precision that JAX has: without its 64 bits, as float32. The
    third direction is left out: neither `pbc` nor the edge along it matters. Raises `ValueError`, naming file and
    line, if the file is not extended XYZ, if a coordinate is not finite, if the number of atoms or columns is not what
    the file declares, if the box is not a square in the x-y plane, upright and periodic along both of x and y or
    neither, or if `pbc` cannot be read.
    """
    table = read_xyz_table(path, _check_square)
    with np.errstate(over="ignore", under="ignore"):
        positions, edge = jnp.asarray(table.positions[:, :2], float), jnp.asarray(table.lattice[0, 0], float)
    if not (np.isfinite(positions).all() and 0 < edge < np.inf):
        raise ValueError(f"{path} has lengths beyond the range of {positions.dtype}; give them in another unit.")
    return Structure(positions, edge, table.periodic[0])


def _check_square(lattice, periodic):
    edge = lattice[0, 0]
    # Programs print some six digits or more.
    if edge <= 0 or np.abs(lattice[:2] - edge * np.eye(3)[:2]).max() > 1e-5 * edge:
        raise ValueError(f"has the lattice {lattice[:2].tolist()} in the plane, but it must be a square")
    if np.abs(lattice[2, :2]).max() > 1e-5 * edge:
        raise ValueError(f"has the third lattice vector {lattice[2].tolist()}, which must stand upright on the plane")
    if periodic[0] != periodic[1]:
        raise ValueError("is periodic along one of x and y only (pbc on line 2), but must be so along both or neither")
