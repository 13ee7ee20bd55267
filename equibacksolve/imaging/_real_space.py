"""The real-space image of a structure: every atom blurred to a Gaussian (eq. 16).

    r[x, y] = sum_i exp(-((x - X_i)^2 + (y - Y_i)^2) / (2 w^2))

The exponential of a sum is a product, so that r = Gx^T Gy with Gx[i, x] = exp(-(x - X_i)^2 / (2 w^2)): two thin
matrices (atoms, pixels) instead of atoms x pixels x pixels exponentials. A Gaussian that is narrow against the box is
nearly zero on most pixels; a stamp evaluates it on a small window round the atom only and adds the windows up, which
takes atoms x stamp^2 operations instead of atoms x pixels^2.

Pixels lie at (j + 1/2) L / M, j = 0..M-1, so that the grid is its own mirror image.
"""

import math
from collections.abc import Callable
from functools import partial, reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import is_concrete
from equibacksolve.imaging._box import (
    Number,
    check_count,
    check_positive,
    check_structure,
    in_precision_of,
    real_array,
    wrapped,
)


def real_space_image(
    positions: Any,
    width: Number,
    box_length: Number,
    pixels: int,
    *,
    periodic: bool = False,
    stamp: int | None = None,
    chunk: int = 4096,
    inside: bool = True,
) -> Float[Array, "pixels pixels"]:
    """The image r of the structure (eq. 16): the first axis is x, the second y.

    **Arguments**

    - `positions`: shape (atoms, 2), in units of length, in the box [0, L] x [0, L].
    - `width`: the standard deviation w of the Gaussians, the same unit.
    - `box_length`, `pixels`: the edge L of the box, and the number M of pixels along it.
    - `periodic`: sum over the images of the atoms in a periodic box. `False` is eq. 16 to the letter: an atom near the
      edge loses the part of its Gaussian that lies outside.
    - `stamp`: pixels along the edge of the window on which an atom is evaluated (see `stamp_pixels`); `None` evaluates
      each atom on all pixels.
    - `chunk`: atoms that are evaluated together, which bounds the memory; the gradient evaluates them again.
    - `inside`: whether to refuse atoms outside the box; False for those that a search has carried out of it.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, a box length that is not positive,
    and whatever `check_resolution` refuses.
    """
    positions = real_array(positions, "positions", "atoms 2")
    check_structure(positions, box_length, inside=inside)
    check_resolution(width, box_length, pixels, periodic, stamp)
    check_count("chunk", chunk)
    width, box_length = in_precision_of(positions, width, box_length)
    return unchecked_image(positions, width, box_length, pixels, periodic, stamp, chunk)


@partial(jax.jit, static_argnames=("pixels", "periodic", "stamp", "chunk"))
def unchecked_image(
    positions: Float[Array, "atoms 2"],
    width: Number,
    box_length: Number,
    pixels: int,
    periodic: bool,
    stamp: int | None,
    chunk: int,
) -> Float[Array, "pixels pixels"]:
    """As `real_space_image`, also where the pixels are coarse."""
    if stamp is None:
        return _in_chunks(lambda part: _dense_image(part, width, box_length, pixels, periodic), positions, chunk)
    if periodic:
        positions = wrapped(positions, box_length)
    padded = _in_chunks(lambda part: _stamped_image(part, width, box_length, pixels, stamp), positions, chunk)
    return _folded(padded, stamp) if periodic else padded[stamp:-stamp, stamp:-stamp]


def stamp_pixels(width: Number, box_length: Number, pixels: int, reach: float = 6.0) -> int:
    """Pixels along the edge of a window that holds a Gaussian out to `reach` widths, where it is exp(-reach^2 / 2).

    Raises `ValueError` if an argument is not positive.
    """
    check_positive("width", width)
    check_positive("box_length", box_length)
    check_positive("reach", reach)
    check_count("pixels", pixels)
    return min(pixels, math.ceil(2 * reach * float(width) * pixels / float(box_length)))


def needed_pixels(width: Number, box_length: Number) -> int:
    """The smallest M that resolves a Gaussian of this width in a box of this edge.

    The transform of the Gaussian, exp(-(k w)^2 / 2), must fall to a tenth at the edge k = pi M / L of the momentum
    image; what lies beyond folds back (aliasing). Raises `ValueError` if an argument is not positive.
    """
    check_positive("width", width)
    check_positive("box_length", box_length)
    return math.ceil(math.sqrt(2 * math.log(10)) * float(box_length) / (math.pi * float(width)))


def check_resolution(width: Number, box_length: Number, pixels: int, periodic: bool, stamp: int | None) -> None:
    """Refuse a grid on which the Gaussians cannot be drawn.

    Raises `ValueError` if the width is not positive, if the pixels are too few for it, if a periodic image is so wide
    that it would wrap round the box more than once, or if the stamp cuts the Gaussian above 1e-5 of its height.
    """
    if pixels < 1:
        raise ValueError(f"pixels is {pixels}, but an image needs at least one; give the edge of the image in pixels.")
    if stamp is not None and not 1 <= stamp <= pixels:
        raise ValueError(f"stamp is {stamp} pixels, but must lie between 1 and {pixels}; see `stamp_pixels`.")
    check_positive("width", width)
    check_positive("box_length", box_length)
    if not is_concrete(width, box_length):
        return
    needed = needed_pixels(width, box_length)
    if pixels < needed:
        raise ValueError(
            f"pixels is {pixels}, too few for Gaussians of width {float(width):g} in a box of {float(box_length):g}; "
            f"give pixels={needed} or more."
        )
    if periodic and float(width) > float(box_length) / 6:
        raise ValueError(
            f"width is {float(width):g}, more than a sixth of the periodic box of {float(box_length):g}; "
            "give narrower Gaussians or a larger box."
        )
    least = stamp_pixels(width, box_length, pixels, reach=4.8)
    if stamp is not None and stamp < least:
        raise ValueError(f"stamp is {stamp} pixels, but must lie between {least} and {pixels}; see `stamp_pixels`.")


def _dense_image(positions, width, box_length, pixels, periodic):
    gaussian = lambda coordinates: _gaussian_rows(coordinates, width, box_length, pixels, periodic)
    return gaussian(positions[:, 0]).T @ gaussian(positions[:, 1])


def _gaussian_rows(
    coordinates: Float[Array, " atoms"], width: Number, box_length: Number, pixels: int, periodic: bool
) -> Float[Array, "atoms pixels"]:
    """One thin factor of the image: row i is the Gaussian at coordinate i."""
    grid = (jnp.arange(pixels, dtype=coordinates.dtype) + 0.5) * (box_length / pixels)
    distance = grid[None, :] - coordinates[:, None]
    if not periodic:
        return jnp.exp(-0.5 * (distance / width) ** 2)
    nearest = distance - box_length * jnp.round(distance / box_length)
    # Up to a width of L / 6 the next images are below exp(-(1.5 * 6)^2 / 2) = 3e-18.
    return reduce(add, (jnp.exp(-0.5 * ((nearest + n * box_length) / width) ** 2) for n in (-1, 0, 1)))


def _stamped_image(positions, width, box_length, pixels, stamp):
    """The image with a margin of one stamp on every side, which catches what reaches over the edge."""
    spacing = box_length / pixels
    corner = jnp.ceil(positions / spacing - 0.5 - stamp / 2).astype(int)
    grid = (corner[:, :, None] + jnp.arange(stamp) + 0.5).astype(positions.dtype) * spacing
    rows = jnp.exp(-0.5 * ((grid - positions[:, :, None]) / width) ** 2)
    windows = rows[:, 0, :, None] * rows[:, 1, None, :]
    empty = jnp.zeros((pixels + 2 * stamp, pixels + 2 * stamp), positions.dtype)
    return _add_windows(empty, corner + stamp, windows)


def _add_windows(
    image: Float[Array, "padded padded"], corners: Int[Array, "atoms 2"], windows: Float[Array, "atoms stamp stamp"]
) -> Float[Array, "padded padded"]:
    axes = lax.ScatterDimensionNumbers(
        update_window_dims=(1, 2), inserted_window_dims=(), scatter_dims_to_operand_dims=(0, 1)
    )
    # A window that leaves even the margin belongs to an atom far outside an open box: it is not seen, so drop it.
    return lax.scatter_add(image, corners, windows, axes, mode=lax.GatherScatterMode.FILL_OR_DROP)


def _folded(padded: Float[Array, "padded padded"], margin: int) -> Float[Array, "pixels pixels"]:
    """Bring the margins back into the periodic box."""
    for _ in range(2):
        inside = padded[margin:-margin]
        inside = inside.at[:margin].add(padded[-margin:]).at[-margin:].add(padded[:margin])
        padded = inside.T
    return padded


def _in_chunks(
    image_of: Callable[[Float[Array, "part 2"]], Float[Array, "edge edge"]],
    positions: Float[Array, "atoms 2"],
    chunk: int,
) -> Float[Array, "edge edge"]:
    """Sum of the images of chunks of atoms, one chunk in memory at a time, also in the reverse sweep."""
    whole = positions.shape[0] // chunk * chunk
    if whole == 0 or positions.shape[0] == chunk:
        return image_of(positions)
    step = jax.checkpoint(lambda image, part: (image + image_of(part), None))
    empty = jnp.zeros(jax.eval_shape(image_of, positions[:1]).shape, positions.dtype)
    image, _ = lax.scan(step, empty, positions[:whole].reshape(-1, chunk, 2))
    return image + image_of(positions[whole:]) if whole < positions.shape[0] else image
