"""From a device to named arrays."""

from typing import Any

import jax
import numpy as np

from equibacksolve._arrays import is_concrete
from equibacksolve._entries import Entries, LinearTerm
from equibacksolve.leads import PeriodicLead, Terminal, WideBandLead
from equibacksolve.models._arrays_of_device import FORMAT, VERSION
from equibacksolve.simulators import TightBindingDevice


def to_arrays(device: TightBindingDevice) -> dict[str, np.ndarray]:
    """The named arrays of a device, which `from_arrays` reads. Raises ValueError as `save_device` does."""
    _check_can_be_written(device)
    sample = device.sample
    found: dict[str, Any] = {"format": FORMAT, "version": VERSION, "field": _field(device)}
    found |= {"positions": sample.positions, "orbital_site": sample.orbital_site, "onsite": sample.onsite.energies()}
    found |= _matrix("H", sample.entries, sample.terms) | {"n_leads": len(device.terminals)}
    for number, terminal in enumerate(device.terminals):
        found |= _of_terminal(f"lead{number}", terminal)
    return {name: np.asarray(value) for name, value in found.items()}


def _check_can_be_written(device: TightBindingDevice) -> None:
    if not is_concrete(*jax.tree.leaves(device)):
        raise ValueError("a device of traced numbers cannot be written; call this outside jax.jit.")
    if device.sample.lossy:
        raise ValueError("a lossy sample cannot be written: the file holds a Hermitian H, and leads of one broadening.")
    for number, terminal in enumerate(device.terminals):
        if not isinstance(terminal.lead, (PeriodicLead, WideBandLead)):
            raise ValueError(
                f"terminal {number} has a {type(terminal.lead).__name__}, which the file has no arrays for; give a "
                "PeriodicLead or a WideBandLead."
            )


def _of_terminal(name: str, terminal: Terminal) -> dict[str, Any]:
    interface, lead = np.asarray(terminal.interface), terminal.lead
    assert isinstance(lead, (PeriodicLead, WideBandLead))  # _check_can_be_written
    if isinstance(lead, WideBandLead):
        return {f"{name}_interface": interface, f"{name}_broadening": lead.broadening}
    touching = lead.coupling
    coupling = Entries(touching.row, interface[np.asarray(touching.column)], touching.value, touching.area)
    return {
        f"{name}_interface": interface,
        f"{name}_size": lead.size,
        f"{name}_onsite": lead.onsite,
        f"{name}_strength": lead.strength,
        **_matrix(f"{name}_H0", lead.cell, lead.terms),
        **_matrix(f"{name}_V", lead.hopping),
        **_matrix(f"{name}_C", coupling),
    }


def _matrix(prefix: str, fixed: Entries, terms: tuple[LinearTerm, ...] = ()) -> dict[str, Any]:
    found = _entries(prefix, fixed)
    for number, term in enumerate(terms):
        # Any text can be the name of a setting, but not a part of the name of an array.
        name = term.setting if term.setting is not None and term.setting.isidentifier() else f"term{number}"
        name = f"{name}_{number}" if f"{prefix}_{name}_row" in found else name
        found |= _entries(f"{prefix}_{name}", term.entries)
        own = {"strength": term.strength, "unknown": term.unknown, "setting": term.setting or ""}
        found |= {f"{prefix}_{name}_{key}": value for key, value in own.items()}
    return found


def _entries(prefix: str, entries: Entries) -> dict[str, Any]:
    found = {"row": entries.row, "col": entries.column, "val": entries.value, "area": entries.area}
    return {f"{prefix}_{key}": value for key, value in found.items() if value is not None}


def _field(device: TightBindingDevice) -> bool:
    """Whether all that must have an area in a magnetic field has one."""
    periodic = [terminal.lead for terminal in device.terminals if isinstance(terminal.lead, PeriodicLead)]
    parts = [device.sample.entries] + [part for lead in periodic for part in (lead.cell, lead.hopping, lead.coupling)]
    return all(part.area is not None for part in parts)
