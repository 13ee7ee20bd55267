"""The pair distribution function as an observable."""

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve import imaging
from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._simulator import AbstractSimulator


class PairDistances(AbstractSimulator):
    """The pair distribution g(r) at given distances, smooth in the positions, shape (points,).

    **Arguments**

    - `positions`: the atoms, shape (atoms, 2), in the box [0, L] x [0, L], in units of length.
    - `distances`: equally spaced and positive, shape (points,); their spacing is the resolution. In a periodic box at
      most L / 2.
    - `box_length`: the edge L of the box.
    - `periodic`: whether the box repeats. In an open box g falls off, as atoms at the edge have fewer neighbours.

    The work grows with the square of the number of atoms; see `imaging.pair_distribution`. Raises `ValueError` for an
    empty structure, atoms outside the box or not finite, and distances that are none of the above.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(
        converter=named_float_array("PairDistances.positions"),
        metadata={"smooth": False, "unit": "length", "picture": "atoms"},
    )
    distances: Float[Array, " points"] = eqx.field(converter=named_float_array("PairDistances.distances"))
    box_length: Scalar = eqx.field(converter=named_float_array("PairDistances.box_length"))
    periodic: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_fields(self)
        imaging.check_structure(self.positions, self.box_length)
        imaging.check_distances(self.distances, self.box_length, self.periodic)

    def predict(self) -> Float[Array, " points"]:
        """g at each distance."""
        return imaging.pair_distribution(
            self.positions, self.distances, self.box_length, periodic=self.periodic, inside=False
        )
