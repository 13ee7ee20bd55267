"""The triangular lattice, from which structures start."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number, check_positive


def triangular_lattice(atoms: int, box_length: Number) -> Float[Array, "atoms 2"]:
    """The positions of `atoms` atoms on a triangular lattice that fills the box [0, L) x [0, L) and repeats with it.

    Rows run along x. Each row is displaced against the one before by half a spacing; for an odd number of rows by a
    little more, so that the last row meets the first one across the edge of the box without a fault. 460 atoms in
    40 x 40 give 23 rows of 20, 2.0 apart.

    Raises `ValueError` if no such lattice is within 15 % of triangular, and names the nearest numbers that are; and if
    the box length is not positive.
    """
    check_positive("box_length", box_length)
    rows = _rows(atoms) if atoms > 0 else None
    if rows is None:
        fits = [n for n in range(max(1, atoms // 2), 2 * atoms + 40) if _rows(n)]
        near = sorted(fits, key=lambda n: abs(n - atoms))[:2]
        raise ValueError(
            f"atoms is {atoms}: no triangular lattice of so many fills a square; take {near[0]} or {near[1]}."
        )
    columns = atoms // rows
    row, column = (index.ravel() for index in jnp.meshgrid(jnp.arange(rows), jnp.arange(columns), indexing="ij"))
    offset = jnp.mod(row * (math.ceil(rows / 2) / rows), 1.0)
    x = (column + offset + 0.25) * (box_length / columns)
    y = (row + 0.5) * (box_length / rows)
    return jnp.mod(jnp.stack([x, y], axis=-1), box_length)


def _rows(atoms: int) -> int | None:
    """The number of rows whose spacing is nearest to sqrt(3) / 2 of the spacing within a row; None if none is near."""
    ideal = math.sqrt(atoms * 2 / math.sqrt(3))
    divisors = [rows for rows in range(1, atoms + 1) if atoms % rows == 0]
    best = min(divisors, key=lambda rows: abs(math.log(rows / ideal)), default=None)
    # The ratio of the spacings goes as the square of the number of rows.
    return best if best and abs(math.log(best / ideal)) < math.log(1.15) / 2 else None
