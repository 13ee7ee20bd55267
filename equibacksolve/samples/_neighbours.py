"""From sites and their bonds to a sample: what all lattices share."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from equibacksolve._arrays import float_array
from equibacksolve._entries import Entries, LinearTerm
from equibacksolve.samples._gauge import LinearGauge
from equibacksolve.samples._map_of_sites import MapOfSites
from equibacksolve.samples._site_energies import AbstractSiteEnergies, SiteEnergies
from equibacksolve.samples._tight_binding import TightBinding


class Sites(NamedTuple):
    """Sites of a lattice: where they are, where they stand on a map of some shape, and the pairs that are bonded."""

    positions: Float[np.ndarray, "sites 2"]
    place: Int[np.ndarray, "sites 2"]
    shape: tuple[int, int]
    bonds: Int[np.ndarray, "bonds 2"]


def sample_of(sites: Sites, hopping: float, gauge: LinearGauge, onsite: Any, hoppings: Any) -> TightBinding:
    """A sample with one orbital a site, the same hopping along all bonds or a trainable one along each."""
    first, second = sites.bonds.T
    row, column = np.concatenate([second, first]), np.concatenate([first, second])
    area = gauge.area(sites.positions[row], sites.positions[column])
    potential = _potential(sites, onsite)
    if hoppings is None:
        return TightBinding(potential, Entries(row, column, np.full(len(row), hopping), area), sites.positions)
    strengths = float_array(hoppings, "hoppings")
    number = len(first)
    if strengths.shape not in ((), (number,)):
        raise ValueError(
            f"hoppings has shape {strengths.shape}, but the sample has {number} bonds; give one number, or one a bond."
        )
    strengths = strengths * np.ones(number)
    bonds = LinearTerm(strengths, Entries(row, column, np.ones(2 * number), area), np.tile(np.arange(number), 2))
    nothing = Entries(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0))
    return TightBinding(potential, nothing, sites.positions, terms=(bonds,))


def bonds_along(
    place: Int[np.ndarray, "sites 2"], origins: Int[np.ndarray, " origins"], step: tuple[int, int]
) -> Int[np.ndarray, "bonds 2"]:
    """Pairs of sites of which the second stands a step further than the first, which is one of the origins."""
    known = {tuple(one): number for number, one in enumerate(place.tolist())}
    ends = [known.get(tuple(one), -1) for one in (place[origins] + step).tolist()]
    pairs = np.stack([origins, np.array(ends, int)], axis=1)
    return pairs[pairs[:, 1] >= 0]


def _potential(sites: Sites, onsite: Any) -> AbstractSiteEnergies:
    if isinstance(onsite, AbstractSiteEnergies):
        return onsite
    if callable(onsite):
        made: Any = onsite(sites.positions)
        return made
    values = float_array(0.0 if onsite is None else onsite, "onsite")
    if values.ndim == 0:
        values = values * np.ones(sites.shape)
    if values.ndim == 2 and values.shape != sites.shape:
        raise ValueError(f"onsite is a map of shape {values.shape}, but the sample has the shape {sites.shape}.")
    return SiteEnergies(values) if values.ndim == 1 else MapOfSites(values, sites.place)
