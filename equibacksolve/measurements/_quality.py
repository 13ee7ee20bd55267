"""How good data are, from the data alone: noise, and the symmetry in the field that they must have."""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from equibacksolve.measurements._arrangement import merge


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A root mean square and the number of terms it was taken over."""

    value: float
    terms: int


def repetition_noise(labels: Int[np.ndarray, "points axes"], values: Float[np.ndarray, " points"]) -> Estimate | None:
    """Standard deviation of one reading, pooled over the settings that were read more than once.

    sigma^2 = sum of squared deviations from each setting's mean / sum of (readings - 1). Unbiased (in sigma^2) for
    independent noise of equal size, whatever the signal. None if nothing was repeated.
    """
    group, counts, means = _by_setting(labels, values)
    freedom = int((counts - 1).sum())
    if freedom == 0:
        return None
    return Estimate(float(np.sqrt(np.sum((values - means[group]) ** 2) / freedom)), freedom)


def curvature_noise(
    labels: Int[np.ndarray, "points axes"],
    values: Float[np.ndarray, " points"],
    settings: Float[np.ndarray, "points axes"],
    axis: int,
) -> Estimate | None:
    """Standard deviation of one reading, from how far it lies off the line between its neighbours along an axis.

    With w = (x2 - x1) / (x2 - x0) the pseudo-residual d = y1 - w y0 - (1 - w) y2 has, for independent noise of equal
    size, the variance sigma^2 (1 + w^2 + (1 - w)^2); on even steps this is the second difference, d = -(y0 - 2 y1 +
    y2)/2. Gasser, Sroka and Jennen-Steinmetz, Biometrika 73, 625 (1986). Assumes that the signal is straight over
    three neighbouring settings: what it curves is taken for noise, so that this is an upper estimate. Readings of one
    setting are averaged first. None if no three neighbours share the other settings.
    """
    group, counts, means = _by_setting(labels, values)
    first = np.unique(group, return_index=True)[1]
    others = np.delete(labels[first], axis, axis=1)
    order = np.lexsort((labels[first, axis], *others.T))
    x, y, weight, others = settings[first, axis][order], means[order], 1 / counts[order], others[order]
    together = np.all(others[2:] == others[:-2], axis=1)
    x0, x1, x2 = x[:-2][together], x[1:-1][together], x[2:][together]
    if len(x0) == 0:
        return None
    w = (x2 - x1) / (x2 - x0)
    off = y[1:-1][together] - w * y[:-2][together] - (1 - w) * y[2:][together]
    spread = weight[1:-1][together] + w**2 * weight[:-2][together] + (1 - w) ** 2 * weight[2:][together]
    return Estimate(float(np.sqrt(np.mean(off**2 / spread))), len(off))


class OppositeFields(NamedTuple):
    """What pairs of readings at opposite fields tell; None where there is no pair.

    - `asymmetry`: root mean square of G(B) - G(-B)
    - `noise`: standard deviation of one reading, were G(B) and G(-B) one reading made twice
    """

    asymmetry: Estimate | None
    noise: Estimate | None


def opposite_fields(
    labels: Int[np.ndarray, "points axes"],
    values: Float[np.ndarray, " points"],
    field: Float[np.ndarray, " points"],
    axis: int,
    same_setting: float,
) -> OppositeFields:
    """Asymmetry and noise, from the settings of which both fields were read.

    A two-terminal conductance is even in the field (Onsager; Büttiker, Phys. Rev. Lett. 57, 1761 (1986)). Noise alone
    makes the asymmetry sqrt(2) sigma; more is a field offset, a drift, or a voltage probe.

    sigma^2 = mean of (G(B) - G(-B))^2 / (1/n + 1/m), with n and m readings of either field. Unbiased (in sigma^2) for
    independent noise of equal size; an upper estimate if the field has an offset.

    `axis` is that of the field in `labels`; fields closer than `same_setting` of the largest are the same.
    """
    differences, spread = _opposite_pairs(labels, values, field, axis, same_setting)
    if len(differences) == 0:
        return OppositeFields(None, None)
    squares = (differences**2, differences**2 / spread)
    return OppositeFields(*(Estimate(float(np.sqrt(np.mean(square))), len(square)) for square in squares))


def _opposite_pairs(labels, values, field, axis, same_setting):
    """G(B) - G(-B) of every pair, and 1/n + 1/m of its readings."""
    size, _, _ = merge(np.abs(field), same_setting)
    apart = np.abs(field) > np.abs(field).max() * same_setting
    key = np.column_stack([size, np.delete(labels, axis, axis=1)])
    sides = []
    for mine in (apart & (field > 0), apart & (field < 0)):
        group, counts, means = _by_setting(key[mine], values[mine])
        settings = key[mine][np.unique(group, return_index=True)[1]]
        sides.append({tuple(row): (mean, 1 / n) for row, mean, n in zip(settings.tolist(), means, counts)})
    pairs = [(*sides[0][row], *sides[1][row]) for row in sides[0] if row in sides[1]]
    up, up_spread, down, down_spread = np.array(pairs).reshape(-1, 4).T
    return up - down, up_spread + down_spread


def far_readings(values: Float[np.ndarray, " points"], factor: float | int) -> Bool[np.ndarray, " points"]:
    """Which readings lie far beyond all others: a spike, or a dummy value that looks like a number.

    Less than half of them, each more than `factor` times as far from the median as the furthest of the others, and by
    more than the median itself. Where all are positive, also three times as far on a logarithmic scale: a resonance,
    and what is localised, cover many orders of magnitude, but without such a gap. Scaling the values changes nothing.
    """
    none = np.zeros(len(values), bool)
    if len(values) < 4:
        return none
    middle = np.median(values)
    away = np.abs(values - middle)
    order = np.argsort(away, kind="stable")
    ascending = away[order]
    # Where the others are all equal, there is no distance but their own size to compare with.
    inner = np.where(ascending[:-1] > 0, ascending[:-1], np.abs(middle))
    gap = (inner > 0) & (ascending[1:] > factor * inner) & (ascending[1:] > np.abs(middle))
    gap[: len(values) // 2] = False
    if not gap.any():
        return none
    far = none.copy()
    far[order[np.argmax(gap) + 1 :]] = True
    if (values > 0).all():
        decades = np.abs(np.log(values) - np.log(middle))
        return far if decades[far].min() > 3 * decades[~far].max() else none
    return far


def _by_setting(labels, values):
    """Number of each point's setting, readings per setting, and the mean of its readings."""
    if len(labels) == 0:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    _, group, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    return group, counts, np.bincount(group, weights=values) / counts
