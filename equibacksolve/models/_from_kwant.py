"""From a system of Kwant to a device, where both are installed."""

from collections.abc import Mapping
from typing import Any

from equibacksolve.models._from_arrays import from_arrays
from equibacksolve.models.export_kwant import arrays
from equibacksolve.scattering import AbstractSolver
from equibacksolve.simulators import TightBindingDevice


def from_kwant(
    system: Any,
    *,
    flux: str | None = None,
    linear: str | tuple[str, ...] = (),
    params: Mapping[str, Any] | None = None,
    solver: AbstractSolver | None = None,
) -> TightBindingDevice:
    """The device that a finalised system of Kwant (1.4 or later) is, with periodic leads.

    Where Kwant is installed elsewhere, because it needs an older NumPy, copy `equibacksolve/models/export_kwant.py`
    there: it writes what `load_device` reads.

    **Arguments**

    - `system`: as `builder.finalized()` returns it.
    - `flux`: the name of the parameter that is the magnetic field; hoppings have the phase 2 pi flux area.
    - `linear`: names of parameters that H depends on linearly: settings of the measurement.
    - `params`: the values of all other parameters.
    - `solver`: as for `TightBindingDevice`.

    The potential is zero, and is added to the onsite energies of the system.

    **Raises** ValueError if Kwant's matrices are not of this form, which is checked at two fields.
    """
    return from_arrays(arrays(system, flux=flux, linear=linear, params=params), solver=solver)
