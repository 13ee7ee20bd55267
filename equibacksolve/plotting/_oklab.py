"""OKLab: colours in which equal distances look equal (B. Ottosson, bottosson.github.io/posts/oklab, 2020)."""

import numpy as np
from jaxtyping import Float

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
"""From linear sRGB to what the three kinds of cones answer."""

_OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""From the cube roots of these to lightness, green to red, and blue to yellow."""


def rgb_of_oklab(colours: Float[np.ndarray, "colours 3"]) -> Float[np.ndarray, "colours 3"]:
    """sRGB, from 0 to 1 for colours that a screen can show."""
    cones = (colours @ np.linalg.inv(_OPPONENTS).T) ** 3
    linear = cones @ np.linalg.inv(_CONES).T
    curved = 1.055 * np.sign(linear) * np.abs(linear) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curved)
