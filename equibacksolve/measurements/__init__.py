"""Measured data: from a file, an array with named axes or a table to `Observations`, in the simulator's units.

Stable: `read`, `tabulate`, `Measurement`, `Report`, `Axis`, `Table`, `Column`, `Estimate`, `LaboratoryUnits` and their
fields, `laboratory_units`, `in_hoppings`, and the functions of the physics of the axes. Files and units need the extra
`data` (pandas, xarray, h5netcdf, pint).
"""

from equibacksolve._quantity import Quantity as Quantity
from equibacksolve.measurements._conversions import in_hoppings as in_hoppings
from equibacksolve.measurements._laboratory import LaboratoryUnits as LaboratoryUnits
from equibacksolve.measurements._laboratory import laboratory_units as laboratory_units
from equibacksolve.measurements._laboratory import load_laboratory_units as load_laboratory_units
from equibacksolve.measurements._physics import CONDUCTANCE_QUANTUM as CONDUCTANCE_QUANTUM
from equibacksolve.measurements._physics import FLUX_QUANTUM as FLUX_QUANTUM
from equibacksolve.measurements._physics import conductance_error as conductance_error
from equibacksolve.measurements._physics import conductance_of_resistance as conductance_of_resistance
from equibacksolve.measurements._physics import conductance_quanta as conductance_quanta
from equibacksolve.measurements._physics import energy_in_hoppings as energy_in_hoppings
from equibacksolve.measurements._physics import flux_per_plaquette as flux_per_plaquette
from equibacksolve.measurements._physics import gate_voltage as gate_voltage
from equibacksolve.measurements._physics import magnetic_field as magnetic_field
from equibacksolve.measurements._physics import siemens as siemens
from equibacksolve.measurements._physics import temperature as temperature
from equibacksolve.measurements._physics import thermal_energy as thermal_energy
from equibacksolve.measurements._quality import Estimate as Estimate
from equibacksolve.measurements._quality import OppositeFields as OppositeFields
from equibacksolve.measurements._quality import curvature_noise as curvature_noise
from equibacksolve.measurements._quality import opposite_fields as opposite_fields
from equibacksolve.measurements._quality import repetition_noise as repetition_noise
from equibacksolve.measurements._read import Measurement as Measurement
from equibacksolve.measurements._read import read as read
from equibacksolve.measurements._report import Axis as Axis
from equibacksolve.measurements._report import Report as Report
from equibacksolve.measurements._sources import tabulate as tabulate
from equibacksolve.measurements._table import Column as Column
from equibacksolve.measurements._table import Table as Table
