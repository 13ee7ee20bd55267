"""Whether the mesh of a map is fine enough to be followed, from the data alone."""

import numpy as np
from jaxtyping import Bool, Float

from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._observations import Observations

TOO_COARSE = 0.4
"""Maps up to 0.36 were followed, those of 0.6 were not (research/2026-11-29-evened-data.md)."""

FEWEST = 8
"""Values of a setting, and pairs of neighbours, from which a root mean square is worth telling."""


def coarseness(observed: Observations) -> dict[str, float]:
    """By how much neighbours along each setting differ, over what random pairs of readings differ by.

    rms(y_{i+1} - y_i) / (sqrt(2) std(y)): 0 for a map that is straight from reading to reading, 1 for one in which a
    reading tells nothing of its neighbour. A search follows its data downhill, and what it follows are features of the
    map that move as the guess changes. Where resonances are narrower than the mesh, it cannot see them move: above 0.4
    measure on a finer mesh, at a higher temperature, or with wider contacts. The variance of the noise is taken off
    both where sigma is known.

    Settings with fewer than 8 values, or along which there are fewer than 8 pairs of neighbours, are left out: maps of
    a gate at four energies are four maps, each of which is followed by itself. Neighbours are readings that count and
    share all other settings.
    """
    if not observed.variables:
        return {}
    counts = np.ones(observed.values.shape, bool) if observed.mask is None else np.asarray(observed.mask)
    values = np.asarray(observed.values)[counts]
    noise = 0.0 if observed.sigma is None else float(np.mean(np.asarray(observed.sigma)[counts] ** 2))
    settings = {name: np.asarray(setting)[counts] for name, setting in observed.variables.items()}
    variance = max(float(np.var(values)) - noise, 0.0)
    found = {}
    for name in settings:
        steps = _steps(values, settings, name)
        if min(len(steps), len(np.unique(settings[name]))) >= FEWEST and variance > 0:
            found[name] = float(np.sqrt(max(np.mean(steps**2) - 2 * noise, 0.0) / (2 * variance)))
    return found


def told_if_too_coarse(observed: AbstractObservations) -> str | None:
    """One sentence for a map that is too coarse, or None; of several maps, for the first."""
    told = (_told_if_too_coarse(name, one) for name, one in observed.sets.items())
    return next((sentence for sentence in told if sentence), None)


def _told_if_too_coarse(set_name: str, observed: Observations) -> str | None:
    found = coarseness(observed)
    if not found or max(found.values()) <= TOO_COARSE:
        return None
    name = max(found, key=lambda axis: found[axis])
    noise = "" if observed.sigma is not None else ", and sigma= if this is noise"
    which = f"the map {set_name}" if set_name else "the map"
    return (
        f"{which} is too coarse to be followed: neighbours along {name} differ by {found[name]:.2f} of what random "
        f"pairs do, and above {TOO_COARSE} a search is blind; a finer mesh, a higher temperature or wider contacts "
        f"help{noise}"
    )


def _steps(
    values: Float[np.ndarray, " counting"], settings: dict[str, Float[np.ndarray, " counting"]], name: str
) -> Float[np.ndarray, " pairs"]:
    """Differences between readings next to each other along one setting, with the others equal."""
    others = [setting for other, setting in settings.items() if other != name]
    order = np.lexsort((settings[name], *others))
    along, ordered = settings[name][order], values[order]
    same = np.ones(len(values) - 1, bool)
    for setting in others:
        same &= setting[order][1:] == setting[order][:-1]
    apart: Bool[np.ndarray, " pairs"] = same & (along[1:] > along[:-1])
    return (ordered[1:] - ordered[:-1])[apart]
