"""A potential landscape (eq. 14)."""

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, check_known, named_float_array
from equibacksolve._axes import OnsiteBlocks
from equibacksolve.samples._onsite import AbstractOnsite


class Potential(AbstractOnsite):
    """An onsite potential v[x, y], the same for all orbitals.

    **Fields**

    - `values`: shape (length, width), in units of the hopping; x runs along the current.
    """

    values: Float[Array, "length width"] = eqx.field(
        converter=named_float_array("Potential.values"), metadata={"quantity": "potential", "unit": "hopping"}
    )

    def __check_init__(self):
        check_fields(self)
        check_known(self)

    @property
    def orbitals(self) -> int:
        return 1

    @property
    def shape(self) -> tuple[int, int]:
        length, width = self.values.shape
        return length, width

    def blocks(self) -> OnsiteBlocks:
        return self.values[:, :, None, None]
