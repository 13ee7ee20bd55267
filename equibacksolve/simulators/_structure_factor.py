"""The static structure factor as an observable."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._simulator import AbstractSimulator


class StructureFactor(AbstractSimulator):
    """S(k) = |sum_i exp(-i k . X_i)|^2 / atoms at given wavevectors, shape (points,).

    **Arguments**

    - `positions`: the atoms, shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `wavevectors`: shape (points, 2), in 1 / length; for a periodic box from `imaging.box_wavevectors`.
    - `box_length`: the edge L of the box.

    Raises `ValueError` for an empty structure, atoms outside the box or not finite, and wavevectors not finite.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(
        converter=named_float_array("StructureFactor.positions"),
        metadata={"smooth": False, "unit": "length", "picture": "atoms"},
    )
    wavevectors: Float[Array, "points 2"] = eqx.field(converter=named_float_array("StructureFactor.wavevectors"))
    box_length: Scalar = eqx.field(converter=named_float_array("StructureFactor.box_length"))

    def __check_init__(self):
        check_fields(self)
        imaging.check_structure(self.positions, self.box_length)
        if is_concrete(self.wavevectors) and not np.isfinite(np.asarray(self.wavevectors)).all():
            raise ValueError("wavevectors has entries that are not finite; give finite numbers in 1 / length.")

    def predict(self) -> Float[Array, " points"]:
        """S at each wavevector."""
        return imaging.structure_factor(self.positions, self.wavevectors)
