"""From what a user writes to the arrays that JAX differentiates."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped


def float_array(value: Any) -> Shaped[Array, "..."]:
    """An array of a floating dtype: Python numbers and integers become floats, so that they can be trained.

    Complex numbers and booleans stay what they are, for `check_fields` to refuse.
    """
    array = jnp.asarray(value)
    dtype = array.dtype if jnp.issubdtype(array.dtype, jnp.inexact) else jnp.result_type(float)
    return jnp.array(array, dtype=dtype) if jnp.issubdtype(array.dtype, jnp.number) else array


def check_fields(module: Any) -> None:
    """Raise TypeError if an array field has not the shape and kind that its annotation names.

    For `__check_init__` of modules with converters: jaxtyping checks what goes into a converter, not what comes out.
    """
    for field in dataclasses.fields(module):
        value = getattr(module, field.name)
        if hasattr(field.type, "dim_str") and not isinstance(value, field.type):
            kind = f"a {field.type.dtype.__name__} array of shape ({', '.join(field.type.dim_str.split())})"
            raise TypeError(
                f"{type(module).__name__}.{field.name} must be {kind}, got {value.dtype} of shape {value.shape}."
            )


def is_concrete(*values: Any) -> bool:
    """Whether all values are known numbers, so that they can be checked; inside `jax.jit` they are not."""
    return not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))
