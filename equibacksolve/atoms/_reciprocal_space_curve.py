"""Structure factors."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.atoms._conventions import RECIPROCAL_SPACE, check_choice
from equibacksolve.atoms._curve import (
    AbstractCurve,
    check_form_factors,
    check_length,
    check_places,
    form_factors_of,
    species_pair,
)
from equibacksolve.atoms._transform import FINENESS, WINDOWS, to_wavenumbers


class ReciprocalSpaceCurve(AbstractCurve):
    """A structure factor at given wavenumbers, from pairs up to some distance.

    **Arguments**

    - `wavenumbers`: positive and increasing, shape (points,), in 1 / length. The smallest may not be below pi / reach.
    - `convention`: "S(Q)" (1 far away), "F(Q)" (0 far away, in barn) or "Q(S(Q)-1)"; see docs/reverse_modelling.md.
    - `reach`: the distance up to which pairs count; left out, as far as the box allows. Beyond, g = 1 is assumed, which
      blurs the curve over some pi / reach. `within_reach` gives data the same blur.
    - `window`: None, or "Lorch", which fades out what lies near the reach.
    - `resolution`: standard deviation of Q of the instrument (1 / length).
    - `pair`: two species, such as "Si-O", for their partial curve, with b = 1; left out, the total.
    - `form_factors`: of X-rays, in place of scattering lengths: for each species a number or an array, shape (points,),
      as `xray_form_factors` gives them. "F(Q)" is then in squares of electrons.
    - `scale`, `background`: leaves.

    Raises `ValueError` for wavenumbers that are not as said, and unknown conventions and windows.
    """

    wavenumbers: Float[Array, " points"] = eqx.field(converter=named_float_array("ReciprocalSpaceCurve.wavenumbers"))
    convention: str = eqx.field(static=True, default="S(Q)")
    # Numbers of which matrices are made, once: no leaves.
    reach: float | None = eqx.field(static=True, default=None)
    window: str | None = eqx.field(static=True, default=None)
    resolution: float = eqx.field(static=True, default=0.0)
    pair: tuple[str, str] | None = eqx.field(static=True, default=None, converter=species_pair)
    form_factors: dict[str, Array] | None = eqx.field(converter=form_factors_of, default=None)
    scale: Scalar = eqx.field(converter=named_float_array("ReciprocalSpaceCurve.scale"), default=1.0)
    background: Scalar = eqx.field(converter=named_float_array("ReciprocalSpaceCurve.background"), default=0.0)

    def __check_init__(self):
        check_fields(self)
        check_places("wavenumbers", self.wavenumbers)
        check_form_factors(self.form_factors, self.wavenumbers.shape)
        check_choice("convention", self.convention, RECIPROCAL_SPACE)
        check_choice("window", self.window, WINDOWS)
        check_length("reach", self.reach)
        check_length("resolution", self.resolution, zero=True)

    @property
    def places(self):
        return self.wavenumbers

    @property
    def convention_used(self):
        return RECIPROCAL_SPACE[self.convention]

    def needed_reach(self, farthest):
        if self.reach is not None and self.reach > farthest * (1 + 1e-6):
            raise ValueError(
                f"reach is {self.reach:g}, beyond half the box, {farthest:g}; stop there, or take a larger box."
            )
        reach = farthest if self.reach is None else float(self.reach)
        if not np.isfinite(reach):
            raise ValueError("reach is left out, but the box is open on all sides; give a distance.")
        lowest = np.pi / reach
        if float(self.wavenumbers[0]) < lowest * (1 - 1e-6):
            raise ValueError(
                f"wavenumbers begins at {float(self.wavenumbers[0]):g}, but pairs up to {reach:g} tell nothing below "
                f"pi / reach = {lowest:.4g}; leave those out, or take a larger box."
            )
        return reach

    def widest_bin(self):
        return np.pi / (FINENESS * float(self.wavenumbers[-1]))

    def matrix(self, spacing, bins, components, reach):
        q = np.asarray(self.wavenumbers, float)
        return to_wavenumbers(q, spacing, bins, components, reach, self.window, self.resolution)

    def in_units(self, total, density):
        return density * total
