"""Samples: a lattice or any device without its leads, and the landscape that it hides (eqs. 14, 15)."""

from equibacksolve._entries import Entries as Entries
from equibacksolve._entries import LinearTerm as LinearTerm
from equibacksolve.samples._exchange import ExchangeField as ExchangeField
from equibacksolve.samples._honeycomb import honeycomb_dot as honeycomb_dot
from equibacksolve.samples._honeycomb import honeycomb_ribbon as honeycomb_ribbon
from equibacksolve.samples._lattice import SquareLattice as SquareLattice
from equibacksolve.samples._map_of_sites import MapOfSites as MapOfSites
from equibacksolve.samples._onsite import AbstractOnsite as AbstractOnsite
from equibacksolve.samples._onsite import Onsite as Onsite
from equibacksolve.samples._onsite import OnsiteSum as OnsiteSum
from equibacksolve.samples._potential import Potential as Potential
from equibacksolve.samples._ribbon_lead import ribbon_lead as ribbon_lead
from equibacksolve.samples._site_energies import AbstractSiteEnergies as AbstractSiteEnergies
from equibacksolve.samples._site_energies import Energies as Energies
from equibacksolve.samples._site_energies import SiteEnergies as SiteEnergies
from equibacksolve.samples._site_energies import SumOfEnergies as SumOfEnergies
from equibacksolve.samples._spline_potential import SplinePotential as SplinePotential
from equibacksolve.samples._square import square_sample as square_sample
from equibacksolve.samples._tight_binding import TightBinding as TightBinding
