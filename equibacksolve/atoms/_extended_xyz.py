"""Structures of any box as extended XYZ, which ASE, OVITO and others read."""

import os
import re

import numpy as np

from equibacksolve.atoms._box import Box
from equibacksolve.atoms._structure import Structure
from equibacksolve.atoms._xyz_table import read_xyz_table


def read_structure(path: str | os.PathLike[str], components: int = 3) -> Structure:
    """The first structure of an extended XYZ file.

    - `components`: 3, or 2 for a box in the x-y plane, whose third edge stands upright and is left out.

    Along edges that repeat, atoms are brought into the box. Raises `ValueError`, naming file and line, for what is not
    extended XYZ, for atoms outside along an edge that does not repeat, and for a plane that is none.
    """
    if components not in (2, 3):
        raise ValueError(f"components is {components}; give 2 or 3.")
    table = read_xyz_table(path)
    vectors, positions = table.lattice, table.positions
    if components == 2 and np.abs([*vectors[2, :2], *vectors[:2, 2]]).max() > 1e-5 * np.abs(vectors).max():
        raise ValueError(f"{path} has the lattice {vectors.tolist()}, whose third edge does not stand upright.")
    if positions.shape[1] < components:
        raise ValueError(f"{path} has {positions.shape[1]} coordinates an atom; pass components=2.")
    try:
        with np.errstate(over="ignore", under="ignore"):
            box = Box(vectors[:components, :components], table.periodic[:components])
            return Structure(box.wrapped(positions[:, :components]), box, table.species)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_structure(path: str | os.PathLike[str], structure: Structure) -> None:
    """Write the structure as extended XYZ; the digits that are written give back the very same numbers.

    Raises `ValueError` if the name of a species is not one word.
    """
    for name in structure.elements:
        if not re.fullmatch(r"\S+", name):
            raise ValueError(f"species has the name {name!r}, but a file needs one word such as 'Si'.")
    missing = 3 - structure.box.components
    vectors = np.eye(3)
    vectors[: 3 - missing, : 3 - missing] = np.asarray(structure.box.vectors, float)
    lattice = " ".join(repr(float(x)) for x in vectors.ravel())
    flags = " ".join("T" if flag else "F" for flag in (*structure.box.periodic, *[False] * missing))
    rows = np.asarray(structure.positions, float)
    lines = [
        str(len(rows)),
        f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="{flags}"',
        *(
            " ".join([name, *(repr(float(x)) for x in row), *["0"] * missing])
            for name, row in zip(structure.species, rows)
        ),
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
