"""The curves of diffraction as different programs write them.

Keen, J. Appl. Cryst. 34, 172 (2001), compares them. With concentrations c, scattering lengths b, number density n, and
g_ij the density of j around i over its mean, all follow from

    G(r) = sum_ij c_i c_j b_i b_j (g_ij(r) - 1),    F(Q) = n int dr 4 pi r^2 G(r) sin(Q r) / (Q r).
"""

import math
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar


class Convention(NamedTuple):
    """A curve is (the sum over ij + its limit, if `from_zero`) * x^power, times 4 pi n if `density`.

    `normalised`: the sum is divided by (sum_i c_i b_i)^2, so that the unit of b does not matter. The limit is what the
    sum is at small x, with the sign changed: (sum_i c_i b_i)^2, or 1.
    """

    normalised: bool
    from_zero: bool
    power: int = 0
    density: bool = False

    def written(
        self,
        total: Float[Array, " points"],
        places: Float[Array, " points"],
        limit: Float[Array, " #points"],
        density: Scalar,
    ) -> Float[Array, " points"]:
        """The curve, of a sum that is normalised if the convention is."""
        curve = total + (1.0 if self.normalised else limit) if self.from_zero else total
        curve = curve * places**self.power if self.power else curve
        return 4 * math.pi * density * curve if self.density else curve

    def read(
        self,
        curve: Float[Array, " points"],
        places: Float[Array, " points"],
        limit: Float[Array, " #points"],
        density: Scalar,
    ) -> Float[Array, " points"]:
        """The inverse: the normalised sum, g - 1 or S - 1."""
        curve = curve / (4 * math.pi * density) if self.density else curve
        curve = curve / places**self.power if self.power else curve
        curve = curve - (1.0 if self.normalised else limit) if self.from_zero else curve
        return curve if self.normalised else curve / limit


REAL_SPACE = {
    "g(r)": Convention(True, True),
    "G(r)": Convention(False, False),
    "D(r)": Convention(False, False, power=1, density=True),
    "T(r)": Convention(False, True, power=1, density=True),
    "G_PDF(r)": Convention(True, False, power=1, density=True),
    "R(r)": Convention(True, True, power=2, density=True),
}
"""G, D and T are Keen's, in barn; `G_PDF` is what PDFgetX3 and PDFgui call G. In the plane there are g and G only."""

RECIPROCAL_SPACE = {
    "S(Q)": Convention(True, True),
    "F(Q)": Convention(False, False),
    "Q(S(Q)-1)": Convention(True, False, power=1),
}
"""F is Keen's, in barn; Q (S - 1) is what PDFgetX3 calls F."""


def convert(
    places: Any,
    curve: Any,
    before: str,
    after: str,
    *,
    density: Any = None,
    mean_scattering_length: Any = None,
) -> Float[Array, " points"]:
    """A curve in another convention of the same space: `convert(Q, F, "F(Q)", "S(Q)", mean_scattering_length=4.15)`.

    - `places`, `curve`: distances or wavenumbers, positive, and the curve there, shape (points,).
    - `density`: atoms per volume, for D, T, G_PDF and R.
    - `mean_scattering_length`: sum_i c_i b_i in fm, for curves in barn: F, G, D and T.

    Raises `ValueError` for unknown names, curves of different spaces, and what is needed but left out.
    """
    table = REAL_SPACE if before in REAL_SPACE else RECIPROCAL_SPACE
    for name in (before, after):
        if name not in table:
            raise ValueError(f"convention is {name!r}; to convert from {before!r}, give one of {', '.join(table)}.")
    both = table[before], table[after]
    if density is None and any(one.density for one in both):
        raise ValueError(f"density is left out, but {before} to {after} needs it; give atoms per volume.")
    if mean_scattering_length is None and not all(one.normalised for one in both):
        raise ValueError(f"mean_scattering_length is left out, but {before} to {after} needs it; give it in fm.")
    places, curve = float_array(places, "places"), float_array(curve, "curve")
    limit = float_array([1.0 if mean_scattering_length is None else BARN * mean_scattering_length**2])
    density = float_array(0.0 if density is None else density, "density")
    total = both[0].read(curve, places, limit, density)
    return both[1].written(total if both[1].normalised else total * limit, places, limit, density)


BARN = 0.01
"""Square femtometres in barn."""


def check_choice(name: str, value: str | None, choices) -> None:
    """Raise `ValueError` unless the value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; give one of {', '.join(str(choice) for choice in choices)}.")
