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
from equibacksolve.imaging._comment_line import entries_of, flag, items_of, number, value_of


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
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().rstrip().split("\n")
        return _structure_of(lines)
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; is it extended XYZ?") from None
    except ValueError as error:
        raise ValueError(f"{path} {error}" + ("" if str(error).endswith("?") else ".")) from None


def _structure_of(lines):
    if len(lines) < 2 or not re.fullmatch(r"\s*[+-]?\d+\s*", lines[0]):
        raise ValueError("does not start with a number of atoms and a comment line; is it XYZ?")
    atoms, items = int(lines[0]), items_of(lines[1])
    box_length, periodic = _square_box(items), _is_periodic(items)
    columns, at, components = _columns(items)
    rows = lines[2 : 2 + max(atoms, 0)]
    if len(rows) < atoms or atoms < 1:
        raise ValueError(f"declares {atoms} atoms, but holds {len(rows)}; the file is empty or cut short")
    read = [_coordinates(line, n, columns, at, components) for n, line in enumerate(rows, start=3)]
    _check_end(lines, atoms)
    corner = entries_of(items, "Origin", number) or [0.0, 0.0, 0.0]
    if len(corner) != 3:
        raise ValueError(f"has an Origin of {len(corner)} numbers on line 2, but it must be a point x, y, z")
    with np.errstate(over="ignore", under="ignore"):
        positions, box_length = jnp.asarray(np.array(read) - corner[:2], float), jnp.asarray(box_length, float)
    if not (np.isfinite(positions).all() and 0 < box_length < np.inf):
        raise ValueError(f"has lengths beyond the range of {positions.dtype}; give them in another unit")
    return Structure(positions, box_length, periodic)


def _square_box(items):
    lattice = entries_of(items, "Lattice", number)
    if lattice is None or len(lattice) != 9:
        raise ValueError('has no Lattice="..." of nine numbers on line 2; is it extended XYZ?')
    lattice = np.array(lattice).reshape(3, 3)
    edge = lattice[0, 0]
    # Programs print some six digits or more.
    if edge <= 0 or np.abs(lattice[:2] - edge * np.eye(3)[:2]).max() > 1e-5 * edge:
        raise ValueError(f"has the lattice {lattice[:2].tolist()} in the plane, but it must be a square")
    if np.abs(lattice[2, :2]).max() > 1e-5 * edge:
        raise ValueError(f"has the third lattice vector {lattice[2].tolist()}, which must stand upright on the plane")
    return edge


def _is_periodic(items):
    flags = entries_of(items, "pbc", flag)
    if flags is None:
        return True
    if len(flags) not in (1, 3):
        raise ValueError(f'has {len(flags)} flags in pbc on line 2, but there must be three, such as pbc="T T F"')
    if flags[0] != flags[1 % len(flags)]:
        raise ValueError("is periodic along one of x and y only (pbc on line 2), but must be so along both or neither")
    return flags[0]


def _columns(items):
    """How many columns there are (None: four or more), where the positions begin, and how many columns they take."""
    value = value_of(items, "Properties")
    if value is None:
        return None, 1, 3
    fields = value.split(":")
    widths = fields[2::3]
    if len(fields) % 3 or not all(re.fullmatch(r"[1-9]\d*", width) for width in widths):
        raise ValueError(f"has Properties={value} on line 2, which must be name:type:columns, and so on")
    names, widths = [name.lower() for name in fields[::3]], [int(width) for width in widths]
    if names.count("pos") != 1 or widths[names.index("pos")] not in (2, 3):
        raise ValueError(f"has no positions (pos:R:3) among its Properties={value}")
    at = names.index("pos")
    return sum(widths), sum(widths[:at]), widths[at]


def _coordinates(line, row, columns, at, components):
    words = line.split()
    if len(words) < at + components or columns not in (None, len(words)):
        expected = "4 or more" if columns is None else columns
        raise ValueError(f"has {len(words)} columns on line {row}, {line!r}, but there must be {expected}")
    numbers = [number(word) for word in words[at : at + components]]
    if None in numbers:
        raise ValueError(f"has {words[at + numbers.index(None)]!r} on line {row}, where a finite coordinate must be")
    return numbers[:2]


def _check_end(lines, atoms):
    """After the atoms, the file ends or the number of atoms of the next structure follows."""
    rest = [(row, line) for row, line in enumerate(lines[2 + atoms :], start=3 + atoms) if line.strip()]
    if rest and not re.fullmatch(r"\s*\d+\s*", rest[0][1]):
        raise ValueError(f"declares {atoms} atoms, but goes on with {rest[0][1]!r} on line {rest[0][0]}")
