"""What a momentum image measures: the moduli of the transform, and the projection onto them."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from equibacksolve.phasing._atom_shape import HalfPlane, multiplicity
from equibacksolve.phasing._atoms import Transform


class Moduli(eqx.Module):
    """Sharpened moduli A(k), shape (pixels, pixels // 2 + 1), and where they were measured."""

    values: HalfPlane
    measured: Bool[Array, "pixels half"]


def onto_moduli(transform: Transform, moduli: Moduli) -> Transform:
    """The nearest transform with these moduli: the phases stay. What was not measured stays as it is.

    Where the transform is zero, all phases are as near; it gets the phase 0.
    """
    modulus = jnp.abs(transform)
    unit = jnp.where(modulus > 0, transform / jnp.where(modulus > 0, modulus, 1.0), 1.0)
    return jnp.where(moduli.measured, moduli.values * unit, transform)


class Folded(eqx.Module):
    """A momentum image on the half plane: the modulus is the same at k and -k, so that pairs of data are one.

    **Fields**, of shape (pixels, pixels // 2 + 1)

    - `image`: s(k), the weighted mean of each pair.
    - `weights`: so that the sum of (weights (s - image))^2 is chi-squared but for a constant; 0 where nothing counts.
    - `counted`: how many momenta of the plane each entry stands for.
    """

    image: Float[np.ndarray, "pixels half"]
    weights: Float[np.ndarray, "pixels half"]
    counted: Float[np.ndarray, "pixels half"]

    def moduli(self, box_length: float) -> Float[np.ndarray, "pixels half"]:
        """abs(F(k)) of the real-space image, from s = L ln(q + 1), q = abs(F) / (M / 2)^2. Noise below zero is zero."""
        with np.errstate(over="ignore"):  # `sharpened_moduli` refuses what is infinite
            return np.expm1(np.maximum(self.image, 0.0) / box_length) * (self.image.shape[0] / 2) ** 2

    def noise(self, box_length: float) -> Float[np.ndarray, "pixels half"]:
        """The standard deviation of those moduli, if `weights` are 1/sigma; infinite where nothing was measured."""
        slope = (
            np.exp(np.minimum(np.maximum(self.image, 0.0) / box_length, 100.0))
            / box_length
            * (self.image.shape[0] / 2) ** 2
        )
        return slope * np.sqrt(self.counted) / np.where(self.weights > 0, self.weights, np.inf)


def folded(image: Float[np.ndarray, "pixels pixels"], weights: Float[np.ndarray, "pixels pixels"]) -> Folded:
    """The half plane of a momentum image with these weights (1/sigma; 0 where a pixel does not count)."""
    pixels = image.shape[0]
    mirrored = lambda plane: np.roll(plane[::-1, ::-1], 1, (0, 1))
    squares = weights**2 + mirrored(weights) ** 2
    mean = (weights**2 * image + mirrored(weights**2 * image)) / np.where(squares > 0, squares, 1.0)
    half = slice(0, pixels // 2 + 1)
    counted = np.broadcast_to(multiplicity(pixels), (pixels, pixels // 2 + 1))
    # A column that is its own mirror image holds both of each pair.
    return Folded(mean[:, half], np.sqrt(squares[:, half] * counted / 2), counted)


def sharpened_moduli(here: Folded, box_length: float, sharpening: HalfPlane) -> Moduli:
    """The moduli that a search looks at, in its precision."""
    measured = here.weights > 0
    values = np.where(measured, here.moduli(box_length) * np.asarray(sharpening, float), 0.0)
    if not np.all(values < np.finfo(np.float32).max):
        largest = float(np.max(here.image))
        raise ValueError(
            f"the momentum image goes up to {largest:.3g}, too far for a box_length of {box_length:.3g}: "
            "exp(s / L) overflows; check their units."
        )
    return Moduli(jnp.asarray(values, jnp.float32), jnp.asarray(measured))
