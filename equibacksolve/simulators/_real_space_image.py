"""The real-space image of a structure as an observable (eq. 16)."""

from jaxtyping import Array, Float

from equibacksolve.simulators._structure_image import AbstractStructureImage


class RealSpaceImage(AbstractStructureImage):
    """The blurred image r of a structure, shape (pixels, pixels) (eq. 16).

    The arguments, and the errors, are those of `AbstractStructureImage`.
    """

    def predict(self) -> Float[Array, "pixels pixels"]:
        """The image r; the first axis is x, the second y, pixel j at (j + 1/2) L / M."""
        return self.real_space()
