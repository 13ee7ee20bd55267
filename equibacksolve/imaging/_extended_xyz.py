"""Structures as extended XYZ, the text format that ASE, OVITO and others read.

    460
    Lattice="40 0 0 0 40 0 0 0 1" Properties=species:S:1:pos:R:3 pbc="T T F"
    X 1.5 2.25 0
    ...

The box lies in the x-y plane; z is 0.
"""

import os
import re
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number, check_structure


class Structure(NamedTuple):
    """Atoms in a square box: what an extended XYZ file holds."""

    positions: Float[Array, "atoms 2"]
    box_length: Float[Array, ""]
    periodic: bool


def write_extended_xyz(
    path: str | os.PathLike[str],
    positions: Float[Array, "atoms 2"],
    box_length: Number,
    *,
    periodic: bool = False,
    species: str = "X",
) -> None:
    """Write the structure; the digits that are written give back the very same numbers.

    Raises `ValueError` if there are no atoms, if a coordinate is not finite, or if the species is not one word. Atoms
    may lie outside the box: a run may have carried them there.
    """
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

    The first two components of `pos` are kept. Raises `ValueError`, naming the file and the line, if the file is not
    extended XYZ or the box is not a square in the x-y plane.
    """
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    try:
        atoms = int(lines[0])
        comment = lines[1]
    except (IndexError, ValueError):
        raise ValueError(f"{path} does not start with a number of atoms and a comment line; is it XYZ?") from None
    box_length = _square_box(path, comment)
    column = _position_column(path, comment)
    rows = [_coordinates(path, number, line, column) for number, line in enumerate(lines[2 : 2 + atoms], start=3)]
    if len(rows) < atoms or atoms < 1:
        raise ValueError(f"{path} declares {atoms} atoms, but holds {len(rows)}; the file is empty or cut short.")
    flag = re.search(r'pbc="?\s*([TF1])', comment)
    # Without the key, a file that has a lattice is periodic: so the format has it.
    return Structure(jnp.asarray(rows, float), jnp.asarray(box_length), flag is None or flag.group(1) != "F")


def _square_box(path, comment):
    found = re.search(r'Lattice="([^"]*)"', comment)
    try:
        lattice = np.array(found.group(1).split(), float).reshape(3, 3)
    except (AttributeError, ValueError):
        raise ValueError(f'{path} has no Lattice="..." of nine numbers on line 2; is it extended XYZ?') from None
    if lattice[0, 0] <= 0 or not np.allclose(lattice[:2], lattice[0, 0] * np.eye(3)[:2]):
        raise ValueError(f"{path} has the lattice {lattice[:2].tolist()} in the plane, but it must be a square.")
    return lattice[0, 0]


def _position_column(path, comment):
    found = re.search(r"Properties=(\S+)", comment)
    fields = (found.group(1) if found else "species:S:1:pos:R:3").split(":")
    column = 0
    for name, width in zip(fields[::3], fields[2::3]):
        if name == "pos":
            return column
        column += int(width)
    raise ValueError(f"{path} has no positions among its Properties={':'.join(fields)}.")


def _coordinates(path, number, line, column):
    words = line.split()[column : column + 2]
    try:
        x, y = map(float, words)
    except ValueError:
        raise ValueError(f"{path}, line {number}: {line!r} holds no two coordinates.") from None
    return x, y
