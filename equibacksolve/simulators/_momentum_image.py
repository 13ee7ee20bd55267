"""The momentum-space image of a structure as an observable (eqs. 16, 17)."""

from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve.simulators._structure_image import AbstractStructureImage


class MomentumImage(AbstractStructureImage):
    """The momentum-space image s = L ln(q + 1) of a structure, shape (pixels, pixels) (eqs. 16, 17).

    `MomentumImage(positions, width, box_length, pixels=128, periodic=False, stamp=None)`; what these are, and which
    errors are raised, is told by `AbstractStructureImage`. The image does not change under translation (of a periodic
    structure) and inversion.
    """

    def predict(self) -> Float[Array, "pixels pixels"]:
        """The image s, momenta in the order of `imaging.momenta`: zero first."""
        return imaging.momentum_image(self.real_space(), self.box_length)
