"""The static structure factor."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from equibacksolve.imaging._box import Number, check_count, check_finite, check_positive, in_precision_of, real_array


def structure_factor(positions: Any, wavevectors: Any, *, chunk: int = 1024) -> Float[Array, " points"]:
    """S(k) = |sum_i exp(-i k . X_i)|^2 / atoms at the given wavevectors (1 / length).

    In a periodic box only multiples of 2 pi / L along each axis have a meaning (`box_wavevectors`). S is 1 for atoms
    that know nothing of each other, and the number of atoms at a reciprocal lattice vector of a perfect lattice.

    - `positions`: shape (atoms, 2), in units of length.
    - `wavevectors`: shape (points, 2), in 1 / length.
    - `chunk`: wavevectors that are evaluated together, which bounds the memory at chunk x atoms.

    Raises `ValueError` for an empty structure, and for positions or wavevectors that are not finite.
    """
    positions = real_array(positions, "positions", "atoms 2")
    wavevectors = real_array(wavevectors, "wavevectors", "points 2")
    check_count("the number of atoms in positions", positions.shape[0])
    check_count("chunk", chunk)
    check_finite("positions", positions, "at atom")
    check_finite("wavevectors", wavevectors, "at point")
    return _structure_factor(positions, *in_precision_of(positions, wavevectors), chunk)


@partial(jax.jit, static_argnames="chunk")
def _structure_factor(
    positions: Float[Array, "atoms 2"], wavevectors: Float[Array, "points 2"], chunk: int
) -> Float[Array, " points"]:

    def one(wavevector):
        phase = positions @ wavevector
        return (jnp.sum(jnp.cos(phase)) ** 2 + jnp.sum(jnp.sin(phase)) ** 2) / positions.shape[0]

    # Without the checkpoint the reverse sweep would keep the phases of every chunk.
    return lax.map(jax.checkpoint(one), wavevectors, batch_size=chunk)


def box_wavevectors(box_length: Number, cutoff: Number) -> Float[Array, "points 2"]:
    """The wavevectors 2 pi (n, m) / L of a periodic box with 0 < |k| <= cutoff, one of each pair k, -k, by length.

    S(k) = S(-k), so that the other half would say nothing new. Raises `ValueError` if the box length or the cutoff (in
    1 / length) is not positive, or the cutoff below the smallest wavevector.
    """
    check_positive("box_length", box_length)
    check_positive("cutoff", cutoff)
    step = 2 * math.pi / float(box_length)
    most = int(float(cutoff) / step)
    pairs = [(n, m) for n in range(most + 1) for m in range(-most, most + 1) if n > 0 or m > 0]
    kept = [pair for pair in pairs if math.hypot(*pair) * step <= float(cutoff)]
    if not kept:
        raise ValueError(f"cutoff is {float(cutoff):g}, below the smallest wavevector {step:g}; give a larger cutoff.")
    return jnp.asarray(sorted(kept, key=lambda pair: (math.hypot(*pair), pair)), float) * step
