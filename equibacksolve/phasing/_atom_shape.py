"""The shape of one atom on the grid, blurred as the instrument shows it, and sharpened for the search.

A Gaussian of standard deviation w has the transform f(k) = exp(-(k w)^2 / 2) times its strength. Moduli that are
multiplied by

    S(k) = exp(-(k s)^2 / 2) / f(k)

are those of narrower atoms, s instead of w: their peaks can be told apart. s = 0.4 w leaves a third to a half of the
moduli at the edge of a common image. Where noise hides the transform of so many atoms, S is damped as Wiener (1949) has
it, by N f^2 / (N f^2 + noise^2).
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._axes import Scalar

HalfPlane = Float[Array, "pixels half"]
"""A real number for each momentum that `rfft2` keeps; the others are their mirror images."""

ROUNDING = 1e-6
"""Parts of the transform of one atom that single precision cannot tell from zero."""


class AtomShape(eqx.Module):
    """One atom: how it is drawn, how its transform is sharpened, and how a sharpened peak tells its place.

    **Fields**

    - `width`, `box_length`: of the Gaussian w and of the periodic box L (length).
    - `sharpening`: S(k), shape (pixels, pixels // 2 + 1).
    - `peak`: the height of one sharpened atom.
    - `offset`, `height`: coefficients that turn what a parabola through three pixels says into the true offset and
      height, see `calibration`.
    - `pixels`: M, along the edge of the image.
    - `turns`: images of an atom on either side that are summed, 0 if the next ones cannot be seen.
    """

    width: Scalar
    box_length: Scalar
    sharpening: HalfPlane
    peak: Scalar
    offset: Float[Array, " odd"]
    height: Float[Array, " even"]
    pixels: int = eqx.field(static=True)
    turns: int = eqx.field(static=True)


def atom_shape(
    width: float,
    box_length: float,
    pixels: int,
    atoms: int,
    sharpness: float = 0.4,
    noise: np.ndarray | float = 0.0,
) -> AtomShape:
    """The shape of one atom, in single precision.

    - `width`, `box_length`: w and L (length).
    - `pixels`: M, along the edge of the image.
    - `atoms`: how many there are: noise is held against the transform of so many.
    - `sharpness`: s / w, the width of a sharpened atom in units of its own.
    - `noise`: the standard deviation of the moduli of the transform, one or a half plane.
    """
    k = 2 * np.pi / box_length * np.fft.fftfreq(pixels, 1 / pixels)
    blur = _transform_of_one(width, box_length, pixels)
    floor = np.sqrt(atoms) * ROUNDING * blur[0] ** 2
    strength = blur[:, None] * blur[None, : pixels // 2 + 1]
    signal = atoms * strength**2
    damping = signal / (signal + noise**2 + floor**2)
    taper = np.exp(-0.5 * sharpness**2 * width**2 * (k[:, None] ** 2 + k[None, : pixels // 2 + 1] ** 2))
    peaked = taper * damping
    single = lambda value: jnp.asarray(value, jnp.float32)
    peak, offset, height = map(single, calibration(peaked, pixels))
    # Else the next image is below exp(-(11 / 2)^2 / 2): single precision hardly sees it.
    turns = int(width > box_length / 12)
    return AtomShape(single(width), single(box_length), single(peaked / strength), peak, offset, height, pixels, turns)


def calibration(peaked: np.ndarray, pixels: int) -> tuple[float, np.ndarray, np.ndarray]:
    """The height of a sharpened atom, and what turns parabolas through its pixels into its place.

    A parabola through the highest pixel and its two neighbours has its top at p pixels from the middle one. The atom is
    at c1 p + c3 p^3 + c5 p^5 + c7 p^7; its height is that of the middle pixel times 1 + e2 q^2 + e4 q^4 for an offset q
    along each axis. Both follow from the known profile of an atom, by least squares over offsets of up to half a pixel.

    `peaked`: the transform of a sharpened atom, shape (pixels, pixels // 2 + 1).
    """
    counted = peaked * multiplicity(pixels)
    height = counted.sum() / pixels**2
    along = counted.sum(axis=1) / pixels**2
    offsets = np.linspace(-0.5, 0.5, 41)
    wave = lambda shift: np.cos(2 * np.pi * np.outer(offsets + shift, np.fft.fftfreq(pixels))) @ along
    middle, before, after = wave(0), wave(1), wave(-1)
    top = (after - before) / (2 * (2 * middle - after - before))
    odd = np.linalg.lstsq(top[:, None] ** [1, 3, 5, 7], offsets, rcond=None)[0]
    even = np.linalg.lstsq(offsets[:, None] ** [2, 4], height / middle - 1, rcond=None)[0]
    return height, odd, even


def multiplicity(pixels: int) -> np.ndarray:
    """How many momenta of the whole plane each column of the half plane stands for, shape (1, pixels // 2 + 1)."""
    counted = np.full((1, pixels // 2 + 1), 2.0)
    counted[0, 0] = 1
    if pixels % 2 == 0:
        counted[0, -1] = 1
    return counted


def _transform_of_one(width: float, box_length: float, pixels: int) -> np.ndarray:
    """The transform of one row of the image of an atom on a pixel: real, what folds back included."""
    place = np.arange(pixels) * (box_length / pixels)
    place = np.minimum(place, box_length - place)
    row = sum(np.exp(-0.5 * ((place + turn * box_length) / width) ** 2) for turn in (-1, 0, 1))
    return np.maximum(np.fft.fft(row).real, 1e-30)
