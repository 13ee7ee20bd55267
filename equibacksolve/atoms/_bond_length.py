"""How far apart two atoms are that are bonded."""

import numpy as np

from equibacksolve.atoms._bond_angles import BondAngles
from equibacksolve.atoms._coordination import Coordination
from equibacksolve.atoms._observables import Observables
from equibacksolve.atoms._real_space_curve import RealSpaceCurve
from equibacksolve.atoms._structure import Structure

_SPACINGS, _POINTS = 3.0, 120


def bond_length(seen: Observables) -> float:
    """Up to which distance two atoms are bonded: `within` of a constraint, or the first minimum of g(r) (length)."""
    told = [part.within for part in seen.parts.values() if isinstance(part, Coordination | BondAngles)]
    return float(told[0]) if told else first_minimum(seen.structure())


def first_minimum(structure: Structure) -> float:
    """The lowest point of g(r) between its first peak and the next (length), to a fortieth of the mean spacing.

    Of all species together, up to three mean spacings or half of the box. Raises `ValueError` if g(r) has no peak.
    """
    spacing = float(structure.number_density) ** (-1 / structure.box.components)
    end = min(_SPACINGS * spacing, structure.box.farthest() * (1 - 1e-6))
    r = np.arange(1, _POINTS + 1) * end / _POINTS
    # All species count the same: the peak belongs to whatever is nearest.
    weights = dict.fromkeys(structure.elements, 10.0)
    g = np.asarray(Observables(structure, weights, g=RealSpaceCurve(r, width=2 * end / _POINTS)).predict())
    inner = np.arange(1, _POINTS - 1)
    peaks = inner[(g[inner] > g[inner - 1]) & (g[inner] >= g[inner + 1]) & (g[inner] > 1.2)]
    if not peaks.size:
        raise ValueError(f"g(r) has no peak up to {end:.4g}, so that it tells no bonds; give within=.")
    # The next peak is a shell, no ripple of the first: it is farther by two fifths or more.
    later = peaks[r[peaks] > 1.4 * r[peaks[0]]]
    last = later[0] if later.size else _POINTS
    return float(r[peaks[0] + np.argmin(g[peaks[0] : last])])
