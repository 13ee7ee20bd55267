"""From what a user writes to the arrays that JAX differentiates."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped


def float_array(value: Any) -> Shaped[Array, "..."]:
    """An array of a floating dtype: Python numbers and integers become floats, so that they can be trained."""
    array = jnp.asarray(value)
    dtype = array.dtype if jnp.issubdtype(array.dtype, jnp.floating) else jnp.result_type(float)
    return jnp.array(array, dtype=dtype) if jnp.issubdtype(array.dtype, jnp.number) else array


def is_concrete(*values: Any) -> bool:
    """Whether all values are known numbers, so that they can be checked; inside `jax.jit` they are not."""
    return not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))
