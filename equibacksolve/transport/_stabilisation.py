"""How often the growing waves of the transfer matrix must be tamed."""

import math

import jax.numpy as jnp
import numpy as np

_TOLERATED_GROWTH = {"float64": 3e3, "float32": 50.0}
"""Growth between two normalisations that still leaves the gradient, whose error is about growth^2 x machine epsilon,
with eight digits in float64, and two to three in float32. (G tolerates the square of it, but not where high and low
sites share a slice: there it is as sensitive as the gradient.)"""

_ANY = 2**31
"""The interval where nothing grows: any would do, and a larger reach allows none that is longer."""


def growth_per_slice(reach: float) -> float:
    """g = e^kappa, the growth of an evanescent wave a slice, where reach = max |E - onsite|.

    The least favourable transverse mode has an energy of -+2 across: cosh kappa = (reach + 2) / 2. The bound holds for
    absorption as well, where E - onsite is complex: if g e^{i phi} solves z = g + 1/g, the sum of the distances of z
    from -2 and 2 is 2 (g + 1/g), and at most 4 + 2 reach.

    Raises ValueError if reach is negative or not finite.
    """
    return math.exp(_rate(reach))


def _rate(reach: float) -> float:
    """kappa; its exponential overflows for an onsite energy of 1e308, which is to be refused in a sentence."""
    if not 0 <= reach < math.inf:
        raise ValueError(f"reach is {reach}, but must be max |E - onsite|, a finite number from 0.")
    return math.acosh(reach / 2 + 1)


def stabilisation_interval(reach: float, dtype: jnp.dtype | type = jnp.float64) -> int:
    """Slices between two normalisations, S_D of eqs. 12 and 13: g^S_D stays below what the dtype tolerates.

    Raises ValueError if reach is negative or not finite, or if dtype is neither float64 nor float32.
    """
    growth, kind = _rate(reach), np.dtype(dtype).name
    if kind not in _TOLERATED_GROWTH:
        raise ValueError(f"dtype is {kind}, but the sweep works in float64 or float32; convert the arrays first.")
    tolerated = math.log(_TOLERATED_GROWTH[kind])
    return max(1, int(tolerated / growth)) if growth > 0 else _ANY


def check_interval(interval: int) -> None:
    """Raise ValueError if that is no number of slices between two normalisations."""
    if isinstance(interval, bool) or not isinstance(interval, (int, np.integer)) or interval < 1:
        raise ValueError(f"interval is {interval!r}, but must be a whole number of slices, at least 1.")


def segments(length: int, interval: int) -> tuple[int, int, int]:
    """Slices before the first normalisation (0: there is none), between any two of them, and after the last.

    No more normalisations than `interval` asks for, at even distances, as the steps of a loop go in pairs. A single
    slice would be a loop of one turn, which XLA does away with (see `_sweep._unroll`): the first segment spares it one.
    """
    normalisations = (length - 1) // interval
    between = -(-length // (normalisations + 1))
    between = min(between + between % 2, interval)
    first, last = (between if normalisations else 0), length - normalisations * between
    spared = int(last == 1 and first > 2)
    return first - spared, between, last + spared
