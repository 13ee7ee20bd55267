"""Pair distribution functions."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.atoms._conventions import REAL_SPACE, check_choice
from equibacksolve.atoms._curve import (
    AbstractCurve,
    check_form_factors,
    check_length,
    check_places,
    form_factors_of,
    species_pair,
)
from equibacksolve.atoms._transform import FINENESS, WINDOWS, to_distances, to_distances_by_way_of_waves


class RealSpaceCurve(AbstractCurve):
    """A pair distribution function at given distances.

    **Arguments**

    - `distances`: positive and increasing, shape (points,).
    - `convention`: "g(r)" (1 far away), "G(r)" (0 far away, in barn), "D(r)", "T(r)", "G_PDF(r)" or "R(r)"; see
      docs/reverse_modelling.md.
    - `width`: standard deviation of the blur (length); left out, the mean spacing of the distances over sqrt(3).
    - `largest_wavenumber`: instead of a width, for a curve that was made of S(Q) up to there: it gets the same ripples.
      `window`: "Lorch" or None, as it was used for that; `damping`: resolution of the instrument in Q, which damps by
      exp(-(r damping)^2 / 2).
    - `pair`: two species, such as "Si-O", for their partial curve, with b = 1; left out, the total.
    - `form_factors`: of X-rays, in place of scattering lengths: for each species the number of its electrons, which is
      right as far as form factors have the same shape. "G(r)", "D(r)" and "T(r)" are then in squares of electrons.
    - `scale`, `background`: leaves.

    Raises `ValueError` for distances that are not as said, unknown conventions and windows, and widths not positive.
    """

    distances: Float[Array, " points"] = eqx.field(converter=named_float_array("RealSpaceCurve.distances"))
    convention: str = eqx.field(static=True, default="g(r)")
    # Numbers of which matrices are made, once: no leaves.
    width: float | None = eqx.field(static=True, default=None)
    largest_wavenumber: float | None = eqx.field(static=True, default=None)
    window: str | None = eqx.field(static=True, default=None)
    damping: float = eqx.field(static=True, default=0.0)
    pair: tuple[str, str] | None = eqx.field(static=True, default=None, converter=species_pair)
    form_factors: dict[str, Array] | None = eqx.field(converter=form_factors_of, default=None)
    scale: Scalar = eqx.field(converter=named_float_array("RealSpaceCurve.scale"), default=1.0)
    background: Scalar = eqx.field(converter=named_float_array("RealSpaceCurve.background"), default=0.0)

    def __check_init__(self):
        check_fields(self)
        check_places("distances", self.distances)
        check_form_factors(self.form_factors, self.distances.shape[:0])
        check_choice("convention", self.convention, REAL_SPACE)
        check_choice("window", self.window, WINDOWS)
        check_length("width", self.width)
        check_length("largest_wavenumber", self.largest_wavenumber)
        check_length("damping", self.damping, zero=True)
        if self.width is not None and self.largest_wavenumber is not None:
            raise ValueError("width and largest_wavenumber both say how the curve is blurred; give one of them.")

    @property
    def places(self):
        return self.distances

    @property
    def convention_used(self):
        return REAL_SPACE[self.convention]

    def needed_reach(self, farthest):
        last = float(self.distances[-1])
        if last > farthest * (1 + 1e-6):
            raise ValueError(
                f"distances goes up to {last:g}, beyond half the box, {farthest:g}; stop there, or take a larger box."
            )
        # What the blur brings in from beyond is taken as g = 1 where the box ends.
        return min(farthest, last + (4 * self._blur() if self.largest_wavenumber is None else 0.1 * last))

    def widest_bin(self):
        if self.largest_wavenumber is not None:
            return np.pi / (FINENESS * self.largest_wavenumber)
        return self._blur() / 1.2

    def matrix(self, spacing, bins, components, reach):
        r = np.asarray(self.distances, float)
        if self.largest_wavenumber is None:
            return to_distances(r, spacing, bins, self._blur())
        if components == 2:
            raise ValueError("largest_wavenumber is for three dimensions; give a width.")
        largest = self.largest_wavenumber
        return to_distances_by_way_of_waves(r, spacing, bins, largest, self.window, self.damping)

    def in_units(self, total, density):
        return total

    def _blur(self):
        r = np.asarray(self.distances)
        return float(np.ptp(r) / (len(r) - 1) / 3**0.5) if self.width is None else float(self.width)
