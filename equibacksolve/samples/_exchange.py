"""Exchange coupling to a magnetization (eq. 15)."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, check_known, named_float_array
from equibacksolve._axes import OnsiteBlocks
from equibacksolve.samples._onsite import AbstractOnsite


class ExchangeField(AbstractOnsite):
    """Coupling J (sigma_z cos theta + sigma_x sin theta) to a magnetization in the x-z plane; orbitals up and down.

    **Fields**

    - `angle`: theta[x, y], shape (length, width), in radians from the z axis; m_z = cos theta.
    - `coupling`: J, a scalar, in units of the hopping.
    """

    angle: Float[Array, "length width"] = eqx.field(
        converter=named_float_array("ExchangeField.angle"),
        metadata={"period": 2 * math.pi, "unit": "rad", "picture": "magnetization"},
    )
    coupling: Float[Array, ""] = eqx.field(
        converter=named_float_array("ExchangeField.coupling"), metadata={"unit": "hopping"}
    )

    def __check_init__(self):
        check_fields(self)
        check_known(self)

    @property
    def orbitals(self) -> int:
        return 2

    @property
    def shape(self) -> tuple[int, int]:
        length, width = self.angle.shape
        return length, width

    def blocks(self) -> OnsiteBlocks:
        cos, sin = jnp.cos(self.angle), jnp.sin(self.angle)
        matrix = jnp.stack([jnp.stack([cos, sin], -1), jnp.stack([sin, -cos], -1)], -1)
        return self.coupling * matrix
