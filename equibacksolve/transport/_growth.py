"""Whether the waves that grow between two normalisations leave G and its derivatives their digits.

Rounding counts with the square of the growth: in the gradient everywhere, and in G as well where high and low sites
share a slice. How large the growth is depends on numbers that are unknown inside `jax.jit`, where the interval is fixed
already. So it is computed beside the sweep, from one number a slice, and where it is too large the answer is NaN.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from equibacksolve._arrays import is_concrete, known_array
from equibacksolve._axes import Scalar
from equibacksolve.transport._stabilisation import check_interval

REFUSED_GROWTH = {"float64": 1e5, "float32": 200.0}
"""Growth between two normalisations beyond which known numbers are refused: six digits are left (in float32 one)."""

_BORNE = 2.0
"""How much more growth than that is borne inside `jax.jit`. A search calls the simulator far from where it began, and
must not be turned back where gradients still lead on."""

_MILD_GROWTH, _MILD_SLICES = 3.5, 5
"""Growth of a slice up to 3.5 is not counted inside `jax.jit`, in all slices of an interval but one, and in five at
most: `growth_per_slice` is a bound, and over several slices a generous one. Both numbers are measured, against long
doubles on 12 x 5 sites with walls, rows, blocks and random sites of 2 to 1e7 hoppings: what was no NaN was right to
5e-5, and its gradient to 6e-4 (in single precision to 0.2, and by order of magnitude)."""


class Growth(NamedTuple):
    """The largest |energy - onsite|, and logarithms of the largest growth.

    `over_interval`: over that many slices; `counted`: what of that counts inside `jax.jit`; `over_one`: over one slice.
    """

    reach: Scalar
    over_interval: Scalar
    counted: Scalar
    over_one: Scalar


@functools.partial(jax.jit, static_argnames="interval")
def largest_growth(
    onsite: Inexact[Array, "length width orbitals orbitals"], energy: Float[Array, " points"], interval: int
) -> Growth:
    """How much waves grow at most over `interval` consecutive slices, or over all if there are fewer.

    The growth of a slice is that of `growth_per_slice` for its own reach. Onsite matrices need not be Hermitian.
    Raises ValueError if interval is no whole number from 1.
    """
    check_interval(interval)
    reach = _reach_of_slices(onsite, energy)
    of_slices, mild = jnp.arccosh(1 + reach / 2), jnp.log(jnp.asarray(_MILD_GROWTH, reach.dtype))
    window, zero = (min(interval, reach.shape[0]),), jnp.zeros((), reach.dtype)
    summed = lambda logarithms: jax.lax.reduce_window(logarithms, zero, jax.lax.add, window, (1,), "valid")
    whole = summed(of_slices)
    not_counted = jnp.clip(summed(jnp.minimum(of_slices, mild)) - mild, 0, _MILD_SLICES * mild)
    return Growth(jnp.max(reach), *(jnp.max(each) for each in (whole, whole - not_counted, of_slices)))


def _reach_of_slices(onsite, energy):
    """|E - h| <= max |E - Re h_ii| + |Im h_ii| + the sum of the other |h_ij| of row or column (Schur's test)."""
    diagonal = jnp.diagonal(onsite, axis1=2, axis2=3)
    others = jnp.where(jnp.eye(onsite.shape[-1], dtype=bool), 0, jnp.abs(onsite))
    beside = jnp.maximum(jnp.sum(others, axis=2), jnp.sum(others, axis=3)) + jnp.abs(diagonal.imag)
    above = jnp.max(diagonal.real + beside, axis=(1, 2)) - jnp.min(energy, initial=jnp.inf)
    below = jnp.max(energy, initial=-jnp.inf) - jnp.min(diagonal.real - beside, axis=(1, 2))
    return jnp.maximum(jnp.maximum(above, below), 0)


def growth_of(
    onsite: Inexact[Array, "length width orbitals orbitals"], energy: Float[Array, " points"], interval: int
) -> Growth:
    """`largest_growth`; of known numbers by one compiled program, however many energies there are."""
    known = is_concrete(onsite, energy) and energy.size > 0
    if not known or not (energy.is_fully_addressable or energy.is_fully_replicated):
        return largest_growth(onsite, energy, interval)
    numbers = np.asarray(energy)
    lowest_and_highest = np.asarray([numbers.min(), numbers.max()])  # no others count
    ends = known_array(lowest_and_highest)
    if is_concrete(ends):
        return largest_growth(onsite, ends, interval)
    # Inside `jax.jit`, where constants are none; elsewhere this would compile each operation by itself.
    with jax.ensure_compile_time_eval():
        return largest_growth(onsite, known_array(lowest_and_highest), interval)


def one_or_nan(
    onsite: Inexact[Array, "length width orbitals orbitals"], energy: Float[Array, " points"], interval: int
) -> Scalar:
    """1, or NaN where so much growth leaves nothing to be trusted: a factor for results and their derivatives."""
    growth = growth_of(*jax.lax.stop_gradient((onsite, energy)), interval)
    borne = math.log(_BORNE * REFUSED_GROWTH[energy.dtype.name])
    if is_concrete(growth):
        return known_array(1.0 if float(growth.counted) <= borne else np.nan, energy.dtype)
    return jnp.where(growth.counted <= borne, 1.0, jnp.nan).astype(energy.dtype)
