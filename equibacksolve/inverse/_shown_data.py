"""What is told and shown of a data set where its name is typed."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import is_concrete
from equibacksolve._rich_display import curve_image, map_image
from equibacksolve.inverse._abstract_observations import AbstractObservations


def in_one_line(observed: AbstractObservations) -> str:
    """How many readings, at which settings, and how well they are known."""
    grid = getattr(observed, "grid", None)
    counts = [f"{size} " for size in grid] if grid else [""] * len(observed.variables)
    settings = [f"{count}{name}{_range_of(given)}" for count, (name, given) in zip(counts, observed.variables.items())]
    shape = "" if observed.values.ndim == 1 else f" of shape {observed.values.shape}"
    told = [f"{observed.values.size} readings{shape}"]
    told += [f"at {(' x ' if grid else ', ').join(settings)}"] if settings else []
    known = is_concrete(observed.mask, observed.sigma)
    sigma, mask = observed.sigma, observed.mask if known else None
    sigma = sigma if sigma is None or mask is None else sigma[mask]
    told += ["without sigma" if sigma is None else f"sigma{_range_of(sigma)}"]
    told += [] if mask is None else [f"{int(observed.count)} of them count"]
    told += [] if getattr(observed, "whitening", None) is None else ["correlated errors"]
    noise = getattr(observed, "noise", None)
    return ", ".join(told if noise is None else [*told, type(noise).__name__])


def picture(observed: AbstractObservations) -> str:
    """A map of two settings, or a curve of one, as far as numbers are known (HTML)."""
    if not is_concrete(observed.values, observed.mask):
        return ""
    counts = np.ones(observed.values.shape, bool) if observed.mask is None else np.asarray(observed.mask)
    shown = np.where(counts, np.asarray(observed.values, float), np.nan)
    shape = [size for size in getattr(observed, "grid", None) or observed.values.shape if size > 1]
    if len(shape) == 2:
        return map_image(shown.reshape(shape), "readings", signed=False)
    return curve_image(shown.reshape(-1), "readings") if len(shape) == 1 else ""


def _range_of(array: Float[Array, "..."]) -> str:
    """The lowest and the highest number, where they are known."""
    if not (is_concrete(array) and array.size):
        return ""
    low, high = float(jnp.min(array)), float(jnp.max(array))
    return f" {low:.3g}" if low == high else f" {low:.3g} to {high:.3g}"
