"""The projection onto atoms: the peaks of a sharpened map, each drawn again as what it should look like."""

from functools import reduce
from operator import add

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float

from equibacksolve.phasing._atom_shape import AtomShape

HIGHEST = 3.0
"""Atoms that one peak may stand for: those of pairs that are too close to be told apart are higher."""

Transform = Complex[Array, "pixels half"]
"""The sharpened transform of a real map, as `rfft2` gives it."""


def peaks(
    sharpened: Float[Array, "pixels pixels"], count: int, shape: AtomShape
) -> tuple[Float[Array, "peaks 2"], Float[Array, " peaks"]]:
    """The places of the highest peaks of a sharpened map, highest first, and their heights in units of an atom.

    - `sharpened`: the map, real, shape (pixels, pixels), as `irfft2` makes it of a sharpened transform.
    - `count`: the number of peaks.
    - `shape`: of an atom.

    Returns places (count, 2), in units of length, and heights (count,), from 0 to 3. A peak is a pixel that none of its
    eight neighbours exceeds. Where it is, and how high, is interpolated by a calibrated parabola along each axis
    (`calibration`). If there are fewer peaks, the rest has the height 0.
    """
    pixels, flat = shape.pixels, sharpened.reshape(-1)
    around = jnp.maximum(sharpened, jnp.maximum(jnp.roll(sharpened, 1, 0), jnp.roll(sharpened, -1, 0)))
    around = jnp.maximum(around, jnp.maximum(jnp.roll(around, 1, 1), jnp.roll(around, -1, 1)))
    top, index = lax.top_k(jnp.where(sharpened >= around, sharpened, -jnp.inf).reshape(-1), count)
    row, column = index // pixels, index % pixels
    beside = lambda i, j: flat[i % pixels * pixels + j % pixels]
    x = _offset(top, beside(row - 1, column), beside(row + 1, column), shape)
    y = _offset(top, beside(row, column - 1), beside(row, column + 1), shape)
    taller = lambda q: 1 + shape.height[0] * q**2 + shape.height[1] * q**4
    heights = jnp.where(jnp.isfinite(top), top, 0.0) / shape.peak * taller(x) * taller(y)
    middle = jnp.stack([row, column], axis=-1).astype(sharpened.dtype) + 0.5
    places = (middle + jnp.stack([x, y], axis=-1)) * (shape.box_length / pixels)
    return places, jnp.clip(heights, 0.0, HIGHEST)


def _offset(middle, before, after, shape: AtomShape):
    """Of the true top from the middle pixel, in pixels."""
    bend = jnp.maximum(2 * middle - before - after, jnp.finfo(middle.dtype).tiny)
    top = jnp.clip((after - before) / (2 * bend), -0.6, 0.6)
    first, third, fifth, seventh = shape.offset
    offset = top * (first + top**2 * (third + top**2 * (fifth + top**2 * seventh)))
    return jnp.clip(jnp.nan_to_num(offset), -0.5, 0.5)


def drawn(places: Float[Array, "peaks 2"], heights: Float[Array, " peaks"], shape: AtomShape) -> Transform:
    """The sharpened transform of atoms of these heights: blurred, sampled on the grid, transformed, sharpened."""
    x, y = (gaussian_rows(coordinates, shape) for coordinates in places.T)
    return jnp.fft.rfft2((x * heights[:, None]).T @ y) * shape.sharpening


def gaussian_rows(coordinates: Float[Array, " peaks"], shape: AtomShape) -> Float[Array, "peaks pixels"]:
    """The Gaussian of each atom along one axis of the periodic grid, whose pixels lie at (j + 1/2) L / M."""
    grid = (jnp.arange(shape.pixels, dtype=coordinates.dtype) + 0.5) * (shape.box_length / shape.pixels)
    distance = grid[None, :] - coordinates[:, None]
    nearest = distance - shape.box_length * jnp.round(distance / shape.box_length)
    turns = range(-shape.turns, shape.turns + 1)
    return reduce(add, (jnp.exp(-0.5 * ((nearest + turn * shape.box_length) / shape.width) ** 2) for turn in turns))


def onto_atoms(transform: Transform, count: int, shape: AtomShape, known: Transform | None = None) -> Transform:
    """A structure of `count` atoms near the given one: the highest peaks of its map, redrawn.

    Peaks keep their heights, from 0 to 3: the two atoms of an unresolved pair make one peak. (With equal heights, the
    search ends beside the structure.) So it is a projection for atoms that are resolved, and nearly one for others.

    - `transform`: sharpened, shape (pixels, pixels // 2 + 1).
    - `count`: the number of peaks; more than there are atoms may be asked for, since false ones are low.
    - `shape`: of an atom.
    - `known`: the transform of atoms that stay, beside which `count` others are found.
    """
    rest = transform if known is None else transform - known
    places, heights = peaks(jnp.fft.irfft2(rest, s=(shape.pixels, shape.pixels)), count, shape)
    redrawn = drawn(places, heights, shape)
    return redrawn if known is None else redrawn + known
