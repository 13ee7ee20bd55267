"""The settings that a user asks a simulator to predict at, as arrays."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array_and_mask
from equibacksolve._axes import Scalar


def check_named(function: str, unnamed: tuple[Any, ...]) -> None:
    """Raise TypeError if settings are given without their names."""
    if unnamed:
        raise TypeError(f"{function} takes its settings by name, but got {len(unnamed)} without; write name=value.")


def settings_of(variables: dict[str, Any]) -> dict[str, Float[Array, " points"]]:
    """The settings by name, one entry a datum, of whatever is like an array.

    Raises TypeError for what is no array of real numbers, ValueError for masked entries and shapes that do not fit.
    """
    settings = {name: _setting(given, name) for name, given in variables.items()}
    lengths = {setting.shape for setting in settings.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name} {setting.shape}" for name, setting in settings.items())
        raise ValueError(f"the settings differ in shape, {told}; give one entry a datum in each.")
    return settings


def setting_of_one(given: Any, name: str) -> Scalar:
    """The setting of one datum, a single number; raises as `settings_of` does."""
    setting = _real(given, name)
    if setting.ndim:
        raise ValueError(f"{name} has shape {setting.shape}, but one datum has one setting; give a single number.")
    return setting


def _setting(given: Any, name: str) -> Float[Array, " points"]:
    setting = _real(given, name)
    if setting.ndim != 1:
        raise ValueError(f"{name} has shape {setting.shape}; give one entry a datum, as a list.")
    return setting


def _real(given: Any, name: str) -> Float[Array, "..."]:
    setting, present = float_array_and_mask(given, name)
    if not jnp.issubdtype(setting.dtype, jnp.floating):
        raise TypeError(f"{name} must be an array of real numbers, but got {setting.dtype}; convert it first.")
    if present is not None:
        raise ValueError(f"{name} has {int((~present).sum())} masked entries: a setting must be known; drop them.")
    return setting
