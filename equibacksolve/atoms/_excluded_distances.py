"""Atoms that keep their distance."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, float_array
from equibacksolve.atoms._bonds import bonds_within
from equibacksolve.atoms._constraint import AbstractConstraint, number_of_species
from equibacksolve.atoms._curve import check_length, species_pair
from equibacksolve.atoms._pair_sums import Scene, sum_per_atom
from equibacksolve.atoms._structure import Structure


class ExcludedDistances(AbstractConstraint):
    """How far each atom is pressed into its neighbours: e_i = sum_j max(0, 1 - r_ij / closest).

        ExcludedDistances(2.1)                              # of all pairs
        ExcludedDistances({"Si-O": 1.4, "O-O": 2.2})        # pairs that are not named may come as near as they like

    **Arguments**

    - `closest`: a distance (length), or one for each pair of species.

    Raises `ValueError` for distances that are not positive.
    """

    closest: Float[Array, " pairs"]
    pairs: tuple[tuple[str, str], ...] = eqx.field(static=True)

    def __init__(self, closest: Mapping[str, Any] | Any):
        named = dict(closest) if isinstance(closest, Mapping) else {"": closest}
        for name, distance in named.items():
            check_length(f"closest[{name!r}]" if name else "closest", float(distance))
        self.pairs = tuple(pair for name in named if (pair := species_pair(name or None)) is not None)
        self.closest = float_array(list(named.values()), "closest")

    def __check_init__(self):
        check_fields(self)

    def needed_reach(self, elements):
        for pair in self.pairs:
            for name in pair:
                number_of_species(name, elements, "closest")
        return float(np.max(np.asarray(self.closest)))

    def residuals(self, scene: Scene, elements) -> Float[Array, " atoms"]:
        table = self._table(elements).astype(scene.positions.dtype)

        def overlap(pairs):
            closest = table[pairs.kinds] if self.pairs else table[0, 0]
            return [jnp.maximum(0.0, 1.0 - pairs.distances / closest)]

        return sum_per_atom(overlap, scene)[:, 0]

    def check_start(self, structure: Structure) -> None:
        """Refuse a structure in which atoms are nearer than that.

        A search from there is no mistake: the atoms part. Raises `ValueError` that tells how many, and which are worst.
        """
        elements = structure.elements
        first, second, vectors = bonds_within(structure, self.needed_reach(elements))
        lengths, kinds = np.linalg.norm(vectors, axis=1), np.array([elements.index(name) for name in structure.species])
        near = (lengths < np.asarray(self._table(elements))[kinds[first], kinds[second]]) & (first < second)
        if near.any():
            worst = np.flatnonzero(near)[np.argmin(lengths[near])]
            names = "-".join(structure.species[at[worst]] for at in (first, second))
            total = len(kinds) * (len(kinds) - 1) // 2
            raise ValueError(
                f"positions has {near.sum()} of {total} pairs nearer than `closest`, the closest being {names} at "
                f"{lengths[worst]:.3g}; move them apart, or let the search do it."
            )

    def _table(self, elements):
        """Distances by the numbers of two species; nearly none for pairs that are not named."""
        species = len(elements)
        if not self.pairs:
            return jnp.broadcast_to(self.closest[0], (species, species))
        table = jnp.full((species, species), 1e-6 * jnp.min(self.closest))
        for pair, distance in zip(self.pairs, self.closest):
            a, b = (elements.index(name) for name in pair)
            table = table.at[a, b].set(distance).at[b, a].set(distance)
        return table
