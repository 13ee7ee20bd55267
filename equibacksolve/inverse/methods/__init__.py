"""Methods: ways to minimise the misfit. Each is one file."""

from equibacksolve.inverse.methods._annealing import Annealing as Annealing
from equibacksolve.inverse.methods._backtracking import backtracking_descent as backtracking_descent
from equibacksolve.inverse.methods._basin_hopping import BasinHopping as BasinHopping
from equibacksolve.inverse.methods._choice import as_method as as_method
from equibacksolve.inverse.methods._choice import default_method as default_method
from equibacksolve.inverse.methods._choice import hopping_between_images as hopping_between_images
from equibacksolve.inverse.methods._conjugate_gradients import ConjugateGradients as ConjugateGradients
from equibacksolve.inverse.methods._continuation import Continuation as Continuation
from equibacksolve.inverse.methods._continuation import Schedule as Schedule
from equibacksolve.inverse.methods._continuation import brisk_schedule as brisk_schedule
from equibacksolve.inverse.methods._continuation import patient_schedule as patient_schedule
from equibacksolve.inverse.methods._continuation import single_stage as single_stage
from equibacksolve.inverse.methods._continuation import two_stages as two_stages
from equibacksolve.inverse.methods._data_space import DataSpace as DataSpace
from equibacksolve.inverse.methods._gradient import GradientDescent as GradientDescent
from equibacksolve.inverse.methods._image_hopping import ImageHopping as ImageHopping
from equibacksolve.inverse.methods._levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
from equibacksolve.inverse.methods._levenberg_marquardt import heavy_ball as heavy_ball
from equibacksolve.inverse.methods._method import AbstractMethod as AbstractMethod
from equibacksolve.inverse.methods._method import State as State
from equibacksolve.inverse.methods._normal_equations import NormalEquations as NormalEquations
from equibacksolve.inverse.methods._optimistix import OptimistixSolver as OptimistixSolver
from equibacksolve.inverse.methods._restarts import Restarts as Restarts
from equibacksolve.inverse.methods._side_by_side import SideBySide as SideBySide
from equibacksolve.inverse.methods._step_equations import AbstractStepEquations as AbstractStepEquations
from equibacksolve.inverse.methods._two_levels import TwoLevels as TwoLevels
