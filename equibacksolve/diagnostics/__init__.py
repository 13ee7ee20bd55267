"""Diagnostics: how far to believe what was found (Sec. IV, Fig. 4, and beyond)."""

from equibacksolve.diagnostics._cost_surface import CostSurface as CostSurface
from equibacksolve.diagnostics._cost_surface import cost_surface as cost_surface
from equibacksolve.diagnostics._errors_of import errors_of as errors_of
from equibacksolve.diagnostics._goodness_of_fit import GoodnessOfFit as GoodnessOfFit
from equibacksolve.diagnostics._goodness_of_fit import goodness_of_fit as goodness_of_fit
from equibacksolve.diagnostics._identifiability import Identifiability as Identifiability
from equibacksolve.diagnostics._identifiability import identifiability as identifiability
from equibacksolve.diagnostics._identifiability import residual_jacobian as residual_jacobian
from equibacksolve.diagnostics._judgement import LARGEST_MATRIX as LARGEST_MATRIX
from equibacksolve.diagnostics._judgement import Judgement as Judgement
from equibacksolve.diagnostics._judgement import judgement as judgement
from equibacksolve.diagnostics._judgement import largest_matrix as largest_matrix
from equibacksolve.diagnostics._local_minima import LocalMinimum as LocalMinimum
from equibacksolve.diagnostics._local_minima import local_minima as local_minima
from equibacksolve.diagnostics._local_minima import refined as refined
from equibacksolve.diagnostics._measurement_plan import MeasurementPlan as MeasurementPlan
from equibacksolve.diagnostics._measurement_plan import plan_measurements as plan_measurements
from equibacksolve.diagnostics._smoothness_precision import search_precision as search_precision
from equibacksolve.diagnostics._smoothness_precision import smoothness_precision as smoothness_precision
from equibacksolve.diagnostics._uncertainty import Uncertainty as Uncertainty
from equibacksolve.diagnostics._uncertainty import standard_errors as standard_errors
from equibacksolve.diagnostics._unknowns import Selector as Selector
from equibacksolve.diagnostics._unknowns import hidden_and_known as hidden_and_known
