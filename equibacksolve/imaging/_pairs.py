"""Every pair of atoms once, a few shifts at a time.

Pair atom i with atom i + s (counted cyclically). The shifts s = 1 .. (N-1)/2 meet every pair once; when N is even the
shift N/2 meets every pair twice, and its pairs count half. No index arrays are needed, and memory is chunk x atoms.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from equibacksolve.imaging._box import Number, length, separation

Term = Callable[[Float[Array, "shifts atoms"], Float[Array, "shifts 1"], Int[Array, " shifts"]], Float[Array, " terms"]]
"""`term(distances, weights, shifts)`, already summed over the pairs that it is given."""

PAIRS_AT_ONCE = 500_000
"""Bounds the memory of the sums over pairs at some ten megabytes."""


def sum_over_pairs(
    term: Term,
    positions: Float[Array, "atoms components"],
    box_length: Number,
    periodic: bool,
    start: Float[Array, " terms"],
) -> Float[Array, " terms"]:
    """`start` plus the sum of `term(distances, weights, shifts)` over chunks of all shifts.

    `distances[n, i]` is the distance of atom i to atom i + shifts[n]; `weights` is 1, or 1/2 where pairs come twice.
    """
    atoms = positions.shape[0]
    twice = jnp.concatenate([positions, positions])

    @jax.checkpoint
    def step(total, shifts):
        partners = jax.vmap(lambda shift: lax.dynamic_slice_in_dim(twice, shift, atoms))(shifts)
        here = jnp.broadcast_to(positions[None], partners.shape)
        distances = length(separation(here, partners, box_length, periodic))
        weights = jnp.where(2 * shifts[:, None] == atoms, 0.5, 1.0).astype(positions.dtype)
        return total + term(distances, weights, shifts), None

    shifts = jnp.arange(1, atoms // 2 + 1)
    chunk = max(1, PAIRS_AT_ONCE // max(atoms, 1))
    whole = shifts.size // chunk * chunk
    total, _ = lax.scan(step, start, shifts[:whole].reshape(whole // chunk, chunk))
    return step(total, shifts[whole:])[0] if whole < shifts.size else total
