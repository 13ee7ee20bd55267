"""The momentum-space image of a structure (eq. 17)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from equibacksolve.imaging._box import Number, check_count, check_finite, check_positive, in_precision_of, real_array


def momentum_image(image: Any, box_length: Number) -> Float[Array, "pixels pixels"]:
    """The momentum-space image s = L ln(q + 1), q = |fft2 r| / (M / 2)^2, of a real-space image r (eq. 17).

    Momenta are in the order of `momenta`, zero first. The logarithm suppresses the few strong peaks. The image knows
    nothing of where the structure lies (a shift is a phase) nor of its inversion (a complex conjugate).

    The derivative is finite everywhere: where q = 0, the tip of the cone |z|, it is zero.

    - `image`: the real-space image r, shape (pixels, pixels).
    - `box_length`: the edge L of the box.

    Raises `ValueError` for an image without pixels or not finite, and a box length that is not positive.
    """
    image = real_array(image, "image", "pixels pixels")
    check_count("the number of pixels of image", image.shape[0])
    check_finite("image", image, "in row")
    check_positive("box_length", box_length)
    return _momentum_image(image, *in_precision_of(image, box_length))


def momenta(box_length: Number, pixels: int) -> Float[Array, " pixels"]:
    """The momenta k = 2 pi n / L along either axis of a momentum image, in its order: n = 0, 1, ..., -2, -1.

    Raises `ValueError` if the box length or the number of pixels is not positive.
    """
    check_positive("box_length", box_length)
    check_count("pixels", pixels)
    return 2 * math.pi * jnp.fft.fftfreq(pixels) * (pixels / jnp.asarray(box_length, float))


@jax.jit
def _momentum_image(image: Float[Array, "pixels pixels"], box_length: Number) -> Float[Array, "pixels pixels"]:
    strength = _modulus(jnp.fft.fft2(image)) / (image.shape[0] / 2) ** 2
    return box_length * jnp.log1p(strength)


def _modulus(value: Complex[Array, "*shape"]) -> Float[Array, "*shape"]:
    squared = value.real**2 + value.imag**2
    nonzero = squared > 0
    return jnp.where(nonzero, jnp.sqrt(jnp.where(nonzero, squared, 1.0)), 0.0)
