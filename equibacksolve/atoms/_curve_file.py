"""Measured curves from the files of diffraction: columns of r or Q, the curve, and its errors if there are any."""

import os
import pathlib
import re
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.measurements import tabulate


class MeasuredCurve(NamedTuple):
    """What `read_curve` returns: `places` (r or Q), `values`, `sigma` (None if the file tells none)."""

    places: Float[Array, " points"]
    values: Float[Array, " points"]
    sigma: Float[Array, " points"] | None


def read_curve(
    path: str | os.PathLike[str],
    *,
    sigma: bool | None = None,
    skip: int | None = None,
    lowest: float = 0.0,
    highest: float = np.inf,
) -> MeasuredCurve:
    """A measured S(Q), F(Q) or g(r). Needs the extra `data`.

        data = read_curve("silica.gr", highest=12.0)       # PDFgetX3: lines above the columns begin with # or are text
        data = read_curve("silica_sq.dat")                  # RMCProfile: the number of points, a title, the columns
        data = read_curve("silica.mint01", lowest=0.5)     # GudrunN: lines with #, then Q, the curve, its error

    Which convention the numbers have, no such file says: pass it to the curve. See docs/reverse_modelling.md.

    **Arguments**

    - `path`: columns separated by spaces, commas or tabs: r or Q, the curve and, as a third column, its error.
    - `sigma`: whether the third column is the error; left out, it is if all of it is positive, or if there are three
      columns. PDFgetX3 writes no errors; files of four columns (x, y, dx, dy) have them in the last.
    - `skip`: lines above the columns, if they are not recognised.
    - `lowest`, `highest`: what lies outside is left out, and with it points at or below 0.

    Raises `ValueError` for files without two columns of numbers, without points in the range, with places that do not
    increase, and with errors that are asked for but missing or not positive; `FileNotFoundError`; `ImportError`.
    """
    path = pathlib.Path(path)
    columns = _columns(path, skip)
    kept = np.isfinite(columns[0]) & np.isfinite(columns[1]) & (columns[0] > 0)
    kept &= (columns[0] >= lowest) & (columns[0] <= highest)
    if kept.sum() < 2:
        raise ValueError(f"{path.name} has {kept.sum()} points from {lowest:g} to {highest:g}; give a wider range.")
    columns = [column[kept] for column in columns]
    if (np.diff(columns[0]) <= 0).any():
        raise ValueError(f"{path.name} has places that do not increase in its first column; sort them.")
    errors = columns[3] if len(columns) == 4 else columns[2] if len(columns) > 2 else None
    fit = errors is not None and np.isfinite(errors).all() and (errors > 0).all()
    if sigma and not fit:
        told = "none" if errors is None else "some that are not positive"
        raise ValueError(
            f"{path.name} has {told} where errors were asked for; pass sigma=False, and give them otherwise."
        )
    use = fit if sigma is None else sigma
    arrays = [jnp.asarray(column, float) for column in (*columns[:2], *([errors] if use else []))]
    return MeasuredCurve(arrays[0], arrays[1], arrays[2] if use else None)


def _columns(path, skip):
    """The columns as numbers. Their headers are given, as those of such files have spaces in them."""
    if skip is None and _counts_its_rows(path):
        skip = 2
    last = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-1:]
    wide = len(re.split(r"[\s,;]+", last[0].strip())) if last else 0
    table = tabulate(path, form="long", skip=skip, header=[f"column {n + 1}" for n in range(wide)])
    if len(table.columns) < 2:
        raise ValueError(f"{path.name} has {len(table.columns)} columns; a curve needs two or more.")
    return [column.numbers() for column in table.columns[:4]]


def _counts_its_rows(path):
    """Whether the file begins as those of RMCProfile do: the number of points, then a title."""
    with open(path, encoding="utf-8", errors="replace") as file:
        first = file.readline().split()
    return len(first) == 1 and first[0].isdigit()
