"""The way back: what the numbers of a simulator are in the units of the laboratory."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from equibacksolve._quantity import POTENTIAL, SITE, TEMPERATURE, Quantity
from equibacksolve.measurements import _conversions as conversions
from equibacksolve.measurements import _physics as physics
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._table import Column
from equibacksolve.measurements._units import amount
from equibacksolve.measurements._variables import Sample


@dataclasses.dataclass(frozen=True)
class LaboratoryUnits:
    """What the numbers of a simulator are in the laboratory: for figures, reports and tables. Stable.

    `read(...).units` are those of a file, `laboratory_units(...)` those of a sample. Figures and reports take them as
    `units=`. `units.potential.of(values)` turns hoppings into meV, `units.settings["energy"].of(values)` energies into
    gate voltages.

    **Fields**

    - `settings`: by the keyword of the simulator, what the instrument showed: its name, its unit, its numbers.
    - `reading`: the same of the readings; None where they are shown as the simulator has them.
    - `of_units`: by unit of this package ("hopping", "h/e", "site", "hopping / k_B"), what it is in the laboratory.
    """

    FILE: ClassVar[str] = "laboratory_units.json"
    """What `save` calls its file in a directory."""

    settings: Mapping[str, Quantity]
    reading: Quantity | None
    of_units: Mapping[str, Quantity]

    def of(self, quantity: Quantity) -> Quantity:
        """A quantity in a unit of this package, in that of the laboratory; as it is where this is not known."""
        there = self.of_units.get(quantity.unit)
        if there is None:
            return quantity
        return Quantity(
            quantity.name, there.unit, quantity.scale * there.scale, quantity.zero * there.scale + there.zero
        )

    @property
    def potential(self) -> Quantity:
        """Energies of sites, in meV. Raises ValueError if the hopping is not known."""
        return self._known(POTENTIAL, "hopping='2 meV'")

    @property
    def position(self) -> Quantity:
        """Numbers of sites, counted from 1, in nm from the edge of the first cell. Raises ValueError as `potential`."""
        return self._known(SITE, "cell_area='400 nm^2'")

    @property
    def temperature(self) -> Quantity:
        """Thermal energies k_B T in hoppings, in kelvin. Raises ValueError as `potential`."""
        return self._known(TEMPERATURE, "hopping='2 meV'")

    def _known(self, quantity: Quantity, call: str) -> Quantity:
        unit = quantity.unit
        if unit not in self.of_units:
            raise ValueError(f"these units do not know what a {unit} is; pass {call} to read or to laboratory_units.")
        return self.of(quantity)

    def labelled(self, dataset: Any) -> Any:
        """An `xarray.Dataset`, as of `Solution.to_xarray`, with the coordinates as the instrument had them beside."""
        settings = {name: shown for name, shown in self.settings.items() if name in dataset.coords}
        axes = {
            shown.name: (dataset[name].dims, shown.of(dataset[name].values), {"units": shown.unit})
            for name, shown in settings.items()
            if shown.name not in dataset.variables
        }
        return dataset.assign_coords(axes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file of JSON for `load_laboratory_units`; in a directory, such as that of a run, under a fixed name.

        The program `equibacksolve report` looks for it there.
        """
        path = pathlib.Path(path)
        content = dataclasses.asdict(
            dataclasses.replace(self, settings=dict(self.settings), of_units=dict(self.of_units))
        )
        (path / self.FILE if path.is_dir() else path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_laboratory_units(path: str | os.PathLike[str]) -> LaboratoryUnits:
    """Read what `LaboratoryUnits.save` wrote. Raises FileNotFoundError, and ValueError for a file of another kind."""
    path = pathlib.Path(path)
    path = path / LaboratoryUnits.FILE if path.is_dir() else path
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        settings, of_units = ({name: Quantity(*one) for name, one in content[part].items()} for part in _MAPPINGS)
        reading = None if content["reading"] is None else Quantity(*content["reading"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not hold units of a laboratory; write it by units.save(...).") from error
    return LaboratoryUnits(settings, reading, of_units)


_MAPPINGS = ("settings", "of_units")


def laboratory_units(
    *,
    cell_area: Any = None,
    field_offset: Any = None,
    lever_arm: Any = None,
    offset: Any = None,
    hopping: Any = None,
    field: str = "T",
    gate: str = "V",
) -> LaboratoryUnits:
    """The units of a sample whose measurement was not read by `read`. Stable.

        units = laboratory_units(cell_area="400 nm^2", lever_arm="0.05 eV/V", offset="-0.42 V", hopping="1.42 meV")

    The numbers of the sample are those of `read`; what is left out is shown as the simulator has it. Without a lever
    arm, energies are in meV. `field` and `gate` are the units of the axes. Raises ValueError as `read` does.
    """
    sample = Sample(cell_area, field_offset, lever_arm, offset, hopping)
    settings = {}
    if cell_area is not None:
        settings["flux"] = conversions.flux(_empty("magnetic field", field), **sample.for_flux)
    if hopping is not None:
        axis = _empty("energy", "meV") if lever_arm is None else _empty("gate voltage", gate)
        settings["energy"] = conversions.energy(axis, **sample.for_energy)
    return units_of(settings, None, sample)


def _empty(name: str, unit: str) -> Column:
    return Column(f"{name} ({unit})", name, unit, np.zeros(1))


def units_of(settings: Mapping[str, Converted], measured: Converted | None, sample: Sample) -> LaboratoryUnits:
    """The units of converted columns, and of the sample that they were measured on."""
    of_units = {}
    if sample.cell_area is not None:
        area = amount(sample.cell_area, "nm^2", "cell_area", like="400 nm^2")
        edge = float(np.sqrt(area))
        of_units["h/e"] = Quantity("magnetic field", "T", physics.magnetic_field(1.0, area * 1e-18))
        of_units["site"] = Quantity("position", "nm", edge, -edge / 2)  # from the edge of the first cell to its middle
    if sample.hopping is not None:
        hopping = amount(sample.hopping, "eV", "hopping", like="2 meV")
        of_units["hopping"] = Quantity("energy", "meV", hopping * 1e3)
        of_units["hopping / k_B"] = Quantity("temperature", "K", physics.temperature(1.0, hopping))
    units = LaboratoryUnits({}, measured and measured.shown, of_units)
    shown = {name: units.of(one.shown) if one.shown else _of_convention(name, units) for name, one in settings.items()}
    return dataclasses.replace(units, settings={name: one for name, one in shown.items() if one is not None})


def _of_convention(name: str, units: LaboratoryUnits) -> Quantity | None:
    """Of a setting that was in the simulator's unit already, if its keyword says what it is."""
    plain = {"flux": Quantity("magnetic field", "h/e"), "energy": Quantity("energy", "hopping")}.get(name)
    there = None if plain is None else units.of(plain)
    return None if there == plain else there
