"""Models that come in: devices from arrays, from a file, from Kwant, from sisl."""

from equibacksolve.models._device_file import load_device as load_device
from equibacksolve.models._device_file import save_device as save_device
from equibacksolve.models._from_arrays import from_arrays as from_arrays
from equibacksolve.models._from_kwant import from_kwant as from_kwant
from equibacksolve.models._from_sisl import from_sisl as from_sisl
