"""Numbers that a start draws with its key, between two ends."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array, known_array
from equibacksolve._axes import Scalar


def range_of(value: Any) -> Float[Array, "..."]:
    """Converts a field: one number stands for a range of which both ends are that number."""
    ends = float_array(value)
    return known_array(np.stack([ends, ends])) if ends.ndim == 0 else ends


def check_range(name: str, ends: Float[Array, " 2"]) -> None:
    """Raise ValueError unless the ends of a range are in order."""
    low, high = np.asarray(ends)
    if not low <= high:
        raise ValueError(f"{name} is ({low:g}, {high:g}); give one number, or two in order.")


def drawn(key: PRNGKeyArray, ends: Float[Array, " 2"]) -> Scalar:
    """Uniform between the ends. Equal ends are what is drawn."""
    # With NumPy, so that nothing is compiled for a range of equal ends, and little for others.
    low, high = np.asarray(ends)
    if low == high:
        return known_array(low)
    return known_array(low + np.asarray(jax.random.uniform(key, dtype=ends.dtype)) * (high - low))
