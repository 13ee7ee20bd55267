"""An energy axis whose zero and lever arm are known roughly."""

from typing import Generic

import equinox as eqx
import numpy as np

from equibacksolve._arrays import check_fields, check_known, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._calibration import AbstractCalibration, Setting, unit_if
from equibacksolve.simulators._simulator import Simulator


class EnergyCalibration(AbstractCalibration, Generic[Simulator]):
    """Readings of energy with a wrong zero and a wrong unit: the sample sees scale x (energy - offset).

    **Fields**

    - `simulator`: what sees the true energy; its leaves are reached by `lambda s: s.simulator.sample.onsite.values`.
    - `scale`: the true lever arm over the one that the readings were made with, about 1.
    - `offset`: the reading at true energy zero.
    - `variable`: the name of the setting.

    With leads of fixed wavenumber, G depends on E - v: an offset c is a potential that is higher by scale x c
    everywhere, and no datum can tell the two apart. Hide the offset only where the mean of the potential is known.

    **Raises** ValueError if the scale is zero or not finite.
    """

    simulator: Simulator
    scale: Scalar = eqx.field(converter=named_float_array("EnergyCalibration.scale"), default=1.0)
    offset: Scalar = eqx.field(
        converter=named_float_array("EnergyCalibration.offset"), default=0.0, metadata=unit_if("energy", "hopping")
    )
    variable: str = eqx.field(static=True, default="energy")

    def __check_init__(self):
        check_fields(self)
        if is_concrete(self.scale) and not (np.isfinite(self.scale) and self.scale != 0):
            raise ValueError(f"scale is {float(self.scale):.3g}; give a finite number other than 0, about 1.")
        check_known(self)

    def true_setting(self, reading: Setting) -> Setting:
        return self.scale * (reading - self.offset)
