"""An excluded radius as an observable: data of zeros say that no two atoms overlap."""

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._simulator import AbstractSimulator


class ExcludedRadius(AbstractSimulator):
    """How far each atom is pressed into its neighbours, sum_j max(0, 1 - d_ij / closest), shape (atoms,).

    Compare it with zeros: the cost is then a penalty on atoms that come nearer than `closest`.

    **Arguments**

    - `positions`: the atoms, shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `closest`: the distance that two atoms must keep (length).
    - `box_length`: the edge L of the box.
    - `periodic`: whether the box repeats.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, and a distance not positive.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(
        converter=named_float_array("ExcludedRadius.positions"),
        metadata={"smooth": False, "unit": "length", "picture": "atoms"},
    )
    closest: Scalar = eqx.field(converter=named_float_array("ExcludedRadius.closest"))
    box_length: Scalar = eqx.field(converter=named_float_array("ExcludedRadius.box_length"))
    periodic: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_fields(self)
        imaging.check_structure(self.positions, self.box_length)
        imaging.check_positive("closest", self.closest)

    def predict(self) -> Float[Array, " atoms"]:
        """The overlap of each atom with the others; zero where all keep their distance."""
        return imaging.overlaps(self.positions, self.closest, self.box_length, periodic=self.periodic, inside=False)
