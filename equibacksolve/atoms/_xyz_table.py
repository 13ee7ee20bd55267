"""What an extended XYZ file holds, whatever its box: names, positions, edges and flags."""

import os
import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from equibacksolve.atoms._comment_line import Items, entries_of, flag, items_of, number, value_of


class XYZTable(NamedTuple):
    """The first structure of a file.

    **Fields**

    - `species`: one name an atom.
    - `positions`: shape (atoms, 3), or 2 if the file has no more, with `Origin` taken off.
    - `lattice`: the edges of the box as rows.
    - `periodic`: for each edge whether the box repeats along it.
    """

    species: tuple[str, ...]
    positions: Float[np.ndarray, "atoms components"]
    lattice: Float[np.ndarray, "3 3"]
    periodic: tuple[bool, bool, bool]


def read_xyz_table(path: str | os.PathLike[str]) -> XYZTable:
    """Read the first structure of a file.

    `Lattice` is asked for; without `Properties` the columns are species, x, y, z; without `pbc` the box is periodic: so
    the format has it.

    Raises `ValueError`, naming file and line, if the file is not extended XYZ, if a coordinate is not finite, or if the
    number of atoms or columns is not what the file declares.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().rstrip().split("\n")
        return _table_of(lines)
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; is it extended XYZ?") from None
    except ValueError as error:
        raise ValueError(f"{path} {error}" + ("" if str(error).endswith("?") else ".")) from None


def _table_of(lines):
    if len(lines) < 2 or not re.fullmatch(r"\s*[+-]?\d+\s*", lines[0]):
        raise ValueError("does not start with a number of atoms and a comment line; is it XYZ?")
    atoms, items = int(lines[0]), items_of(lines[1])
    lattice, periodic = _lattice_of(items), _flags_of(items)
    columns, at, components, named = _columns(items)
    rows = lines[2 : 2 + max(atoms, 0)]
    if len(rows) < atoms or atoms < 1:
        raise ValueError(f"declares {atoms} atoms, but holds {len(rows)}; the file is empty or cut short")
    read = [_coordinates(line, n, columns, at, components) for n, line in enumerate(rows, start=3)]
    _check_end(lines, atoms)
    corner = entries_of(items, "Origin", number) or [0.0, 0.0, 0.0]
    if len(corner) != 3:
        raise ValueError(f"has an Origin of {len(corner)} numbers on line 2, but it must be a point x, y, z")
    species = tuple("X" if named is None else line.split()[named] for line in rows)
    return XYZTable(species, np.array(read) - corner[:components], lattice, periodic)


def _lattice_of(items: Items) -> Float[np.ndarray, "3 3"]:
    """The edges of the box as rows. Raises ValueError unless there are nine numbers."""
    lattice = entries_of(items, "Lattice", number)
    if lattice is None or len(lattice) != 9:
        raise ValueError('has no Lattice="..." of nine numbers on line 2; is it extended XYZ?')
    return np.array(lattice).reshape(3, 3)


def _flags_of(items: Items) -> tuple[bool, bool, bool]:
    """For each edge whether the box repeats. Raises ValueError unless there are one or three flags."""
    flags = entries_of(items, "pbc", flag)
    if flags is None:
        return (True, True, True)
    if len(flags) not in (1, 3):
        raise ValueError(f'has {len(flags)} flags in pbc on line 2, but there must be three, such as pbc="T T F"')
    return tuple(flags * 3)[:3]


def _columns(items):
    """How many columns there are (None: four or more), where the positions begin, how many columns they take, and
    where the species are (None: nowhere)."""
    value = value_of(items, "Properties")
    if value is None:
        return None, 1, 3, 0
    fields = value.split(":")
    widths = fields[2::3]
    if len(fields) % 3 or not all(re.fullmatch(r"[1-9]\d*", width) for width in widths):
        raise ValueError(f"has Properties={value} on line 2, which must be name:type:columns, and so on")
    names, widths = [name.lower() for name in fields[::3]], [int(width) for width in widths]
    if names.count("pos") != 1 or widths[names.index("pos")] not in (2, 3):
        raise ValueError(f"has no positions (pos:R:3) among its Properties={value}")
    at = names.index("pos")
    named = sum(widths[: names.index("species")]) if "species" in names else None
    return sum(widths), sum(widths[:at]), widths[at], named


def _coordinates(line, row, columns, at, components):
    words = line.split()
    if len(words) < at + components or columns not in (None, len(words)):
        expected = "4 or more" if columns is None else columns
        raise ValueError(f"has {len(words)} columns on line {row}, {line!r}, but there must be {expected}")
    numbers = [number(word) for word in words[at : at + components]]
    if None in numbers:
        raise ValueError(f"has {words[at + numbers.index(None)]!r} on line {row}, where a finite coordinate must be")
    return numbers


def _check_end(lines, atoms):
    """After the atoms, the file ends or the number of atoms of the next structure follows."""
    rest = [(row, line) for row, line in enumerate(lines[2 + atoms :], start=3 + atoms) if line.strip()]
    if rest and not re.fullmatch(r"\s*\d+\s*", rest[0][1]):
        raise ValueError(f"declares {atoms} atoms, but goes on with {rest[0][1]!r} on line {rest[0][0]}")
