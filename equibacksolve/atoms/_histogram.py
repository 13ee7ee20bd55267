"""How many pairs of atoms are at which distance: the one sum from which g(r) and S(Q) follow.

A histogram has no derivative. Each pair is shared among the four bins next to it by the cubic B-spline, which is twice
continuously differentiable, and whose shares add up to one. With t the fraction of the way from the bin on the left to
that on the right, the shares are cubic in t. So 1, t, t^2 and t^3 are added up for each bin, and shared out once.

In three dimensions a pair at distance r counts r_b / r in the bin at r_b. As the spline gives back straight lines, it
counts once in all; the ideal gas has exactly 4 pi r_b^2; and S(Q), which is made of sin(Q r) / r, follows from the bins
as if there were none, up to a factor (see `_transform`).
"""

from functools import reduce
from operator import add

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from equibacksolve.atoms._box import Box
from equibacksolve.atoms._pair_sums import Scene, sum_into

SPLINE = np.array([[1, -3, 3, -1], [4, 0, -6, 3], [1, 3, 3, -3], [0, 0, 0, 1]]) / 6
"""Row k: the share of the bin k - 1 places to the right of the one on the left, in powers of t."""


def pair_counts(scene: Scene, spacing: float, bins: int, species: int) -> Float[Array, "species_pairs bins"]:
    """Pairs of atoms around the distances spacing * (1 .. bins), for each pair of species.

    Pairs of species are counted (0, 0), (0, 1), ..., (1, 1), ...: see `species_pairs`. The clusters reach to
    `spacing * (bins + 3)`.
    """
    wide, radial = bins + 3, scene.box.components == 3
    size = 4 * (wide + 1) * (species * (species + 1) // 2)
    axes = lax.ScatterDimensionNumbers(
        update_window_dims=(1,), inserted_window_dims=(), scatter_dims_to_operand_dims=(0,)
    )

    def step(total, pairs):
        place = pairs.distances / spacing
        left = jnp.floor(place)
        t = place - left
        kind = _number_of_pair(pairs.kinds[0], pairs.kinds[1], species)
        # What is too far, or no pair, is counted in the last bin, which is thrown away.
        bin_of = jnp.where(pairs.real & (left < wide), left, wide).astype(jnp.int32) + (wide + 1) * kind
        # Nearly coincident atoms: a hundredth of a bin is as good as less, and does not cost the digits of the others.
        weight = 1 / jnp.maximum(pairs.distances, 0.01 * spacing) if radial else jnp.ones_like(t)
        powers = jnp.stack([weight, weight * t, weight * t**2, weight * t**3], axis=-1)
        total = lax.scatter_add(
            total, 4 * bin_of.reshape(-1, 1), powers.reshape(-1, 4), axes, mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS
        )
        return total, None

    total = sum_into(step, jnp.zeros(size, scene.positions.dtype), scene)
    powers = total.reshape(-1, wide + 1, 4)
    # Share k of the bin at b comes from the pairs whose bin on the left is b + 1 - k, from 0 on.
    spline = jnp.asarray(SPLINE, total.dtype)
    counts = reduce(add, (powers[:, 2 - k : 2 - k + bins] @ spline[k] for k in range(3)))
    counts = counts.at[:, 1:].add(powers[:, : bins - 1] @ spline[3])
    if not radial:
        return counts
    # Like r g(r), the sums of 1 / r go on below r = 0 with the other sign: what falls to the bin at -1 is taken off.
    counts = counts.at[:, 0].add(-powers[:, 0] @ spline[0])
    return counts * jnp.asarray(spacing * np.arange(1, bins + 1), counts.dtype)


def species_pairs(species: int) -> list[tuple[int, int]]:
    """The pairs of species in their order."""
    return [(a, b) for a in range(species) for b in range(a, species)]


def _number_of_pair(first, second, species):
    if species == 1:
        return 0
    low, high = jnp.minimum(first, second), jnp.maximum(first, second)
    return low * species - low * (low - 1) // 2 + high - low


def ideal_counts(spacing: float, bins: int, box: Box, atoms: tuple[int, ...]) -> Float[Array, "species_pairs bins"]:
    """What `pair_counts` would be on average if the atoms knew nothing of each other; `atoms`: of each species."""
    r = spacing * np.arange(1, bins + 1)
    shell = 4 * np.pi * r**2 if box.components == 3 else 2 * np.pi * r
    numbers = [atoms[a] * (atoms[a] - 1) / 2 if a == b else atoms[a] * atoms[b] for a, b in species_pairs(len(atoms))]
    return jnp.asarray(np.outer(np.maximum(numbers, 0.5), shell * spacing), box.vectors.dtype) / box.volume
