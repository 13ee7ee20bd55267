"""equibacksolve: recover hidden parameters of a physical system from measured data."""

from jaxtyping import install_import_hook

# Every function checks the shapes and dtypes that its signature names.
with install_import_hook("equibacksolve", "beartype.beartype"):
    from equibacksolve import diagnostics as diagnostics
    from equibacksolve import imaging as imaging
    from equibacksolve import measurements as measurements
    from equibacksolve import transport as transport
    from equibacksolve.inverse import AbstractMethod as AbstractMethod
    from equibacksolve.inverse import AbstractResidualTransform as AbstractResidualTransform
    from equibacksolve.inverse import AbstractSymmetry as AbstractSymmetry
    from equibacksolve.inverse import Annealing as Annealing
    from equibacksolve.inverse import Composed as Composed
    from equibacksolve.inverse import Continuation as Continuation
    from equibacksolve.inverse import GradientDescent as GradientDescent
    from equibacksolve.inverse import History as History
    from equibacksolve.inverse import ImageHopping as ImageHopping
    from equibacksolve.inverse import LevenbergMarquardt as LevenbergMarquardt
    from equibacksolve.inverse import Mirror as Mirror
    from equibacksolve.inverse import Negation as Negation
    from equibacksolve.inverse import Observations as Observations
    from equibacksolve.inverse import OptimistixSolver as OptimistixSolver
    from equibacksolve.inverse import Restarts as Restarts
    from equibacksolve.inverse import Schedule as Schedule
    from equibacksolve.inverse import Smoothing as Smoothing
    from equibacksolve.inverse import SmoothnessPrior as SmoothnessPrior
    from equibacksolve.inverse import Solution as Solution
    from equibacksolve.inverse import State as State
    from equibacksolve.inverse import backsolve as backsolve
    from equibacksolve.inverse import backtracking_descent as backtracking_descent
    from equibacksolve.inverse import brisk_schedule as brisk_schedule
    from equibacksolve.inverse import choose_image as choose_image
    from equibacksolve.inverse import closest_image as closest_image
    from equibacksolve.inverse import default_method as default_method
    from equibacksolve.inverse import distinct_solutions as distinct_solutions
    from equibacksolve.inverse import images as images
    from equibacksolve.inverse import mean_squared_error as mean_squared_error
    from equibacksolve.inverse import patient_schedule as patient_schedule
    from equibacksolve.inverse import simulated_observations as simulated_observations
    from equibacksolve.inverse import single_stage as single_stage
    from equibacksolve.inverse import symmetry_error as symmetry_error
    from equibacksolve.inverse import with_leaves as with_leaves
    from equibacksolve.leads import AbstractLead as AbstractLead
    from equibacksolve.leads import WireLead as WireLead
    from equibacksolve.sample import AbstractOnsite as AbstractOnsite
    from equibacksolve.sample import ExchangeField as ExchangeField
    from equibacksolve.sample import OnsiteSum as OnsiteSum
    from equibacksolve.sample import Potential as Potential
    from equibacksolve.sample import SquareLattice as SquareLattice
    from equibacksolve.simulators import AbstractSimulator as AbstractSimulator
    from equibacksolve.simulators import EnergyCalibration as EnergyCalibration
    from equibacksolve.simulators import ExcludedRadius as ExcludedRadius
    from equibacksolve.simulators import FluxOffset as FluxOffset
    from equibacksolve.simulators import JointObservables as JointObservables
    from equibacksolve.simulators import Magnetoconductance as Magnetoconductance
    from equibacksolve.simulators import MomentumImage as MomentumImage
    from equibacksolve.simulators import PairDistances as PairDistances
    from equibacksolve.simulators import RealSpaceImage as RealSpaceImage
    from equibacksolve.simulators import SeriesResistance as SeriesResistance
    from equibacksolve.simulators import StructureFactor as StructureFactor
    from equibacksolve.simulators import ThermalSmearing as ThermalSmearing
