"""The arrays that a device is written as: their names, and one look at each before it is believed.

An array is called by its name in all messages: who reads them has a file, or a program that made the arrays.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Float, Int, Num

from equibacksolve._entries import Entries

FORMAT = "tight-binding device"
VERSION = 1
"""Of what is written. Files without a version, which Kwant's reference devices are, are read as version 1."""

OF_ENTRIES = ("row", "col", "val", "area")
OF_TERM = (*OF_ENTRIES, "strength", "unknown", "setting")


def wanted(arrays: Mapping[str, Any], name: str) -> np.ndarray:
    """The array of this name. Raises ValueError if there is none, or it holds objects."""
    if name not in arrays:
        raise ValueError(f"{name} is missing; the arrays of a device are listed in docs/bring_your_own_model.md.")
    found = np.asarray(arrays[name])
    if found.dtype.kind not in "biufcUS":
        raise ValueError(f"{name} holds {found.dtype}; give numbers.")
    return found


def flag(arrays: Mapping[str, Any], name: str, default: bool) -> bool:
    """True or False. Raises ValueError for anything else."""
    if name not in arrays:
        return default
    found = wanted(arrays, name)
    if found.shape != () or found.dtype != bool:
        raise ValueError(f"{name} must be True or False, got {found.dtype} of shape {found.shape}.")
    return bool(found)


def text(arrays: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A word. Raises ValueError for anything else."""
    if name not in arrays and default is not None:
        return default
    found = wanted(arrays, name)
    if found.shape != () or found.dtype.kind != "U":
        raise ValueError(f"{name} must be a text, got {found.dtype} of shape {found.shape}.")
    return str(found)


def count(arrays: Mapping[str, Any], name: str) -> int:
    """How many there are, at least one. Raises ValueError for anything else."""
    found = wanted(arrays, name)
    if found.shape != () or found.dtype.kind not in "iu" or found < 1:
        raise ValueError(f"{name} must be one whole number from 1 on, got {_told(found)}.")
    return int(found)


def index(arrays: Mapping[str, Any], name: str, below: int, of: str) -> Int[np.ndarray, " entries"]:
    """A list of whole numbers from 0 to `below` - 1. Raises ValueError for anything else; `of` says what is counted."""
    found = wanted(arrays, name)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a list of whole numbers, got {_told(found)}.")
    for end in (found.min(), found.max()) if found.size else ():
        if not 0 <= end < below:
            raise ValueError(f"{name} names {of} {end} of {below}; count from 0.")
    return found.astype(np.int32)


def real(arrays: Mapping[str, Any], name: str, dimensions: int = 1) -> Float[np.ndarray, "..."]:
    """Finite real numbers with so many axes. Raises ValueError for anything else."""
    found = wanted(arrays, name)
    if found.ndim != dimensions or found.dtype.kind not in "iuf":
        wished = ("a number", "a list of real numbers", "a table of real numbers")[dimensions]
        raise ValueError(f"{name} must be {wished}, got {_told(found)}.")
    return _finite(found.astype(float), name)


def entries(arrays: Mapping[str, Any], prefix: str, shape: tuple[int, int], area: bool) -> Entries:
    """What `prefix`_row, _col, _val and _area hold, for a matrix of this shape, counted in orbitals.

    `area`: whether an area must be there. Raises ValueError if something is missing or does not fit.
    """
    row = index(arrays, f"{prefix}_row", shape[0], "orbital")
    column = index(arrays, f"{prefix}_col", shape[1], "orbital")
    value = wanted(arrays, f"{prefix}_val")
    if value.ndim != 1 or value.dtype.kind not in "iufc":
        raise ValueError(f"{prefix}_val must be a list of numbers, got {_told(value)}.")
    given = {"col": column, "val": _finite(value.astype(complex), f"{prefix}_val")}
    if area and f"{prefix}_area" not in arrays:
        raise ValueError(
            f"{prefix}_area is missing; give the area of each hopping, zeros where it encloses none, or the array "
            "`field` = False if no magnetic field is meant."
        )
    if f"{prefix}_area" in arrays:
        given["area"] = real(arrays, f"{prefix}_area")
    for name, array in given.items():
        if array.shape != row.shape:
            raise ValueError(
                f"{prefix}_{name} has {array.shape[0]} entries but {prefix}_row has {row.shape[0]}; give one each."
            )
    return Entries(row, column, given["val"], given.get("area"))


def check_hermitian(prefix: str, found: Entries, size: int) -> None:
    """Raise ValueError if the matrix is not Hermitian, without a field or in one."""
    row, column, value = (np.asarray(part) for part in (found.row, found.column, found.value))
    area = np.zeros(len(row)) if found.area is None else np.asarray(found.area)
    # A field in which the phases are neither small nor special.
    for flux in (0.0, 0.137 / max(1.0, np.abs(area).max(initial=0.0))):
        moved = value * np.exp(2j * np.pi * flux * area)
        matrix = sparse.coo_matrix((moved, (row, column)), shape=(size, size)).tocsr()
        off = abs(matrix - matrix.conj().T).tocoo()
        if off.nnz and off.data.max() > 1e-10 * abs(matrix).max():
            worst = int(off.data.argmax())
            i, j = int(off.row[worst]), int(off.col[worst])
            raise ValueError(
                f"{prefix}_val is not Hermitian at [{i}, {j}]; give both triangles, each with the complex conjugate "
                "and the opposite area of the other."
            )


def names_of_terms(arrays: Mapping[str, Any], prefix: str) -> list[str]:
    """The names of the linear terms of a matrix, as they follow one another in the file."""
    pattern = re.compile(rf"{prefix}_(.+)_(?:{'|'.join(OF_TERM)})")
    return list(dict.fromkeys(found[1] for found in map(pattern.fullmatch, arrays) if found))


def _finite(found: Num[np.ndarray, "..."], name: str) -> Num[np.ndarray, "..."]:
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{name} has {int((~np.isfinite(found)).sum())} entries that are not finite; give numbers.")
    return found


def _told(found: np.ndarray) -> str:
    return str(found) if found.shape == () and found.dtype.kind in "iuf" else f"{found.dtype} of shape {found.shape}"
