"""The real-space image of a structure as an observable (eq. 16)."""

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._simulator import AbstractSimulator


class RealSpaceImage(AbstractSimulator):
    """The blurred image r of a structure, shape (pixels, pixels) (eq. 16).

    The arguments are those of `MomentumImage`, and so are the errors.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(converter=float_array, metadata={"smooth": False})
    width: Scalar = eqx.field(converter=float_array)
    box_length: Scalar = eqx.field(converter=float_array)
    pixels: int = eqx.field(static=True, default=128)
    periodic: bool = eqx.field(static=True, default=False)
    stamp: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        imaging.check_structure(self.positions, self.box_length)
        imaging.check_resolution(self.width, self.box_length, self.pixels, self.periodic, self.stamp)

    def predict(self) -> Float[Array, "pixels pixels"]:
        """The image r; the first axis is x, the second y, pixel j at (j + 1/2) L / M."""
        return imaging.real_space_image(
            self.positions, self.width, self.box_length, self.pixels, periodic=self.periodic, stamp=self.stamp
        )
