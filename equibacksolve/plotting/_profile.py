"""The profile of a quantity, with the intervals that it gives."""

import numpy as np
from matplotlib.axes import Axes

from equibacksolve.diagnostics import ProfileInterval
from equibacksolve.plotting._style import LABEL, TICKS, Quantity, labelled


def draw_profile(axes: Axes, interval: ProfileInterval, quantity: Quantity, title: str = "profile") -> None:
    """The root of how much chi-squared rises, against the quantity, with a line where each interval ends.

    Beside it, dashed, what linear theory expects: straight lines of slope 1 / error. The more the profile is bent, the
    less a standard error says. Limits of the quantity are marked by a bar.
    """
    values, heights = quantity.of(interval.values), np.abs(np.asarray(interval.distances))
    estimate, error = float(quantity.of(interval.estimate)), float(quantity.of_errors(interval.error))
    axes.plot(values, heights, ".-", color="tab:blue", markersize=4, linewidth=1, label="profile")
    if error > 0:
        far = np.abs(values - estimate) / error
        axes.plot(values, far, "--", color="0.5", linewidth=0.9, label="standard error")
    for number, quantile in enumerate(np.asarray(interval.quantiles)):
        ends = quantity.of([interval.lower[number], interval.upper[number]])
        inside = np.clip(ends, values.min(), values.max())
        axes.plot(inside, [quantile, quantile], color="tab:red", linewidth=0.9)
        axes.annotate(
            f"{100 * float(interval.levels[number]):.3g} %",
            (inside[1], quantile),
            fontsize=TICKS,
            xytext=(2, 2),
            textcoords="offset points",
        )
        for end, limited in zip(ends, np.asarray(interval.limited)[:, number]):
            if limited:
                axes.axvline(end, color="black", linewidth=1.5)
    axes.set_ylim(0, 1.3 * float(np.max(interval.quantiles)))
    labelled(axes, title, quantity.label, "rise of chi-squared, root")
    axes.legend(fontsize=LABEL, frameon=False)
