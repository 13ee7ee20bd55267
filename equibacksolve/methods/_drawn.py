"""Numbers that a start draws with its key, between two ends."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar


def range_of(value: Any) -> Float[Array, "..."]:
    """Converts a field: one number stands for a range of which both ends are that number."""
    ends = float_array(value)
    return jnp.stack([ends, ends]) if ends.ndim == 0 else ends


def check_range(name: str, ends: Float[Array, " 2"]) -> None:
    """Raise ValueError unless the ends of a range are in order."""
    if not ends[0] <= ends[1]:
        raise ValueError(f"{name} is ({ends[0]:g}, {ends[1]:g}); give one number, or two in order.")


def drawn(key: PRNGKeyArray, ends: Float[Array, " 2"]) -> Scalar:
    """Uniform between the ends. Equal ends are what is drawn."""
    part = jax.random.uniform(key, dtype=ends.dtype)
    return jnp.where(ends[0] == ends[1], ends[0], ends[0] + part * (ends[1] - ends[0]))
