"""Images of structures, and what else an experiment or a chemist knows of them: functions on arrays (eqs. 16, 17)."""

from equibacksolve.imaging._box import check_positive as check_positive
from equibacksolve.imaging._box import check_structure as check_structure
from equibacksolve.imaging._box import wrapped as wrapped
from equibacksolve.imaging._lattice import triangular_lattice as triangular_lattice
from equibacksolve.imaging._momentum import momenta as momenta
from equibacksolve.imaging._momentum import momentum_image as momentum_image
from equibacksolve.imaging._quality import bond_orientation as bond_orientation
from equibacksolve.imaging._quality import closest_approach as closest_approach
from equibacksolve.imaging._quality import matched_distance as matched_distance
from equibacksolve.imaging._real_space import check_resolution as check_resolution
from equibacksolve.imaging._real_space import needed_pixels as needed_pixels
from equibacksolve.imaging._real_space import real_space_image as real_space_image
from equibacksolve.imaging._real_space import stamp_pixels as stamp_pixels
from equibacksolve.imaging._structure_factor import box_wavevectors as box_wavevectors
from equibacksolve.imaging._structure_factor import structure_factor as structure_factor
