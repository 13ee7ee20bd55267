"""Vector potentials that are linear in the place, and what they do to hoppings."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class LinearGauge(NamedTuple):
    """A(r) = matrix r + offset, in units of a flux of one through the unit of area."""

    matrix: Float[np.ndarray, "2 2"]
    offset: Float[np.ndarray, " 2"]

    def area(self, to: Float[np.ndarray, "entries 2"], origin: Float[np.ndarray, "entries 2"]) -> np.ndarray:
        """The integral of A along straight hoppings."""
        return np.sum((to - origin) * ((to + origin) / 2 @ self.matrix.T + self.offset), axis=1)

    @property
    def field(self) -> float:
        """The curl of A: one over the unit of area, or zero."""
        return float(self.matrix[1, 0] - self.matrix[0, 1])

    def turned(self, direction: Float[np.ndarray, " 2"]) -> "LinearGauge":
        """The Landau gauge of the same field that does not change along a direction."""
        return landau(direction, self.field)

    def phase(self, other: "LinearGauge", at: Float[np.ndarray, "sites 2"]) -> np.ndarray:
        """chi with grad chi = A of the other - A: to be added at the head of a hopping into the other gauge."""
        matrix, offset = other.matrix - self.matrix, other.offset - self.offset
        return np.sum(at * (at @ matrix.T / 2 + offset), axis=1)


def landau(direction: Float[np.ndarray, " 2"], field: float) -> LinearGauge:
    """A = -field (n r) d, with d along the direction and n to its left."""
    along = np.asarray(direction, float) / np.linalg.norm(direction)
    left = np.array([-along[1], along[0]])
    return LinearGauge(-field * np.outer(along, left), np.zeros(2))


def gauge_of(
    to: Float[np.ndarray, "entries 2"], origin: Float[np.ndarray, "entries 2"], area: Float[np.ndarray, " entries"]
) -> tuple[LinearGauge, bool]:
    """The linear gauge that gives hoppings these areas; and whether they tell the field (those of a chain do not).

    Raises ValueError if there is none.
    """
    step, middle = to - origin, (to + origin) / 2
    size = max(np.ptp(middle, axis=0).max(initial=0.0), np.abs(step).max(initial=0.0), 1e-300)
    # About the centre, and in units of the size: then the fit knows no unit and no origin.
    centre = middle.mean(axis=0)
    reduced = (middle - centre) / size
    design = np.stack([step[:, i] * reduced[:, j] for i in (0, 1) for j in (0, 1)] + [step[:, 0], step[:, 1]], axis=1)
    _, values, rows = np.linalg.svd(design, full_matrices=False)
    kept = rows[values > 1e-9 * values[0]]
    found = kept.T @ np.linalg.lstsq(design @ kept.T, area, rcond=None)[0]
    if np.abs(design @ found - area).max() > 1e-8 * max(1.0, np.abs(area).max()):
        raise ValueError(
            "the areas of the sample are those of no vector potential that is linear in the place; build its leads as "
            "PeriodicLead."
        )
    matrix = found[:4].reshape(2, 2) / size
    curl = np.array([0.0, -1.0, 1.0, 0.0, 0.0, 0.0])
    told = bool(np.linalg.norm(curl - kept.T @ (kept @ curl)) < 1e-6)
    return LinearGauge(matrix, found[4:] - matrix @ centre), told
