"""Simulators: what an instrument would show (eqs. 16, 17 and the conductance map)."""

from equibacksolve.simulators._energy_calibration import EnergyCalibration as EnergyCalibration
from equibacksolve.simulators._excluded_radius import ExcludedRadius as ExcludedRadius
from equibacksolve.simulators._flux_offset import FluxOffset as FluxOffset
from equibacksolve.simulators._joint_observables import JointObservables as JointObservables
from equibacksolve.simulators._magnetoconductance import Magnetoconductance as Magnetoconductance
from equibacksolve.simulators._momentum_image import MomentumImage as MomentumImage
from equibacksolve.simulators._pair_distances import PairDistances as PairDistances
from equibacksolve.simulators._perturbed import AbstractPerturbableSimulator as AbstractPerturbableSimulator
from equibacksolve.simulators._perturbed import Perturbed as Perturbed
from equibacksolve.simulators._perturbed import knows_changes as knows_changes
from equibacksolve.simulators._perturbed import predict_perturbed as predict_perturbed
from equibacksolve.simulators._real_space_image import RealSpaceImage as RealSpaceImage
from equibacksolve.simulators._series_resistance import SeriesResistance as SeriesResistance
from equibacksolve.simulators._simulator import AbstractSimulator as AbstractSimulator
from equibacksolve.simulators._structure_factor import StructureFactor as StructureFactor
from equibacksolve.simulators._structure_image import AbstractStructureImage as AbstractStructureImage
from equibacksolve.simulators._thermal_smearing import ThermalSmearing as ThermalSmearing
