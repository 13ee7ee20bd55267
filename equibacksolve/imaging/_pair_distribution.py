"""The pair distribution function g(r), smooth in the positions.

A histogram has no derivative. Here each pair is shared among four neighbouring bins by the cubic B-spline, which is
twice continuously differentiable, positive, and whose four shares add up to one: no pair is lost or counted twice. The
spline of spacing h is nearly a Gaussian of standard deviation h / sqrt(3), so that the spacing is the resolution.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int
from scipy.spatial import KDTree

from equibacksolve._arrays import is_concrete
from equibacksolve.imaging._box import (
    Number,
    check_positive,
    check_structure,
    in_precision_of,
    length,
    real_array,
    separation,
)
from equibacksolve.imaging._pairs import sum_over_pairs


def pair_distribution(
    positions: Any, distances: Any, box_length: Number, *, periodic: bool = False, inside: bool = True
) -> Float[Array, " points"]:
    """g(r) at equally spaced distances r > 0 (length): the density of pairs over that of an ideal gas.

    g(r) = (pairs per unit of distance at r) * L^2 / (pi r N (N - 1)); an ideal gas in a periodic box has g = 1. In an
    open box no correction is made for the missing neighbours at the edge, and g falls below it.

    - `positions`: shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `distances`: equally spaced, increasing and positive, shape (points,); in a periodic box at most L / 2.
    - `box_length`: the edge L of the box.
    - `periodic`: whether the box repeats.
    - `inside`: whether to refuse atoms outside the box; False for those that a search has carried out of it.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, and what `check_distances` refuses.
    """
    positions = real_array(positions, "positions", "atoms 2")
    distances = real_array(distances, "distances", "points")
    check_structure(positions, box_length, inside=inside)
    check_distances(distances, box_length, periodic)
    return _pair_distribution(positions, *in_precision_of(positions, distances, box_length), periodic)


@partial(jax.jit, static_argnames="periodic")
def _pair_distribution(
    positions: Float[Array, "atoms 2"], distances: Float[Array, " points"], box_length: Number, periodic: bool
) -> Float[Array, " points"]:
    atoms = positions.shape[0]
    counts = _pair_counts(positions, distances, box_length, periodic, None)
    spacing = distances[1] - distances[0]
    return counts * box_length**2 / (spacing * math.pi * distances * max(1, atoms * (atoms - 1)))


def check_distances(distances: Float[Array, " points"], box_length: Number, periodic: bool) -> None:
    """Refuse distances at which g(r) has no meaning.

    Raises `ValueError` unless there are at least two, equally spaced, increasing and positive, and, in a periodic box,
    at most half its edge.
    """
    check_positive("box_length", box_length)
    _check_bins(distances, box_length, periodic)
    if is_concrete(distances) and np.asarray(distances)[0] <= 0:
        raise ValueError("distances begins at 0, but must be positive: g(0) is 0/0; leave that one out.")


def _check_bins(distances, box_length, periodic):
    """Refuse what are no bins of a histogram of distances; 0 is one, as far as pairs are only counted."""
    if distances.shape[0] < 2:
        raise ValueError(f"distances has {distances.shape[0]} entries, but a histogram needs two or more.")
    if not is_concrete(distances):
        return
    values = np.asarray(distances)
    steps = np.diff(values)
    if not (np.isfinite(values).all() and values[0] >= 0 and steps.min() > 0):
        raise ValueError(f"distances runs from {values[0]:g} to {values[-1]:g}, but must be positive and increase.")
    # Half a per cent allows for single precision at the end of a long grid.
    if np.ptp(steps) > 5e-3 * steps.mean():
        raise ValueError(f"distances has spacings from {steps.min():g} to {steps.max():g}; give equal ones (linspace).")
    if not (periodic and is_concrete(box_length)):
        return
    # The last of a row of sums may be above L / 2 by rounding.
    if values[-1] > float(box_length) / 2 * (1 + 8 * np.finfo(values.dtype).eps):
        raise ValueError(
            f"distances goes up to {values[-1]:g}, beyond half the periodic box, {float(box_length) / 2:g}; stop there."
        )


def pair_counts(
    positions: Any,
    distances: Any,
    box_length: Number,
    *,
    periodic: bool = False,
    pairs: Int[Array, "pairs 2"] | None = None,
) -> Float[Array, " points"]:
    """The number of pairs at equally spaced distances (length), each pair shared by the cubic B-spline.

    In two or three components, in a square or a cube. `pairs`, from `near_pairs`, names the pairs that are near enough
    to count, and makes the work grow with their number instead of with the square of the number of atoms; it has to be
    made anew when atoms have moved by as much as it left to spare.

    Raises `ValueError` for an empty structure, atoms that are not finite, distances as in `check_distances` (but 0 is a
    distance here), and pairs of atoms that do not exist. Atoms may lie outside the box.
    """
    positions = real_array(positions, "positions", "atoms components")
    distances = real_array(distances, "distances", "points")
    check_structure(positions, box_length, inside=False)
    _check_bins(distances, box_length, periodic)
    _check_pairs(pairs, positions.shape[0])
    return _pair_counts(positions, *in_precision_of(positions, distances, box_length), periodic, pairs)


@partial(jax.jit, static_argnames="periodic")
def _pair_counts(
    positions: Float[Array, "atoms components"],
    distances: Float[Array, " points"],
    box_length: Number,
    periodic: bool,
    pairs: Int[Array, "pairs 2"] | None,
) -> Float[Array, " points"]:
    spacing = distances[1] - distances[0]
    # One window of four bins a pair; three bins of margin on either side catch what leaks over the ends.
    axes = lax.ScatterDimensionNumbers(
        update_window_dims=(1,), inserted_window_dims=(), scatter_dims_to_operand_dims=(0,)
    )
    empty = jnp.zeros(distances.shape[0] + 6, positions.dtype)

    def of_distances(lengths, weights, shifts):
        place = (lengths - distances[0]) / spacing
        left = jnp.floor(place)
        shares = weights[..., None] * _cubic_spline(place - left)
        corners = jnp.clip(left.astype(int) - 1, -4, distances.shape[0] + 3) + 3
        return lax.scatter_add(
            empty, corners.reshape(-1, 1), shares.reshape(-1, 4), axes, mode=lax.GatherScatterMode.FILL_OR_DROP
        )

    if pairs is None:
        return sum_over_pairs(of_distances, positions, box_length, periodic, empty)[3:-3]
    lengths = length(separation(positions[pairs[:, 0]], positions[pairs[:, 1]], box_length, periodic))
    return of_distances(lengths[None], jnp.ones((1, 1), positions.dtype), None)[3:-3]


def _check_pairs(pairs, atoms):
    if pairs is None or not is_concrete(pairs) or not pairs.size:
        return
    first, last = np.min(pairs), np.max(pairs)
    if first < 0 or last >= atoms:
        raise ValueError(
            f"pairs names atoms {first} to {last} where there are 0 to {atoms - 1}; make them anew by `near_pairs`."
        )


def near_pairs(positions: Any, reach: Number, box_length: Number, *, periodic: bool = False) -> Int[Array, "pairs 2"]:
    """The pairs of atoms at most `reach` apart (length), each once. Runs on the host, in time linear in the atoms.

    Raises `ValueError` for an empty structure, atoms that are not finite, and lengths that are not positive.
    """
    positions = real_array(positions, "positions", "atoms components")
    check_structure(positions, box_length, inside=False)
    check_positive("reach", reach)
    box = float(box_length)
    atoms = np.asarray(positions, float)
    tree = KDTree(np.mod(atoms, box) % box, boxsize=box) if periodic else KDTree(atoms)
    return jnp.asarray(tree.query_pairs(float(reach), output_type="ndarray").astype(np.int32))


def _cubic_spline(t: Float[Array, "*shape"]) -> Float[Array, "*shape 4"]:
    """The shares of a point at fraction t of the way between two bins: of the bins at -1, 0, 1 and 2."""
    return (
        jnp.stack(
            [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3],
            axis=-1,
        )
        / 6
    )
