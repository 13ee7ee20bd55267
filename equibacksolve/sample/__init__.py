"""Samples: a lattice, and the landscape that it hides (eqs. 14, 15)."""

from equibacksolve.sample._exchange import ExchangeField as ExchangeField
from equibacksolve.sample._honeycomb import honeycomb_dot as honeycomb_dot
from equibacksolve.sample._honeycomb import honeycomb_ribbon as honeycomb_ribbon
from equibacksolve.sample._lattice import SquareLattice as SquareLattice
from equibacksolve.sample._map_of_sites import MapOfSites as MapOfSites
from equibacksolve.sample._onsite import AbstractOnsite as AbstractOnsite
from equibacksolve.sample._onsite import OnsiteSum as OnsiteSum
from equibacksolve.sample._potential import Potential as Potential
from equibacksolve.sample._ribbon_lead import ribbon_lead as ribbon_lead
from equibacksolve.sample._site_energies import AbstractSiteEnergies as AbstractSiteEnergies
from equibacksolve.sample._site_energies import SiteEnergies as SiteEnergies
from equibacksolve.sample._site_energies import SumOfEnergies as SumOfEnergies
from equibacksolve.sample._spline_potential import SplinePotential as SplinePotential
from equibacksolve.sample._square import square_sample as square_sample
from equibacksolve.sample._tight_binding import TightBinding as TightBinding
