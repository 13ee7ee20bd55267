"""A resistance in series: contacts and wires that carry the same current."""

from typing import Any, Generic

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import AbstractSimulator, Simulator


class SeriesResistance(AbstractSimulator, Generic[Simulator]):
    """A conductance measured through a resistance R that does not depend on the settings: G / (1 + R G).

    That is 1 / (1/G + R), written so that G = 0 stays 0, with slope 1.

    **Fields**

    - `simulator`: predicts G; its leaves are reached by `lambda s: s.simulator.sample.onsite.values`.
    - `resistance`: R, in units of h/e^2 if G is in e^2/h (1 kOhm is 0.0387). While it is searched for, `bounds=` keep
      it from -1 / G, where the prediction diverges.

    Resistances add: one in another is their sum. Put it outside `ThermalSmearing`: the electrons share one resistance.

    **Raises** ValueError if the resistance is negative or not finite.
    """

    simulator: Simulator
    resistance: Scalar = eqx.field(converter=named_float_array("SeriesResistance.resistance"))

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.resistance) and not (np.isfinite(self.resistance) and self.resistance >= 0):
            raise ValueError(
                f"resistance is {float(self.resistance):.3g}; give a number from 0, in units of 1 / conductance."
            )

    def predict(self, **variables: Any) -> Float[Array, " points"]:
        """The conductance of both in series, one entry a datum."""
        conductance = self.simulator.predict(**settings_of(variables))
        return conductance / (1 + self.resistance * conductance)

    def check_settings(self, **variables: Any) -> None:
        self.simulator.check_settings(**settings_of(variables))
