"""Leads that continue a sample: cut from its lattice by a translation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve._entries import Entries
from equibacksolve.leads import PeriodicLead, Terminal
from equibacksolve.samples._gauge import LinearGauge, gauge_of
from equibacksolve.samples._tight_binding import TightBinding

_SAME = 1e-6
"""Places closer than this share of a bond are one."""


class _Lattice(NamedTuple):
    """What the bonds of a sample tell: their length, their hopping if it is one, the gauge if there is a field."""

    bond: float
    hopping: complex | None
    gauge: LinearGauge | None
    tells_field: bool


def ribbon_lead(
    sample: TightBinding,
    translation: Any,
    *,
    within: Callable[[Any, Any], Any] | None = None,
    hopping: float | int | None = None,
    onsite: Any = 0.0,
    strength: Any = 1.0,
) -> Terminal:
    """A terminal whose lead is the sample's own lattice, repeated by a translation away from it.

        left, right = (ribbon_lead(sample, (step, 0)) for step in (-1, 1))

    The last site of the sample on each line along the translation is continued: by sites a translation further, bonded
    where they are as close as bonds of the sample are. The magnetic field goes on in the lead, in a gauge that does not
    change along it; the flux through every loop is that of its area.

    **Arguments**

    - `sample`: of one orbital a site, bonds of one length, and areas that are those of one magnetic field.
    - `translation`: a period of the lattice, in the unit of the positions.
    - `within`: a function of arrays x and y that is True for the sites whose lines are continued; all if left out.
      Name a strip where the sample is wider than the lead. It ends as flat as a cell, or the lead is refused.
    - `hopping`: of the lead; that of the sample if left out.
    - `onsite`, `strength`: as for `PeriodicLead`.

    **Raises** ValueError if the sample is of another kind, the translation is no period of it, the lead would run
    through the sample, or its cells reach beyond their neighbours.
    """
    lattice = _lattice_of(sample)
    if hopping is None and lattice.hopping is None:
        raise ValueError("the bonds of the sample have no hopping in common; give the hopping= of the lead.")
    value = lattice.hopping if hopping is None else hopping
    positions, step = np.asarray(sample.positions), np.asarray(float_array(translation, "translation"))
    if step.shape != (2,) or not np.linalg.norm(step) >= lattice.bond * (1 - _SAME):
        raise ValueError(f"translation is {step}; give two numbers that lead to another cell.")
    last = _ends_of_lines(positions, step, within, lattice.bond)
    ends = positions[last]
    _check_cells(ends, step, positions, lattice.bond)
    row, column = _bonds(ends, ends, lattice.bond)
    further, nearer = _bonds(ends + step, ends, lattice.bond)
    gauge = _lead_gauge(lattice, step, len(last))
    entries = lambda row, column, area: Entries(row, column, np.full(len(row), value), area)
    inner, outer, contact = _areas(
        lattice.gauge, gauge, (ends[row], ends[column]), (ends[further] + step, ends[nearer])
    )
    touched, number = np.unique(nearer, return_inverse=True)
    lead = PeriodicLead(
        entries(row, column, inner),
        entries(further, nearer, outer),
        entries(further, number, contact),
        len(last),
        onsite=onsite,
        strength=strength,
    )
    return Terminal(lead, last[touched])


def _areas(own, turned, inside, between):
    """Of the hoppings in a cell, between cells, and from the sample, which stands in a gauge of its own."""
    if own is None:
        return None, None, None
    to, origin = between
    return turned.area(*inside), turned.area(to, origin), own.area(to, origin) + own.phase(turned, to)


def _lead_gauge(lattice, step, lines):
    if lattice.gauge is None:
        return None
    if not lattice.tells_field and lines > 1:
        raise ValueError(
            "the sample is a single line, from which the unit of area cannot be told; build its lead as PeriodicLead."
        )
    return lattice.gauge.turned(step)


def _lattice_of(sample: TightBinding) -> _Lattice:
    if not is_concrete(sample):
        raise ValueError("ribbon_lead needs a sample of known numbers; call it outside jax.jit.")
    if sample.positions.shape[1] != 2 or not np.array_equal(sample.orbital_site, np.arange(sample.positions.shape[0])):
        raise ValueError("ribbon_lead knows samples in the plane with one orbital a site; build a PeriodicLead.")
    row, column = (np.asarray(index) for index in sample.places())
    bonds = row != column
    if not bonds.any():
        raise ValueError("the sample has no bonds, of which its leads could be made; build a PeriodicLead.")
    to, origin = (np.asarray(sample.positions)[index[bonds]] for index in (row, column))
    sizes = np.linalg.norm(to - origin, axis=1)
    if np.ptp(sizes) > _SAME * sizes.max():
        raise ValueError(
            f"the bonds of the sample are {sizes.min():.4g} to {sizes.max():.4g} long; ribbon_lead knows nearest "
            "neighbours only: build a PeriodicLead."
        )
    parts = _parts(sample)
    known = [part.area is not None or part.row.size == 0 for part in parts]
    gauge, tells = None, False
    if all(known):
        area = np.concatenate([np.zeros(0) if part.area is None else np.asarray(part.area) for part in parts])
        gauge, tells = gauge_of(to, origin, area[bonds])
    return _Lattice(float(sizes.mean()), _common_hopping(sample), gauge, tells)


def _common_hopping(sample: TightBinding) -> complex | None:
    """None too where terms change the hoppings."""
    between = [np.asarray(part.row) != np.asarray(part.column) for part in _parts(sample)]
    values = np.asarray(sample.entries.value)[between[0]]
    one = values.size and np.abs(values - values[0]).max() <= 1e-12 * np.abs(values[0])
    return complex(values[0]) if one and not any(part.any() for part in between[1:]) else None


def _parts(sample: TightBinding) -> list[Entries]:
    return [sample.entries, *(term.entries for term in sample.terms)]


def _ends_of_lines(
    positions: Float[np.ndarray, "sites 2"], step: Float[np.ndarray, " 2"], within: Any, bond: float
) -> Int[np.ndarray, " lines"]:
    """The last site of each line along the translation."""
    chosen = np.ones(len(positions), bool)
    if within is not None:
        chosen = np.broadcast_to(np.asarray(within(*positions.T), bool), len(positions))
    away, _ = KDTree(positions).query(positions + step)
    found = np.flatnonzero(chosen & (away > _SAME * bond))
    if not len(found):
        raise ValueError("no site of the sample can be continued by this translation; look at within=.")
    steps, same = _steps_between(positions[found], positions[found], step, bond)
    # A line that is interrupted by a hole ends where it ends last.
    return found[~np.any(same & (steps > 0.5), axis=0)]


def _steps_between(to, origin, step, bond) -> tuple[Float[np.ndarray, "to origin"], Bool[np.ndarray, "to origin"]]:
    """How many translations lead from each origin to each place, and whether a whole number does."""
    between = to[:, None] - origin
    steps = np.round(between @ step / (step @ step))
    return steps, np.linalg.norm(between - steps[..., None] * step, axis=-1) < _SAME * bond


def _bonds(to, origin, bond) -> tuple[Int[np.ndarray, " entries"], Int[np.ndarray, " entries"]]:
    """Pairs as close as a bond."""
    distance = np.linalg.norm(to[:, None] - origin, axis=-1)
    row, column = np.nonzero(np.abs(distance - bond) < _SAME * bond)
    return row, column


def _check_cells(ends, step, positions, bond):
    steps, same = _steps_between(positions, ends, step, bond)
    if np.any(same & (steps > 0.5)):
        raise ValueError("the lead would run through the sample; choose its lines by within=, or another translation.")
    distance, _ = KDTree(positions).query(np.concatenate([ends + step, ends + 2 * step]))
    inner = np.linalg.norm((ends + step)[:, None] - ends, axis=-1)
    if min(distance.min(), inner.min()) < bond * (1 - _SAME):
        raise ValueError(f"translation {tuple(step.tolist())} is no period of the sample: sites would come too close.")
    spread = np.ptp(ends @ step) / (step @ step)
    for cells in range(2, 3 + int(spread + bond / np.linalg.norm(step))):
        if len(_bonds(ends + cells * step, ends, bond)[0]):
            raise ValueError(
                "the cells of the lead reach beyond their neighbours; let the sample end flatter there, within a cell."
            )
