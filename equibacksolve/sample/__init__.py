"""Samples: a lattice, and the landscape that it hides (eqs. 14, 15)."""

from equibacksolve.sample._exchange import ExchangeField as ExchangeField
from equibacksolve.sample._lattice import SquareLattice as SquareLattice
from equibacksolve.sample._onsite import AbstractOnsite as AbstractOnsite
from equibacksolve.sample._onsite import OnsiteSum as OnsiteSum
from equibacksolve.sample._potential import Potential as Potential
