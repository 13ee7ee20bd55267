"""The true structure from a momentum image: projections, iterations and a method, on arrays of half planes."""

from equibacksolve.phasing._alternating_projections import AlternatingProjections as AlternatingProjections
from equibacksolve.phasing._atom_shape import AtomShape as AtomShape
from equibacksolve.phasing._atom_shape import atom_shape as atom_shape
from equibacksolve.phasing._atoms import drawn as drawn
from equibacksolve.phasing._atoms import onto_atoms as onto_atoms
from equibacksolve.phasing._atoms import peaks as peaks
from equibacksolve.phasing._iteration import Data as Data
from equibacksolve.phasing._iteration import iterate as iterate
from equibacksolve.phasing._moduli import Moduli as Moduli
from equibacksolve.phasing._moduli import onto_moduli as onto_moduli
