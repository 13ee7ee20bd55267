"""A field whose zero is not where the magnet says."""

from typing import Generic

import equinox as eqx

from equibacksolve._arrays import check_fields, check_known, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._calibration import AbstractCalibration, Setting, unit_if
from equibacksolve.simulators._simulator import Simulator


class FluxOffset(AbstractCalibration, Generic[Simulator]):
    """Readings of flux that are off by a constant: the sample sees flux - offset (remanence, trapped flux).

    **Fields**

    - `simulator`: what sees the true flux; its leaves are reached by `lambda s: s.simulator.sample.onsite.values`.
    - `offset`: what the magnet reads at zero field, in h/e per plaquette.
    - `variable`: the name of the setting.

    Two offsets add. A two-terminal G is even in the field, and of period 1: data on either side of the offset are
    mirror images of each other, and an offset is known modulo 1/2 only if the data span a period.
    """

    simulator: Simulator
    offset: Scalar = eqx.field(converter=named_float_array("FluxOffset.offset"), metadata=unit_if("flux", "h/e"))
    variable: str = eqx.field(static=True, default="flux")

    def __check_init__(self):
        check_fields(self)
        check_known(self)

    def true_setting(self, reading: Setting) -> Setting:
        return reading - self.offset
