"""In which order points go into Observations: on a mesh if they fill one, else as a sorted list."""

import dataclasses
import math

import numpy as np
from jaxtyping import Bool, Float, Int

_FILLED = 0.5
"""More than this share of a mesh must have been read for the rest to be missing: every point of it is simulated."""


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """Where the points go.

    **Fields**

    - `settings`: by name, after readings of the same setting were made equal.
    - `taken`: for each place, the number of the point that goes there, -1 where none was read.
    - `grid`: the mesh, or None.
    - `labels`: for each place and axis, which of the axis's settings it is.
    - `repeated`: settings read more than once.
    - `shift`: by how much a setting was moved at most, as a fraction of its axis.
    """

    settings: dict[str, Float[np.ndarray, " places"]]
    taken: Int[np.ndarray, " places"]
    grid: tuple[int, ...] | None
    labels: Int[np.ndarray, "places axes"]
    repeated: int
    shift: float


def arrange(
    settings: dict[str, Float[np.ndarray, " points"]], tie: Float[np.ndarray, "points keys"], same_setting: float
) -> Arrangement:
    """Sort points by their settings, the first axis slowest, onto a mesh where they fill more than half of one.

    `tie` orders readings of the same setting, so that the order in the source does not matter. Two settings closer
    than `same_setting` of their axis's range are one. Raises ValueError if that would make one of a whole sweep.
    """
    if not 0 <= same_setting < 1:
        raise ValueError(
            f"same_setting is a fraction of the range of an axis, from 0 to below 1; got {same_setting:g}."
        )
    merged = [merge(setting, same_setting) for setting in settings.values()]
    for name, (_, _, shift) in zip(settings, merged):
        if 2 * shift > same_setting:
            raise ValueError(
                f"same_setting={same_setting:g} joins readings of {name} that are {2 * shift:.2g} of its range apart, "
                "one after another; make it smaller than a step of the sweep."
            )
    labels = np.stack([label for label, _, _ in merged], axis=1)
    order = np.lexsort((*np.flipud(tie.T), *np.flipud(labels.T)))
    _, counts = np.unique(labels, axis=0, return_counts=True)
    repeated, shift = int((counts > 1).sum()), max(shift for _, _, shift in merged)
    grid = tuple(len(distinct) for _, distinct, _ in merged)
    taken, placed = order, labels[order]
    if repeated == 0 and len(order) > _FILLED * math.prod(grid):
        taken = np.full(math.prod(grid), -1)
        taken[np.ravel_multi_index(tuple(labels.T), grid)] = np.arange(len(labels))
        placed = np.stack(np.unravel_index(np.arange(math.prod(grid)), grid), axis=1)
    else:
        grid = None
    values = {name: distinct[placed[:, axis]] for axis, (name, (_, distinct, _)) in enumerate(zip(settings, merged))}
    return Arrangement(values, taken, grid, placed, repeated, shift)


def merge(
    setting: Float[np.ndarray, " points"], same_setting: float
) -> tuple[Int[np.ndarray, " points"], Float[np.ndarray, " distinct"], float]:
    """Number the distinct settings in ascending order: labels, settings, and by how much one was moved at most.

    Neighbours closer than `same_setting` of the range are one setting, halfway between the outermost of them: to a
    computer, 0.1 * 3 is not 0.3.
    """
    order = np.argsort(setting, kind="stable")
    ascending = setting[order]
    reach = ascending[-1] - ascending[0]
    labels = np.empty(len(setting), int)
    labels[order] = np.concatenate([[0], np.cumsum(np.diff(ascending) > same_setting * reach)])
    numbers = np.arange(labels.max() + 1)
    lowest = ascending[np.searchsorted(labels[order], numbers)]
    highest = ascending[np.searchsorted(labels[order], numbers, side="right") - 1]
    shift = float(np.max(highest - lowest) / 2 / reach) if reach else 0.0
    return labels, lowest + (highest - lowest) / 2, shift


def joined_to_a_mesh(settings: dict[str, Float[np.ndarray, " points"]]) -> tuple[str, int, int, float] | None:
    """For points that lie on no mesh: an axis whose settings lie in groups, and the `same_setting` that makes a mesh.

    Returns the name of the axis, its settings, its groups and that fraction; None if no fraction makes a mesh, read
    once or several times. A field that was read back from its magnet looks like this: gaps between groups are ten times
    those inside them, or more.
    """
    tie = np.zeros((len(next(iter(settings.values()))), 0))
    for name, setting in settings.items():
        distinct = np.unique(setting)
        gaps = np.sort(np.diff(distinct)) / max(np.ptp(distinct), np.finfo(float).tiny)
        for inside in reversed(np.flatnonzero(gaps[1:] > 10 * gaps[:-1])):
            fraction = float(f"{np.sqrt(gaps[inside] * gaps[inside + 1]):.1g}")
            try:
                labels = arrange(settings, tie, fraction).labels
            except ValueError:  # a group is wider than the gaps inside it
                continue
            groups = labels.max(axis=0) + 1
            if len(np.unique(labels, axis=0)) > _FILLED * np.prod(groups):
                return name, len(distinct), int(groups[list(settings).index(name)]), fraction
    return None


def spread_out(
    points: Float[np.ndarray, " points"] | Bool[np.ndarray, " points"],
    taken: Int[np.ndarray, " places"],
    empty: float | bool | bool,
) -> Float[np.ndarray, " places"] | Bool[np.ndarray, " places"]:
    """The points at their places, `empty` where none was read."""
    return np.where(taken >= 0, points[taken], np.asarray(empty, points.dtype))
