"""The lattice that the electrons move on (eqs. 14, 15)."""

from typing import Generic

import equinox as eqx

from equibacksolve._rich_display import leaves_of_module
from equibacksolve.samples._onsite import Onsite
from equibacksolve.samples._square import square_tight_binding
from equibacksolve.samples._tight_binding import TightBinding


class SquareLattice(eqx.Module, Generic[Onsite]):
    """A rectangle of square-lattice sites with hopping 1 and a perpendicular magnetic field.

    H = sum |x+1,y⟩⟨x,y| + |x,y+1⟩ e^{2 pi i flux x} ⟨x,y| + h.c. + onsite, with x = 1..length along the current,
    y = 1..width across, and the flux per plaquette in units of h/e (eq. 14).

    **Fields**

    - `onsite`: an onsite term, or a sum of them; it sets the size of the sample.

    **Raises** ValueError if there are no sites.
    """

    onsite: Onsite

    def __check_init__(self):
        if 0 in self.onsite.shape:
            raise ValueError(f"a sample needs at least one site, got (length, width) = {self.onsite.shape}.")

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the sample, and its maps."""
        return leaves_of_module(self)

    @property
    def length(self) -> int:
        """Number of slices along the current."""
        return self.onsite.shape[0]

    @property
    def width(self) -> int:
        """Number of sites of a slice."""
        return self.onsite.shape[1]

    def tight_binding(self) -> TightBinding:
        """The same sample for any device: sites in the order of (x, y), each with all its orbitals.

        Potentials become its `onsite`, a `MapOfSites` whose values are their sum; the matrices of other terms become
        fixed entries, and are trained no more.
        """
        return square_tight_binding(self.onsite)
