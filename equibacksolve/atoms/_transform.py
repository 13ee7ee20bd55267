"""From h(r) = g(r) - 1 on the bins of a histogram to what is measured: matrices, made once.

In three dimensions, with the density n,

    S(Q) - 1 = n sum_b 4 pi r_b^2 d h(r_b) sin(Q r_b) / (Q r_b) / B(Q),    B(Q) = (sin(Q d / 2) / (Q d / 2))^4,

where d is the spacing of the bins, and B what the cubic spline makes of a wave. In the plane, sin(x) / x is J0(x), and
4 pi r^2 is 2 pi r. The matrices leave n out.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import j0

Matrix = Float[np.ndarray, "points bins"]

WINDOWS = (None, "Lorch")

FINENESS = 6
"""Bins in half of the shortest wave: what S(Q) takes from waves that look the same on the bins is 1e-4 of theirs."""


def bins_of(spacing: float, bins: int) -> Float[np.ndarray, " bins"]:
    """The distances at which the bins lie."""
    return spacing * np.arange(1, bins + 1)


def to_wavenumbers(
    wavenumbers: Float[np.ndarray, " points"],
    spacing: float,
    bins: int,
    components: int,
    reach: float,
    window: str | None,
    resolution: float,
) -> Matrix:
    """h on the bins to (S(Q) - 1) / n, from distances up to `reach`."""
    r = bins_of(spacing, bins)
    phase = np.outer(wavenumbers, r)
    wave = np.sinc(phase / np.pi) if components == 3 else j0(phase)
    shell = 4 * np.pi * r**2 if components == 3 else 2 * np.pi * r
    # The last bin counts as far as it is within reach.
    kept = np.clip((reach - r) / spacing + 0.5, 0, 1) * lorch(r / reach, window)
    kept = kept * np.exp(-0.5 * (r * resolution) ** 2)
    return wave * (shell * spacing * kept) / _spline_of_wave(wavenumbers, spacing)[:, None]


def to_distances(distances: Float[np.ndarray, " points"], spacing: float, bins: int, width: float) -> Matrix:
    """h on the bins to h blurred by a Gaussian of this standard deviation; the spline is a part of the blur."""
    r = bins_of(spacing, bins)
    rest = np.sqrt(width**2 - spacing**2 / 3)
    kernel = np.exp(-0.5 * ((distances[:, None] - r) / rest) ** 2)
    return kernel / kernel.sum(axis=1, keepdims=True)


def to_distances_by_way_of_waves(
    distances: Float[np.ndarray, " points"],
    spacing: float,
    bins: int,
    largest: float,
    window: str | None,
    damping: float,
) -> Matrix:
    """h on the bins to h as it comes from S(Q) up to the wavenumber `largest`; in three dimensions.

    r h(r) = (2 / pi) int dQ sin(Q r) w(Q) int dr' r' h(r') sin(Q r').
    """
    r = bins_of(spacing, bins)
    points, weights = np.polynomial.legendre.leggauss(int(largest * max(r[-1], distances.max()) / 2) + 64)
    q, weights = (points + 1) * largest / 2, weights * largest / 2
    weights = weights * lorch(q / largest, window) / _spline_of_wave(q, spacing)
    there = np.sin(np.outer(distances, q)) / distances[:, None] * np.exp(-0.5 * (distances[:, None] * damping) ** 2)
    return there @ (weights[:, None] * np.sin(np.outer(q, r))) * (2 / np.pi * spacing * r)


def lorch(along: Float[np.ndarray, "..."], window: str | None) -> Float[np.ndarray, "..."]:
    """The window of Lorch, J. Phys. C 2, 229 (1969), sin(pi x) / (pi x) up to x = 1; ones for None."""
    return np.sinc(np.clip(along, 0, 1)) if window == "Lorch" else np.ones_like(along)


def _spline_of_wave(wavenumbers, spacing):
    return np.sinc(wavenumbers * spacing / (2 * np.pi)) ** 4
