"""Smooth potentials: many sites, few numbers."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, check_known, float_array, is_concrete, named_float_array
from equibacksolve.samples._site_energies import AbstractSiteEnergies


class SplinePotential(AbstractSiteEnergies):
    """A smooth potential, a natural cubic spline in each direction: so that 60 x 60 sites hide 144 numbers.

    The coefficients stand on a grid that spans the bounding box of the sites, from edge to edge. They are weights of
    cubic B-splines, and go on linearly beyond the box: then the second derivative is zero at its edges, equal
    coefficients are a constant potential, and coefficients that are linear in the place a linear one.

    **Fields**

    - `coefficients`: the trainable map, [x, y]; in the unit of all energies.
    - `positions`: of the sites, in the unit of those of the sample.
    - `along`, `across`: the weights that follow from the positions. They are not trained: all derivatives with respect
      to them, and to the positions, are zero. Other positions need a new potential.

    Errors of the coefficients become errors of the sites by `diagnostics.errors_of`.

    **Raises** ValueError if there are several coefficients along a direction in which the sites do not extend.
    """

    coefficients: Float[Array, "length width"] = eqx.field(converter=named_float_array("SplinePotential.coefficients"))
    positions: Float[Array, "sites 2"] = eqx.field(
        converter=named_float_array("SplinePotential.positions"), metadata={"smooth": False}
    )
    along: Float[Array, "sites length"] = eqx.field(metadata={"smooth": False})
    across: Float[Array, "sites width"] = eqx.field(metadata={"smooth": False})

    def __init__(self, coefficients: Any, positions: Any):
        self.coefficients = coefficients = float_array(coefficients, "SplinePotential.coefficients")
        self.positions = positions = float_array(positions, "SplinePotential.positions")
        if coefficients.ndim != 2 or 0 in coefficients.shape:
            raise ValueError(
                f"SplinePotential.coefficients has shape {coefficients.shape}; give a grid of (length, width)."
            )
        if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) == 0:
            raise ValueError(f"SplinePotential.positions has shape {positions.shape}; give (sites, 2).")
        self.along, self.across = weights_in_box(positions, coefficients.shape)

    def __check_init__(self):
        check_fields(self)
        check_known(self)

    @classmethod
    def fitted(cls, energies: Any, positions: Any, shape: tuple[int, int]) -> "SplinePotential":
        """The potential of (length, width) coefficients that fits site energies best: least squares.

        Where no site tells, the smallest coefficients are taken. Raises ValueError if there is not one energy a site.
        """
        found = cls(np.zeros(shape), positions)
        energies = np.asarray(float_array(energies, "energies"))
        if energies.shape != (found.sites,):
            raise ValueError(f"energies has shape {energies.shape} for {found.sites} sites; give one number a site.")
        along, across = np.asarray(found.along), np.asarray(found.across)
        design = (along[:, :, None] * across[:, None, :]).reshape(found.sites, -1)
        best = np.linalg.lstsq(design, energies, rcond=None)[0]
        return cls(best.reshape(shape), positions)

    @property
    def sites(self) -> int:
        return self.positions.shape[0]

    def energies(self) -> Float[Array, " sites"]:
        fixed = [jax.lax.stop_gradient(part).astype(self.coefficients.dtype) for part in (self.along, self.across)]
        return jnp.sum((fixed[0] @ self.coefficients) * fixed[1], axis=1)


def weights_in_box(
    positions: Float[Array, "sites 2"], shape: tuple[int, int]
) -> tuple[Float[Array, "sites length"], Float[Array, "sites width"]]:
    """The weight of each coefficient at each site, along either direction of the bounding box."""
    # On the host where positions are known, so that nothing is compiled for it.
    array = np if is_concrete(positions) else jnp
    known: Any = array.asarray(positions)
    low, extent = known.min(axis=0), array.ptp(known, axis=0)
    if array is np:
        thin = extent <= 1e-9 * np.max(extent)
        for direction, number, flat in zip("xy", shape, thin):
            if flat and number > 1:
                raise ValueError(
                    f"SplinePotential got {number} coefficients along {direction}, where all sites stand at one place; "
                    "give one."
                )
    place = (known - low) / array.where(extent > 0, extent, 1.0)
    along = lambda k: jnp.asarray(_weights(place[:, k] * (shape[k] - 1), shape[k], array))
    return along(0), along(1)


def _weights(place: Float[Any, " sites"], number: int, array: Any) -> Float[Any, "sites width"]:
    """Of coefficients at 0, 1, ..., number - 1; one before and one after follow linearly."""
    if number == 1:
        return array.ones((place.shape[0], 1), place.dtype)
    distance = array.abs(place[:, None] - array.arange(-1, number + 1))
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = array.maximum(2 - distance, 0.0) ** 3 / 6
    ends = np.eye(number + 2, number, -1)
    ends[0, :2], ends[-1, -2:] = (2, -1), (-1, 2)
    return (array.where(distance < 1, near, far) @ ends).astype(place.dtype)
