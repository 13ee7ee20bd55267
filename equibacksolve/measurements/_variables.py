"""Which column is which variable of the simulator, and its conversion into the simulator's units."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from equibacksolve.measurements import _conversions as conversions
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._requests import one_number, shortened
from equibacksolve.measurements._table import Column, Table

Chosen = Any
"""A column by name or header, or the number that a setting had at every point."""

_RESERVED = {"values", "sigma", "mask", "grid"}
_OF_RESULTS = {"cell_area", "hopping"}
"""Numbers of the sample that turn results into units of the laboratory, whatever the axes are in."""

_CALLED = {"flux": ("flux", "B"), "energy": ("energy", "Vg"), "value": ("G",)}


@dataclasses.dataclass(frozen=True)
class Sample:
    """What turns the axes of an instrument into those of a lattice; each text with a unit, or None."""

    cell_area: Any = None
    field_offset: Any = None
    lever_arm: Any = None
    offset: Any = None
    hopping: Any = None

    @property
    def for_flux(self) -> dict[str, Any]:
        """The numbers that belong to a magnetic field."""
        return {"cell_area": self.cell_area, "field_offset": self.field_offset}

    @property
    def for_energy(self) -> dict[str, Any]:
        """The numbers that belong to a gate."""
        return {"lever_arm": self.lever_arm, "offset": self.offset, "hopping": self.hopping}


def converted_variables(
    table: Table,
    flux: Chosen | None,
    energy: Chosen | None,
    others: Mapping[str, Chosen] | None,
    sample: Sample,
    convert: Mapping[str, str],
) -> dict[str, Converted]:
    """The settings by the simulator's keyword, in its units. Flux and energy are among them for a conductance."""
    variables = {}
    if is_transport(flux, energy, others):
        variables["flux"] = _transport(table, "flux", flux, conversions.flux, sample.for_flux, "h/e")
        variables["energy"] = _transport(table, "energy", energy, conversions.energy, sample.for_energy, "hopping")
    else:
        _refuse({**sample.for_flux, **sample.for_energy}, "no flux= and energy= are asked for")
        if not others:
            raise ValueError("variables is empty; name at least one setting, like variables={'time': 't (s)'}.")
    for name, chosen in (others or {}).items():
        if name in _RESERVED:
            raise ValueError(
                f"variables names '{name}', which Observations keeps for itself; call the setting otherwise."
            )
        if name in variables:
            raise ValueError(f"variables names '{name}', which {name}= names already; leave one of them out.")
        if isinstance(chosen, str):
            column = table.column(chosen, f"variables['{name}']")
            variables[name] = conversions.unchanged(column, convert.get(name))
        else:
            variables[name] = _by_hand(table, chosen, None, f"variables['{name}']")
    fixed = {"flux", "energy", "value"} if is_transport(flux, energy, others) else set()
    for name in convert:
        if name in fixed or name not in (*variables, "value"):
            told = "has the simulator's unit already" if name in fixed else "is no variable"
            raise ValueError(f"convert names '{name}', which {told}; it is for variables= and their value.")
    return variables


def converted_value(
    table: Table, value: str | None, transport: bool, convert: Mapping[str, str], bias: Any = None
) -> Converted:
    """The readings: conductance in e^2/h if flux and energy were asked for, else as they are."""
    column = table.column(value or table.value or table.first_of(_CALLED["value"], "value"), "value")
    if not transport:
        _refuse({"bias": bias}, "no flux= and energy= are asked for")
    return conversions.conductance(column, bias) if transport else conversions.unchanged(column, convert.get("value"))


def is_transport(flux: Chosen | None, energy: Chosen | None, others: Mapping[str, Chosen] | None) -> bool:
    """Whether the data are a conductance over flux and energy."""
    return others is None or flux is not None or energy is not None


def _transport(table: Table, name: str, chosen: Chosen | None, conversion, sample: dict, unit: str) -> Converted:
    if chosen is None:
        chosen = table.first_of(_CALLED[name], name)
    if isinstance(chosen, str):
        return conversion(table.column(chosen, name), **sample)
    by_hand = _by_hand(table, chosen, unit, name)
    of_axis = {argument: given for argument, given in sample.items() if argument not in _OF_RESULTS}
    _refuse(of_axis, f"{name}={shortened(chosen)} is a number in {unit}")
    return by_hand


def _by_hand(table: Table, number: Any, unit: str | None, name: str) -> Converted:
    values = np.full(int(np.prod(table.shape)), one_number(number, name))
    return Converted(values, unit, np.zeros_like(values), Column("", "", None, values), "given by hand")


def _refuse(arguments: dict[str, Any], because: str) -> None:
    for name, given in arguments.items():
        if given is not None:
            raise ValueError(f"{name} is given, but {because}, so that nothing needs it; leave it out.")
