"""Samples: a lattice, and the landscape that it hides (eqs. 14, 15)."""

from equibacksolve.sample._exchange import ExchangeField as ExchangeField
from equibacksolve.sample._lattice import SquareLattice as SquareLattice
from equibacksolve.sample._onsite import AbstractOnsite as AbstractOnsite
from equibacksolve.sample._onsite import OnsiteSum as OnsiteSum
from equibacksolve.sample._potential import Potential as Potential
from equibacksolve.sample._site_energies import AbstractSiteEnergies as AbstractSiteEnergies
from equibacksolve.sample._site_energies import SiteEnergies as SiteEnergies
from equibacksolve.sample._site_energies import SumOfEnergies as SumOfEnergies
from equibacksolve.sample._tight_binding import TightBinding as TightBinding
