"""What the images of a structure share: atoms in a box, each blurred to a Gaussian (eq. 16)."""

from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._simulator import AbstractSimulator


class AbstractStructureImage(AbstractSimulator):
    """An image of a structure, shape (pixels, pixels), made of its blurred image r (eq. 16).

    **Arguments**

    - `positions`: the atoms, shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `width`: the standard deviation of the Gaussian to which each atom is blurred (length).
    - `box_length`: the edge L of the box.
    - `pixels`: the pixels M along the edge of the image.
    - `periodic`: whether the box repeats. `False` is eq. 16 to the letter; then an atom that drifts out of the box
      vanishes from the image, and with it its gradient.
    - `stamp`: pixels along the edge of the window on which an atom is drawn, from `imaging.stamp_pixels`: many times
      faster where the width is small against the box. `None` draws each atom on all pixels, without any cut.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, a width or box that is not
    positive, and too few pixels for the width, naming the number that is needed. Nothing is checked inside `jit`, where
    the numbers are unknown.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(
        converter=named_float_array("positions"), metadata={"smooth": False, "unit": "length", "picture": "atoms"}
    )
    width: Scalar = eqx.field(converter=named_float_array("width"))
    box_length: Scalar = eqx.field(converter=named_float_array("box_length"))
    pixels: int = eqx.field(static=True, default=128)
    periodic: bool = eqx.field(static=True, default=False)
    stamp: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        check_fields(self)
        imaging.check_structure(self.positions, self.box_length)
        imaging.check_resolution(self.width, self.box_length, self.pixels, self.periodic, self.stamp)

    @abstractmethod
    def predict(self) -> Float[Array, "pixels pixels"]:
        """The image that the instrument shows."""

    def real_space(self) -> Float[Array, "pixels pixels"]:
        """The blurred image r; the first axis is x, the second y, pixel j at (j + 1/2) L / M."""
        return imaging.real_space_image(
            self.positions,
            self.width,
            self.box_length,
            self.pixels,
            periodic=self.periodic,
            stamp=self.stamp,
            inside=False,
        )
