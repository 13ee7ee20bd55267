"""Square lattices as samples of any shape, with the conventions of `SquareLattice`."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from equibacksolve._arrays import boolean_array
from equibacksolve._axes import OnsiteBlocks
from equibacksolve._entries import Entries
from equibacksolve.samples._gauge import landau
from equibacksolve.samples._map_of_sites import MapOfSites
from equibacksolve.samples._neighbours import Sites, bonds_along, sample_of
from equibacksolve.samples._onsite import AbstractOnsite, OnsiteSum
from equibacksolve.samples._potential import Potential
from equibacksolve.samples._tight_binding import TightBinding

_GAUGE = landau(np.array([0.0, 1.0]), 1.0)
"""A = (0, x): only hoppings across the current have a phase."""


def square_sample(
    length: int, width: int, onsite: Any = None, *, present: Any = None, hoppings: Any = None
) -> TightBinding:
    """A rectangle of the square lattice, hopping 1, with sites left out where you like: H of `SquareLattice`.

    Sites stand at x = 1..length, y = 1..width, in the order of (x, y); the hopping from y to y + 1 has the phase
    exp(2 pi i flux x), with the flux per plaquette in h/e.

    **Arguments**

    - `onsite`: a map (length, width), hidden as `MapOfSites`, or one number for it (zero if left out); a list of one
      number a site, hidden as `SiteEnergies`; any potential; or a function that makes one of the positions, such as
      `lambda positions: SplinePotential(start, positions)`.
    - `present`: (length, width), False where a site is absent.
    - `hoppings`: of each bond, or one number: they become a leaf, `sample.terms[0].strength`. First all bonds along x,
      then all across, each in the order of its first site.

    **Raises** ValueError for shapes that do not fit, or if no site is left.
    """
    return sample_of(_sites(length, width, present), 1.0, _GAUGE, onsite, hoppings)


def square_tight_binding(onsite: AbstractOnsite) -> TightBinding:
    """A rectangle with any onsite terms: potentials as a map, the others as fixed entries. Sites before orbitals."""
    terms = _flat(onsite)
    potentials = [term.values for term in terms if isinstance(term, Potential)]
    others = [term for term in terms if not isinstance(term, Potential)]
    sites, orbitals = _sites(*onsite.shape, None), onsite.orbitals
    values = sum(potentials[1:], start=potentials[0]) if potentials else jnp.zeros(onsite.shape)
    bare = sample_of(sites, 1.0, _GAUGE, MapOfSites(values, sites.place), None)
    orbital = np.arange(orbitals)
    spread = lambda index: (np.asarray(index)[:, None] * orbitals + orbital).ravel()
    repeated = lambda numbers: np.repeat(np.asarray(numbers), orbitals)
    parts = [
        Entries(
            spread(bare.entries.row),
            spread(bare.entries.column),
            repeated(bare.entries.value),
            repeated(bare.entries.area),
        )
    ]
    if others:
        parts.append(_block_entries(OnsiteSum(tuple(others)).blocks(), orbitals))
    entries = Entries(
        *(jnp.concatenate([getattr(part, name) for part in parts]) for name in ("row", "column", "value", "area"))
    )
    return TightBinding(bare.onsite, entries, sites.positions, repeated(np.arange(len(sites.positions))))


def _block_entries(blocks: OnsiteBlocks, orbitals: int) -> Entries:
    """Onsite matrices as entries without an area."""
    wide = blocks if blocks.shape[-1] == orbitals else blocks * jnp.eye(orbitals)
    site = np.arange(wide.shape[0] * wide.shape[1])
    return Entries.of_blocks(site, site, wide.reshape(-1, orbitals, orbitals), np.zeros(len(site)))


def _flat(onsite: AbstractOnsite) -> list[AbstractOnsite]:
    """The terms of sums of sums."""
    return [one for term in onsite.terms for one in _flat(term)] if isinstance(onsite, OnsiteSum) else [onsite]


def _sites(length: int, width: int, present: Any) -> Sites:
    there = np.ones((length, width), bool) if present is None else np.asarray(boolean_array(present, "present"))
    if there.shape != (length, width):
        raise ValueError(f"present has shape {there.shape}; give (length, width) = {(length, width)}.")
    place = np.argwhere(there)
    if not len(place):
        raise ValueError(f"a square sample of length {length} and width {width} has no site; leave some present.")
    every = np.arange(len(place))
    bonds = [bonds_along(place, every, step) for step in ((1, 0), (0, 1))]
    return Sites(place + 1.0, place, (length, width), np.concatenate(bonds))
