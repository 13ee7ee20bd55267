"""The signed colours: OKLab is right, zero is nearly white, and lightness falls alike to both sides."""

import numpy as np
import pytest

from equibacksolve.plotting._colours import LANDSCAPE_COLOURS
from equibacksolve.plotting._oklab import rgb_of_oklab

# OKLab of the primaries as CSS Color Module Level 4 gives them, to five digits.
PRIMARIES = {
    (1, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 1, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 1): (0.45201, -0.03246, -0.31153),
    (1, 1, 1): (1.0, 0.0, 0.0),
}


@pytest.mark.parametrize("rgb", PRIMARIES)
def test_oklab_of_the_primaries(rgb):
    # sRGB is steep at black: five digits of OKLab are three of a channel that should be 0.
    assert rgb_of_oklab(np.array([PRIMARIES[rgb]]))[0] == pytest.approx(rgb, abs=3e-3)


def cie_lightness(rgb):
    """L* of CIE 1976, another measure of lightness than the one that the map was made with."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16


def test_lightness_falls_evenly_from_zero_to_both_sides():
    rgb = LANDSCAPE_COLOURS(np.arange(256))[:, :3]
    lightness = cie_lightness(rgb)
    steps = np.diff(lightness)
    assert np.all(steps[:127] > 0)
    assert np.all(steps[128:] < 0)
    # L* and the lightness of OKLab are not the same measure: steps differ by up to a half.
    assert np.ptp(np.abs(steps[:127])) < 0.5 * np.mean(np.abs(steps[:127]))
    assert np.ptp(np.abs(steps[128:])) < 0.5 * np.mean(np.abs(steps[128:]))
    assert np.abs(lightness[:128] - lightness[:127:-1]).max() < 5
    assert np.ptp(rgb[127]) < 0.02
    assert np.max(np.abs(rgb[127] - rgb[128])) < 0.02
