"""What all curves of diffraction have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve._axes import Scalar
from equibacksolve.atoms._conventions import BARN, Convention
from equibacksolve.atoms._histogram import species_pairs


class Mixture(eqx.Module):
    """What the curves of a sample are mixed of.

    **Fields**

    - `correlations`: g_ij - 1 on the bins, one row a pair of species as in `species_pairs`.
    - `concentrations`, `scattering_lengths` (fm): one a species.
    - `density`: atoms per volume.
    - `elements`: the names of the species.
    """

    correlations: Float[Array, "species_pairs bins"]
    concentrations: Float[Array, " species"]
    scattering_lengths: Float[Array, " species"]
    density: Scalar
    elements: tuple[str, ...] = eqx.field(static=True)

    def weights(
        self, pair: tuple[str, str] | None, form_factors: dict[str, Array] | None
    ) -> tuple[Float[Array, "species_pairs #points"], Float[Array, " #points"]]:
        """c_i c_j b_i b_j of each pair of species (twice where they differ), and (sum_i c_i b_i)^2: in barn.

        With form factors these are in place of b, at each point or at all. Of one pair: 1 for it, 0 for others, and 1.
        """
        pairs = species_pairs(len(self.elements))
        if pair is not None:
            named = tuple(sorted(self.elements.index(name) for name in pair))
            return jnp.array([[one == named] for one in pairs], self.density.dtype), jnp.ones((1,), self.density.dtype)
        if form_factors is None:
            amplitudes = BARN**0.5 * self.scattering_lengths[:, None]
        else:
            amplitudes = jnp.stack([jnp.atleast_1d(form_factors[name]) for name in self.elements])
        amounts = self.concentrations[:, None] * amplitudes.astype(self.density.dtype)
        weights = jnp.stack([(1 if a == b else 2) * amounts[a] * amounts[b] for a, b in pairs])
        return weights, amounts.sum(axis=0) ** 2


class AbstractCurve(eqx.Module):
    """A curve over r or Q that is linear in the partial pair distributions, times `scale`, plus `background`."""

    if TYPE_CHECKING:  # not annotated: checkers would take them for the first arguments of every subclass
        pair, scale, background = cast(tuple[str, str] | None, ...), cast(Scalar, ...), cast(Scalar, ...)
        form_factors = cast(dict[str, Array] | None, ...)
    else:
        pair: eqx.AbstractVar[tuple[str, str] | None]
        scale: eqx.AbstractVar[Scalar]
        background: eqx.AbstractVar[Scalar]
        form_factors: eqx.AbstractVar[dict[str, Array] | None]

    @property
    @abstractmethod
    def places(self) -> Float[Array, " points"]:
        """The distances or wavenumbers."""

    @property
    @abstractmethod
    def convention_used(self) -> Convention:
        """The convention."""

    @abstractmethod
    def needed_reach(self, farthest: float) -> float:
        """The distance up to which pairs are needed, in a box that allows `farthest`. Raises ValueError beyond it."""

    @abstractmethod
    def widest_bin(self) -> float:
        """The widest bins that will do."""

    @abstractmethod
    def matrix(self, spacing: float, bins: int, components: int, reach: float) -> Float[np.ndarray, "points bins"]:
        """From g - 1 on the bins to the curve, before its convention is applied."""

    @abstractmethod
    def in_units(self, total: Float[Array, " points"], density: Scalar) -> Float[Array, " points"]:
        """What the matrix gives, times the density where it belongs."""

    def values(self, matrix: Float[Array, "points bins"], mixture: Mixture) -> Float[Array, " points"]:
        """The curve of a sample."""
        weights, limit = mixture.weights(self.pair, self.form_factors)
        partial = mixture.correlations @ matrix.astype(weights.dtype).T
        total = self.in_units((weights * partial).sum(axis=0), mixture.density)
        total = total / limit if self.convention_used.normalised else total
        curve = self.convention_used.written(total, self.places.astype(weights.dtype), limit, mixture.density)
        return self.scale * curve + self.background


def check_places(name: str, places: Float[Array, " points"]) -> None:
    """Raise `ValueError` unless there are two or more, positive and increasing; traced ones pass."""
    if places.shape[0] < 2:
        raise ValueError(f"{name} has {places.shape[0]} entries; give two or more.")
    if is_concrete(places):
        values = np.asarray(places)
        if not (np.isfinite(values).all() and values[0] > 0 and (np.diff(values) > 0).all()):
            raise ValueError(f"{name} runs from {values[0]:g} to {values[-1]:g}, but must be positive and increase.")


def form_factors_of(given: Mapping[str, Any] | None) -> dict[str, Array] | None:
    """What was given for each species, as arrays."""
    if given is None:
        return None
    return {str(name): float_array(values, f"form_factors[{name!r}]") for name, values in given.items()}


def check_form_factors(form_factors: dict[str, Array] | None, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless each is a number, or has this shape, and is finite; traced ones pass."""
    for name, values in (form_factors or {}).items():
        if values.shape not in ((), shape):
            raise ValueError(
                f"form_factors[{name!r}] has shape {values.shape}, but must be a number or of shape {shape}."
            )
        if is_concrete(values) and not np.isfinite(np.asarray(values)).all():
            raise ValueError(f"form_factors[{name!r}] has entries that are not finite; give numbers.")


def check_length(name: str, value: float | None, *, zero: bool = False) -> None:
    """Raise `ValueError` unless the value is None, finite and positive (or zero, if that is allowed)."""
    if value is not None and not (np.isfinite(value) and (value > 0 or (zero and value == 0))):
        raise ValueError(f"{name} is {value}, but must be a positive number; give one above zero, or leave it out.")


def species_pair(pair) -> tuple[str, str] | None:
    """A pair of species from a tuple, a list, or text such as "Si-O"."""
    if pair is None:
        return None
    names = tuple(pair.split("-")) if isinstance(pair, str) else tuple(pair)
    if len(names) != 2:
        raise ValueError(f"pair is {pair!r}; give two species, such as 'Si-O'.")
    return names
