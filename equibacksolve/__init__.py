"""equibacksolve: recover hidden parameters of a physical system from measured data.

What most scripts need stands here; every name, these included, has its place in one of the rooms.
"""

from typing import TYPE_CHECKING

from equibacksolve import _collector as _collector

with _collector.nothing_collected():
    from jaxtyping import install_import_hook

    from equibacksolve import _dependencies as _dependencies
    from equibacksolve import _typechecking as _typechecking

# Every function checks the shapes and dtypes that its signature names.
with (
    _collector.nothing_collected(),
    install_import_hook("equibacksolve", "equibacksolve._typechecking.checked_when_called"),
):
    from equibacksolve import atoms as atoms
    from equibacksolve import diagnostics as diagnostics
    from equibacksolve import imaging as imaging
    from equibacksolve import inverse as inverse
    from equibacksolve import leads as leads
    from equibacksolve import measurements as measurements
    from equibacksolve import methods as methods
    from equibacksolve import models as models
    from equibacksolve import phasing as phasing
    from equibacksolve import samples as samples
    from equibacksolve import scattering as scattering
    from equibacksolve import search as search
    from equibacksolve import simulators as simulators
    from equibacksolve import specialists as specialists
    from equibacksolve import transport as transport
    from equibacksolve._version import __version__ as __version__
    from equibacksolve.inverse import JointObservations as JointObservations
    from equibacksolve.inverse import KnownMean as KnownMean
    from equibacksolve.inverse import Mirror as Mirror
    from equibacksolve.inverse import Negation as Negation
    from equibacksolve.inverse import Observations as Observations
    from equibacksolve.inverse import Smoothness as Smoothness
    from equibacksolve.inverse import TotalVariation as TotalVariation
    from equibacksolve.inverse import choose_image as choose_image
    from equibacksolve.inverse import load_observations as load_observations
    from equibacksolve.inverse import mean_squared_error as mean_squared_error
    from equibacksolve.inverse import simulated_observations as simulated_observations
    from equibacksolve.leads import Terminal as Terminal
    from equibacksolve.leads import WireLead as WireLead
    from equibacksolve.methods import LevenbergMarquardt as LevenbergMarquardt
    from equibacksolve.methods import backtracking_descent as backtracking_descent
    from equibacksolve.models import load_device as load_device
    from equibacksolve.samples import ExchangeField as ExchangeField
    from equibacksolve.samples import Potential as Potential
    from equibacksolve.samples import SquareLattice as SquareLattice
    from equibacksolve.search import Solution as Solution
    from equibacksolve.search import backsolve as backsolve
    from equibacksolve.search import load_solution as load_solution
    from equibacksolve.simulators import AbstractJointSimulator as AbstractJointSimulator
    from equibacksolve.simulators import AbstractSimulator as AbstractSimulator
    from equibacksolve.simulators import AbstractTiedSimulator as AbstractTiedSimulator
    from equibacksolve.simulators import Conductance as Conductance
    from equibacksolve.simulators import EnergyCalibration as EnergyCalibration
    from equibacksolve.simulators import FluxOffset as FluxOffset
    from equibacksolve.simulators import Magnetoconductance as Magnetoconductance
    from equibacksolve.simulators import MomentumImage as MomentumImage
    from equibacksolve.simulators import SeriesResistance as SeriesResistance
    from equibacksolve.simulators import ThermalSmearing as ThermalSmearing
    from equibacksolve.simulators import TightBindingDevice as TightBindingDevice

if TYPE_CHECKING:
    from equibacksolve import plotting as plotting
    from equibacksolve import reporting as reporting
    from equibacksolve import testing as testing
else:
    from equibacksolve._on_demand import __getattr__ as __getattr__
