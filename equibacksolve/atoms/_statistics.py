"""What a structure is like, and how much of it several models of the same data agree on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from equibacksolve.atoms._bond_length import first_minimum
from equibacksolve.atoms._bonds import bonds_within
from equibacksolve.atoms._observables import Observables
from equibacksolve.atoms._real_space_curve import RealSpaceCurve
from equibacksolve.atoms._reciprocal_space_curve import ReciprocalSpaceCurve
from equibacksolve.atoms._structure import Structure

_MOST_NEIGHBOURS = 12
_ANGLE_BIN = 3.0


class Statistics(NamedTuple):
    """Histograms of one structure, or their mean or deviation over several.

    **Fields**

    - `distances`, `pair_distribution`: g(r).
    - `wavenumbers`, `structure_factor`: S(Q).
    - `neighbours`, `coordination`: 0 .. 12, and the share of the atoms that have so many neighbours (12: or more).
    - `angles`, `bond_angles`: middles of bins in degrees, and the density of angles between bonds (1 / degree).
    - `mean_coordination`, `mean_angle`, `angle_deviation`, `closest`: numbers of the whole structure.
    """

    distances: Float[np.ndarray, " points"]
    pair_distribution: Float[np.ndarray, " points"]
    wavenumbers: Float[np.ndarray, " points"]
    structure_factor: Float[np.ndarray, " points"]
    neighbours: Float[np.ndarray, " numbers"]
    coordination: Float[np.ndarray, " numbers"]
    angles: Float[np.ndarray, " angles"]
    bond_angles: Float[np.ndarray, " angles"]
    mean_coordination: float
    mean_angle: float
    angle_deviation: float
    closest: float


class Spread(NamedTuple):
    """`mean` and `deviation` (of one model, with n - 1) of each field of `Statistics` over `models` structures."""

    mean: Statistics
    deviation: Statistics
    models: int

    def __str__(self) -> str:
        lines = [f"{self.models} models, mean +- deviation of one"]
        for name in ("mean_coordination", "mean_angle", "angle_deviation", "closest"):
            mean, deviation = getattr(self.mean, name), getattr(self.deviation, name)
            lines.append(f"  {name.replace('_', ' ')}: {mean:.4g} +- {deviation:.2g}")
        shares = zip(self.mean.neighbours, self.mean.coordination, self.deviation.coordination)
        told = [f"{number:.0f}: {100 * m:.1f} +- {100 * d:.1f} %" for number, m, d in shares if m >= 0.0005]
        return "\n".join([*lines, "  neighbours " + ", ".join(told)])


def statistics(
    structure: Structure,
    within: float | None = None,
    *,
    distances: Any = None,
    wavenumbers: Any = None,
    scattering_lengths: Any = None,
) -> Statistics:
    """The histograms of a structure.

    - `within`: the distance up to which two atoms are bonded (length); left out, the first minimum of g(r).
    - `distances`, `wavenumbers`: of g(r) and S(Q), as of the curves; left out, up to half the box (an open box: three
      times `within`) and from pi over that to 30 / `within`.
    - `scattering_lengths`: of the species, {"Si": 4.1491}; left out, all count the same.

    Raises `ValueError` for distances beyond half the box, and if `within` is left out and g(r) has no peak.
    """
    within = first_minimum(structure) if within is None else within
    farthest = structure.box.farthest()
    reach = farthest if np.isfinite(farthest) else 3 * within
    distances = np.arange(1, 101) * (reach * (1 - 1e-6) / 100) if distances is None else np.asarray(distances, float)
    wavenumbers = np.linspace(np.pi / reach, 30 / within, 200) if wavenumbers is None else np.asarray(wavenumbers)
    same = dict.fromkeys(structure.elements, 10.0)
    seen = Observables(
        structure,
        scattering_lengths or same,
        g=RealSpaceCurve(distances),
        S=ReciprocalSpaceCurve(wavenumbers, reach=reach),
    ).predictions()
    first, _, bonds = bonds_within(structure, within)
    numbers = np.bincount(first, minlength=len(structure.species))
    angles = _angles(first, bonds)
    shares = np.bincount(np.minimum(numbers, _MOST_NEIGHBOURS), minlength=_MOST_NEIGHBOURS + 1) / len(numbers)
    edges = np.arange(0, 180 + _ANGLE_BIN, _ANGLE_BIN)
    density = np.histogram(angles, edges)[0] / (max(len(angles), 1) * _ANGLE_BIN)
    lengths = np.linalg.norm(bonds, axis=1)
    return Statistics(
        *(distances, np.asarray(seen["g"]), wavenumbers, np.asarray(seen["S"])),
        *(np.arange(_MOST_NEIGHBOURS + 1.0), shares, (edges[1:] + edges[:-1]) / 2, density),
        float(numbers.mean()),
        *((float(angles.mean()), float(angles.std())) if len(angles) else (np.nan, np.nan)),
        float(lengths.min()) if len(lengths) else np.inf,
    )


def spread_over_models(several: Sequence[Statistics]) -> Spread:
    """Mean and deviation of every histogram over independent models of the same data.

    What differs between them the data do not tell. Raises `ValueError` for fewer than two models, and for histograms
    over different distances or wavenumbers.
    """
    if len(several) < 2:
        raise ValueError(f"{len(several)} model tells no spread; give two or more, from different keys.")
    if len({tuple(np.shape(field) for field in one) for one in several}) > 1:
        raise ValueError("the models have histograms of different lengths; pass the same distances= and wavenumbers=.")
    stacked = [np.stack([np.asarray(one[at]) for one in several]) for at in range(len(Statistics._fields))]
    mean = Statistics(*(_number(column.mean(axis=0)) for column in stacked))
    return Spread(mean, Statistics(*(_number(column.std(axis=0, ddof=1)) for column in stacked)), len(several))


def _angles(first, bonds):
    """Angles in degrees between all two bonds of an atom."""
    order = np.argsort(first, kind="stable")
    units = (bonds / np.linalg.norm(bonds, axis=1, keepdims=True))[order]
    angles = []
    for group in np.split(units, np.flatnonzero(np.diff(first[order])) + 1):
        upper = np.triu_indices(len(group), 1)
        angles.append(np.degrees(np.arccos(np.clip((group @ group.T)[upper], -1, 1))))
    return np.concatenate(angles) if angles else np.zeros(0)


def _number(value: Any) -> Any:
    """A Python float of what has no axes; arrays as they are."""
    return float(value) if np.ndim(value) == 0 else value
