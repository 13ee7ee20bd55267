"""A walk along a profile: outwards until chi-squared has risen enough, or there is no further way."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from equibacksolve.diagnostics._profile_fit import ProfilePoint, is_finite

STEP = 0.5
"""Of a walk, in standard deviations: chi-squared rises by 1/4, 3/4, 5/4, ..."""

GROWTH, STEPS, SHORTEST, FARTHEST = 2.0, 60, 1 / 64, 1e3
"""By how much a step may exceed the last; the most steps; the shortest, of the longest; the farthest, in errors."""

STILL = 1e-3
"""A move below this fraction of its step is none."""

WIDTH = 0.1
"""How firmly a quantity is held, in steps."""

NEAR = 1e-3
"""An end is found to this, in standard deviations, before the slope corrects it."""

Fit = Callable[[ProfilePoint, float, float], ProfilePoint]
"""The fit from a point, with the quantity held near a value, give or take a width."""


class OnSide(NamedTuple):
    """One side of a profile, from the estimate outwards.

    - `points`: fits; `distances`: the root of how much chi-squared has risen, over the scale of the noise.
    - `stop`: why the walk ended: "level", "limit" where the quantity goes no further, or "open".
    """

    points: list[ProfilePoint]
    distances: list[float]
    stop: str


class LowerMinimum(Exception):
    """A fit was better than the one that the walk began at."""

    def __init__(self, point: ProfilePoint):
        super().__init__()
        self.point = point


def walked(fit: Fit, best: ProfilePoint, error: float, side: int, level: float) -> OnSide:
    """Walk to one side (1 or -1) until the distance reaches `level`."""
    so_far, step = OnSide([best], [0.0], "level"), STEP * error
    longest = step
    for _ in range(STEPS):
        last = so_far.points[-1]
        new = fit(last, last.value + side * step, WIDTH * step)
        moved = side * (new.value - last.value)
        if not (is_finite(new) and moved > STILL * step):
            step /= 4
            if step < SHORTEST * longest:
                return so_far._replace(stop="limit" if is_finite(new) else "open")
            continue
        so_far = OnSide([*so_far.points, new], [*so_far.distances, distance_of(new, best)], "level")
        before, distance = so_far.distances[-2:]
        if distance >= level:
            return so_far
        if side * (new.value - best.value) > FARTHEST * error:
            break
        if moved < SHORTEST * longest and abs(distance - before) < STILL:
            return so_far._replace(stop="limit")
        rise = side * slope_of_distance(new, distance)
        step = min(GROWTH * moved, STEP / rise) if rise > 0 else moved  # beyond a barrier, chi-squared falls
        longest = max(longest, step)
    return so_far._replace(stop="open")


def end_at(fit: Fit, side_of: OnSide, best: ProfilePoint, level: float) -> float:
    """Where the distance is `level`, between two points of the walk."""
    points, distances = list(side_of.points), list(side_of.distances)
    for _ in range(8):
        after = next(number for number, distance in enumerate(distances) if distance >= level)
        close = min((after, max(after - 1, 1)), key=lambda number: abs(distances[number] - level))
        rise = slope_of_distance(points[close], distances[close])
        guess = points[close].value + (level - distances[close]) / rise if rise else np.nan
        if abs(distances[close] - level) < NEAR:
            return guess
        low, high = sorted((points[after - 1].value, points[after].value))
        guess = guess if low < guess < high else (low + high) / 2
        new = fit(points[close], guess, WIDTH * max(abs(guess - points[close].value), NEAR * (high - low)))
        distance = distance_of(new, best)
        points.insert(after, new)
        distances.insert(after, distance)
    return guess


def slope_of_distance(point: ProfilePoint, distance: float) -> float:
    """d distance / d quantity, from d S / d quantity = 2 distance (d distance / d quantity)."""
    return point.slope / (2 * distance) if distance > 0 else 0.0


def distance_of(point: ProfilePoint, best: ProfilePoint) -> float:
    """The root of how much S has risen. Raises LowerMinimum if it has fallen by more than rounding."""
    risen = point.squares - best.squares
    if risen < -1e-6 * max(best.squares, 1.0):
        raise LowerMinimum(point)
    return float(np.sqrt(max(risen, 0.0)))
