"""Structures in any box: what diffraction shows of them, what is known of them, and what was found."""

from equibacksolve.atoms._ase import from_ase as from_ase
from equibacksolve.atoms._ase import to_ase as to_ase
from equibacksolve.atoms._bond_angles import BondAngles as BondAngles
from equibacksolve.atoms._box import Box as Box
from equibacksolve.atoms._constraint import AbstractConstraint as AbstractConstraint
from equibacksolve.atoms._conventions import Convention as Convention
from equibacksolve.atoms._conventions import convert as convert
from equibacksolve.atoms._coordination import Coordination as Coordination
from equibacksolve.atoms._curve import AbstractCurve as AbstractCurve
from equibacksolve.atoms._curve import Mixture as Mixture
from equibacksolve.atoms._curve_file import MeasuredCurve as MeasuredCurve
from equibacksolve.atoms._curve_file import read_curve as read_curve
from equibacksolve.atoms._excluded_distances import ExcludedDistances as ExcludedDistances
from equibacksolve.atoms._extended_xyz import read_structure as read_structure
from equibacksolve.atoms._extended_xyz import write_structure as write_structure
from equibacksolve.atoms._observables import Observables as Observables
from equibacksolve.atoms._reach import within_reach as within_reach
from equibacksolve.atoms._real_space_curve import RealSpaceCurve as RealSpaceCurve
from equibacksolve.atoms._reciprocal_space_curve import ReciprocalSpaceCurve as ReciprocalSpaceCurve
from equibacksolve.atoms._scattering_lengths import neutron_scattering_lengths as neutron_scattering_lengths
from equibacksolve.atoms._statistics import Spread as Spread
from equibacksolve.atoms._statistics import Statistics as Statistics
from equibacksolve.atoms._statistics import spread_over_models as spread_over_models
from equibacksolve.atoms._statistics import statistics as statistics
from equibacksolve.atoms._structure import Structure as Structure
from equibacksolve.atoms._structure import check_density as check_density
