"""What was measured, at which settings, and how well."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from equibacksolve._arrays import float_array, is_concrete


class Observations(eqx.Module):
    """Measured values y_i with their settings x_i (step 1 of the paper).

        Observations(values=image)                                         # data without settings
        Observations(values=G, flux=phi, energy=E, sigma=0.01)             # a list of points
        Observations.on_grid(flux=phi, energy=E, values=G)                 # every combination of the settings

    **Fields**

    - `values`: the readings. With settings there is one axis, `points`; without, any shape.
    - `variables`: the settings by name, each of shape (points,). The names are the keywords of the simulator.
    - `sigma`: standard deviations, of the shape of `values` (one number is taken for all), or None if unknown.
    - `mask`: True where a value counts. A NaN in `values` does not count either.
    - `grid`: the mesh that the points lie on, if they do; it orders them with the last setting running fastest.

    **Raises** ValueError for sigma <= 0, infinite values that are not masked, nothing left after masking, or settings
    that are not finite. Warns of NaN that no mask announces.
    """

    values: Float[Array, "*data"]
    variables: dict[str, Float[Array, " points"]]
    sigma: Float[Array, "*data"] | None
    mask: Bool[Array, "*data"] | None
    grid: tuple[int, ...] | None = eqx.field(static=True)

    def __init__(
        self,
        values: Shaped[Array, "*data"] | Shaped[np.ndarray, "*data"],
        *,
        sigma: Shaped[Array, "..."] | Shaped[np.ndarray, "..."] | float | None = None,
        mask: Bool[Array, "*data"] | Bool[np.ndarray, "*data"] | None = None,
        grid: tuple[int, ...] | None = None,
        **variables: Shaped[Array, " points"] | Shaped[np.ndarray, " points"],
    ):
        if jnp.iscomplexobj(values):
            raise ValueError("values is complex; pass real data, e.g. real and imaginary part along a new axis.")
        values = float_array(values)
        usable = jnp.ones(values.shape, bool) if mask is None else jnp.asarray(mask)
        if sigma is not None:
            sigma = float_array(sigma)
            if sigma.ndim and sigma.shape != values.shape:
                raise ValueError(
                    f"sigma has shape {sigma.shape}, values {values.shape}; give one number or one sigma per value."
                )
            sigma = jnp.broadcast_to(sigma, values.shape)
        if is_concrete(values, sigma, mask, variables):
            _check(values, sigma, usable, mask is not None, variables)
        counts = usable & ~jnp.isnan(values)
        self.mask = None if is_concrete(counts) and bool(counts.all()) else counts
        self.values = jnp.where(counts, values, 0.0)
        self.sigma = sigma if sigma is None else jnp.where(counts, sigma, 1.0)
        self.variables = {name: float_array(setting) for name, setting in variables.items()}
        self.grid = grid

    def __check_init__(self):
        if self.grid is not None and math.prod(self.grid) != self.values.size:
            raise ValueError(f"grid {self.grid} does not hold {self.values.size} values; use Observations.on_grid.")
        for name, setting in self.variables.items():
            if setting.shape != self.values.shape:
                raise ValueError(
                    f"{name} has shape {setting.shape}, values {self.values.shape}; give one setting per value, or "
                    "use Observations.on_grid for a mesh."
                )

    @classmethod
    def on_grid(
        cls,
        *,
        values: Shaped[Array, "..."] | Shaped[np.ndarray, "..."],
        sigma: Shaped[Array, "..."] | Shaped[np.ndarray, "..."] | float | None = None,
        mask: Bool[Array, "..."] | Bool[np.ndarray, "..."] | None = None,
        **axes: Shaped[Array, " ..."] | Shaped[np.ndarray, " ..."],
    ) -> "Observations":
        """Readings on a mesh: `values[i, j, ...]` was read at the i-th entry of the first axis, the j-th of the second.

        Raises ValueError if the shape of `values` (or `sigma`, `mask`) is not that of the mesh.
        """
        shape = tuple(len(axis) for axis in axes.values())
        for name, given in (("values", values), ("sigma", sigma), ("mask", mask)):
            if given is not None and jnp.ndim(given) and jnp.shape(given) != shape:
                raise ValueError(f"{name} has shape {jnp.shape(given)}, but the axes {', '.join(axes)} span {shape}.")
        settings = jnp.meshgrid(*(float_array(axis) for axis in axes.values()), indexing="ij")
        flat = lambda given: given.reshape(-1) if given is not None and jnp.ndim(given) else given
        variables = {name: setting.reshape(-1) for name, setting in zip(axes, settings)}
        return cls(flat(values), sigma=flat(sigma), mask=flat(mask), grid=shape, **variables)

    @property
    def count(self) -> Float[Array, ""] | int:
        """Number of values that count."""
        return self.values.size if self.mask is None else jnp.sum(self.mask).astype(self.values.dtype)

    def weights(self) -> Float[Array, "*data"]:
        """1/sigma where a value counts (1 if sigma is unknown), 0 where it does not."""
        weights = jnp.ones_like(self.values) if self.sigma is None else 1 / self.sigma
        return weights if self.mask is None else jnp.where(self.mask, weights, 0.0)

    def variance(self) -> Float[Array, ""]:
        """Mean squared deviation of the weighted values from their mean: the cost of knowing nothing but the mean."""
        weights = self.weights()
        mean = jnp.sum(weights**2 * self.values) / jnp.sum(weights**2)
        return jnp.sum((weights * (self.values - mean)) ** 2) / self.count

    def deviation(self) -> Float[Array, ""]:
        """Standard deviation of the weighted values; 1 for values that are all equal, which have no scale."""
        variance = self.variance()
        return jnp.sqrt(jnp.where(variance > 0, variance, 1.0))

    def at(self, chosen: Int[Array, " chosen"]) -> "Observations":
        """The readings with these numbers, as a list of points. Raises ValueError for data without settings."""
        if not self.variables:
            raise ValueError("observed has no settings: its readings belong together, and none can be left out.")
        pick = lambda array: None if array is None else array[chosen]
        variables = {name: setting[chosen] for name, setting in self.variables.items()}
        return Observations(self.values[chosen], sigma=pick(self.sigma), mask=pick(self.mask), **variables)


def _check(values, sigma, usable, masked, variables) -> None:
    import warnings

    values, usable = np.asarray(values), np.asarray(usable)
    if np.isinf(values[usable]).any():
        raise ValueError(
            f"values has {int(np.isinf(values[usable]).sum())} infinite entries; pass mask=jnp.isfinite(values)."
        )
    if not (usable & ~np.isnan(values)).any():
        raise ValueError(
            f"no data left: all {math.prod(values.shape)} values are masked or NaN; check mask and values."
        )
    if sigma is not None and not (np.asarray(sigma)[usable & ~np.isnan(values)] > 0).all():
        raise ValueError("sigma must be positive wherever a value counts; drop those points by mask=, or mend sigma.")
    for name, setting in variables.items():
        if not np.isfinite(np.asarray(setting)).all():
            raise ValueError(f"{name} has entries that are not finite: a setting must be known; drop those points.")
    missing = int(np.isnan(values[usable]).sum())
    if missing and not masked:
        warnings.warn(
            f"values has {missing} NaN of {values.size}, taken as missing; pass mask=~jnp.isnan(values) to mean it.",
            stacklevel=3,
        )
