"""Atoms of one or several species in a box."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, float_array, is_concrete
from equibacksolve._axes import Scalar
from equibacksolve.atoms._box import Box


class Structure(eqx.Module):
    """Atoms in a box: what the observables of this room look at.

        Structure(positions, Box([27.2, 27.2, 27.2]), "Si")
        Structure(positions, box, ["Si"] * 300 + ["O"] * 600)

    **Arguments**

    - `positions`: shape (atoms, components), in units of length. Along edges that do not repeat, inside the box.
    - `box`: a `Box` of as many dimensions.
    - `species`: the name of all atoms, or one name an atom.

    **Fields**

    - `positions`, `box`.
    - `species`: one name an atom.
    - `elements`: the different names, in order of appearance.

    Raises `ValueError` for no atoms, positions that are not finite or outside the box, and too few or many names.
    """

    positions: Float[Array, "atoms components"]
    box: Box
    species: tuple[str, ...] = eqx.field(static=True)

    def __init__(self, positions: Any, box: Box, species: str | Sequence[str] = "X"):
        self.positions = float_array(positions, "positions")
        self.box = box
        atoms = self.positions.shape[0] if self.positions.ndim else 0
        names = [species] * atoms if isinstance(species, str) else list(species)
        if len(names) != atoms:
            raise ValueError(f"species has {len(names)} names for {atoms} atoms; give one for each, or one for all.")
        self.species = tuple(str(name) for name in names)

    def __check_init__(self):
        check_fields(self)
        if self.positions.shape[0] == 0:
            raise ValueError("positions holds no atoms; give at least one row.")
        if self.positions.shape[1] != self.box.components:
            raise ValueError(
                f"positions has {self.positions.shape[1]} components, but the box {self.box.components}; make them "
                "agree."
            )
        if is_concrete(self.positions, self.box):
            _check_inside(self.positions, self.box)

    @property
    def elements(self) -> tuple[str, ...]:
        """The different species, in the order in which they first appear."""
        return tuple(dict.fromkeys(self.species))

    @property
    def counts(self) -> tuple[int, ...]:
        """How many atoms of each element there are."""
        counted = Counter(self.species)
        return tuple(counted[name] for name in self.elements)

    @property
    def number_density(self) -> Scalar:
        """Atoms per volume (3-D) or area (2-D)."""
        return len(self.species) / self.box.volume

    def with_positions(self, positions: Any) -> "Structure":
        """The same atoms elsewhere, see `moved_to`. Raises `ValueError` for positions of another shape, too."""
        positions = float_array(positions, "positions")
        if positions.shape != self.positions.shape:
            raise ValueError(f"positions has shape {positions.shape}, but these atoms {self.positions.shape}.")
        return Structure.moved_to(positions, self.box, self.species)

    @classmethod
    def moved_to(cls, positions: Any, box: Box, species: str | Sequence[str] = "X") -> "Structure":
        """Atoms where a search has moved them to, shape (atoms, components).

        They are brought back into the box along the edges that repeat; along others they may lie outside. Raises
        `ValueError` for positions that are not finite.
        """
        moved = box.wrapped(float_array(positions, "positions"))
        if is_concrete(moved):
            _check_finite(moved)
        inside = cls(jnp.zeros_like(moved), box, species)
        return eqx.tree_at(lambda structure: structure.positions, inside, moved)


def check_density(structure: Structure, density: float | int, tolerance: float = 0.01) -> None:
    """Refuse a number density (atoms per volume), such as a file states, that the structure does not have.

    Raises `ValueError` if the two differ by more than `tolerance`, relative.
    """
    own = float(structure.number_density)
    if not abs(own - float(density)) <= tolerance * own:
        edge = (len(structure.species) / float(density)) ** (1 / structure.box.components) if density > 0 else np.nan
        raise ValueError(
            f"density is {float(density):g} atoms per volume, but the structure has {own:g}; {len(structure.species)} "
            f"atoms of this density fill a {'cube' if structure.box.components == 3 else 'square'} of edge {edge:.6g}."
        )


def _check_finite(positions):
    positions = np.asarray(positions)
    rows = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    if rows.size:
        raise ValueError(f"positions has the non-finite entry {positions[rows[0]]} at atom {rows[0]}; give numbers.")


def _check_inside(positions, box):
    fractions = np.asarray(box.fractions(positions))[:, ~np.array(box.periodic)]
    _check_finite(positions)
    positions = np.asarray(positions)
    # An atom on a face is inside, in the precision of the positions.
    slack = 16 * np.finfo(positions.dtype).eps
    rows = np.flatnonzero(((fractions < -slack) | (fractions > 1 + slack)).any(axis=1))
    if rows.size:
        raise ValueError(
            f"positions has {rows.size} atoms outside the box along an edge that does not repeat, the first being atom "
            f"{rows[0]} at {positions[rows[0]]}; shift them, or enlarge the box."
        )
