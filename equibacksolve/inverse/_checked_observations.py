"""What cannot be observed: values, deviations and settings that are refused."""

import warnings
from typing import Any

import numpy as np


def check_observed(values: Any, sigma: Any, usable: Any, counts: Any, masked: bool, variables: dict[str, Any]) -> None:
    """Raise ValueError for readings, deviations or settings that cannot be; warn of NaN that no mask announces."""
    values, usable, counts = np.asarray(values), np.asarray(usable), np.asarray(counts)
    if np.isinf(values[usable]).any():
        raise ValueError(
            f"values has {int(np.isinf(values[usable]).sum())} infinite entries; pass mask=jnp.isfinite(values)."
        )
    present = usable & ~np.isnan(values)
    if not present.any():
        raise ValueError(f"no data left: all {values.size} values are masked or NaN; check mask and values.")
    with np.errstate(divide="ignore", over="ignore"):
        if sigma is not None and not (np.isfinite(1 / np.asarray(sigma)) & (np.asarray(sigma) > 0))[present].all():
            raise ValueError(
                "sigma must be positive wherever a value counts; drop those points by mask=, or mend sigma."
            )
    if not counts.any():
        raise ValueError("no data left: sigma is infinite wherever a value counts; give the deviations that are known.")
    for name, setting in variables.items():
        if not np.isfinite(np.asarray(setting)).all():
            raise ValueError(f"{name} has entries that are not finite: a setting must be known; drop those points.")
    missing = int(np.isnan(values[usable]).sum())
    if missing and not masked:
        warnings.warn(
            f"values has {missing} NaN of {values.size}, taken as missing; pass mask=~jnp.isnan(values) to mean it.",
            stacklevel=4,
        )
