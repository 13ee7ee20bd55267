"""From a column in the units of an instrument to the numbers that a simulator takes."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from equibacksolve._quantity import Quantity
from equibacksolve.measurements import _physics as physics
from equibacksolve.measurements._table import Column
from equibacksolve.measurements._units import amount, dimensionless, factor, is_hopping, same_kind, split_amount


@dataclasses.dataclass(frozen=True)
class Converted:
    """A column after conversion.

    **Fields**

    - `values`.
    - `unit`: of `values`, None if there is none.
    - `slope`: |d(values)/d(entry of the column)|, by which a standard deviation is carried over.
    - `column`: as the source has it.
    - `how`: the conversion, in words.
    - `shown`: the way back, to the column's name, unit and entries; None where `values` are shown as they are (1/R).
    """

    values: Float[np.ndarray, " points"]
    unit: str | None
    slope: Float[np.ndarray, " points"]
    column: Column
    how: str
    shown: Quantity | None = None


def unchanged(column: Column, target: str | None = None) -> Converted:
    """A column as it is, or in another unit of the same kind."""
    raw = column.numbers()
    if target is None or target == column.unit:
        how = f"taken as it is{f', in {column.unit}' if column.unit else ''}"
        return Converted(raw, column.unit, np.ones_like(raw), column, how, _back(column, 1.0))
    if column.unit is None:
        raise ValueError(
            f"column '{column.header}' is to be converted to {target} but has no unit; "
            f"pass units={{'{column.name}': ...}}."
        )
    scale = _factor(column, target)
    how = f"1 {column.unit} = {scale:.6g} {target}"
    return Converted(raw * scale, target, np.full_like(raw, scale), column, how, _back(column, scale))


def _back(column: Column, scale: float, zero: float = 0.0) -> Quantity:
    """The column, of which an entry that is larger by 1 gives a value that is larger by `scale`, and `zero` gives 0."""
    return Quantity(column.name, column.unit or "", 1 / scale, zero)


def flux(column: Column, cell_area: Any = None, field_offset: Any = None) -> Converted:
    """Flux per plaquette in h/e, of a magnetic field (needs the cell area), of a flux, or of a number as it is."""
    raw = column.numbers()
    if dimensionless(column.unit):
        needless = {"cell_area": cell_area, "field_offset": field_offset}
        _refuse_unneeded(column, "a flux per plaquette in h/e", "'T' or 'h/e'", **needless)
        return Converted(raw, "h/e", np.ones_like(raw), column, "taken as flux per plaquette in h/e")
    if _is(column, "h/e"):
        _refuse_unneeded(column, "a flux", "'T'", field_offset=field_offset)
        return unchanged(column, "h/e")
    if not _is(column, "T"):
        raise _unexpected(column, "a magnetic field (T, mT, G), a flux (h/e) or no unit")
    _need(column, "to become a flux", cell_area=(cell_area, "400 nm^2"))
    area = amount(cell_area, "m^2", "cell_area", like="400 nm^2")
    zero = 0.0 if field_offset is None else amount(field_offset, "T", "field_offset", bare=column.unit)
    tesla = _factor(column, "T")
    values = physics.flux_per_plaquette(raw * tesla, area, zero)
    per_tesla = physics.flux_per_plaquette(1.0, area)
    how = f"flux = {_less('B', zero, 'T')} a^2 / (h/e), a^2 = {area * 1e18:.6g} nm^2: 1 T is {per_tesla:.6g} h/e"
    slope = tesla * per_tesla
    return Converted(values, "h/e", np.full_like(raw, slope), column, how, _back(column, slope, zero / tesla))


def energy(column: Column, lever_arm: Any = None, offset: Any = None, hopping: Any = None) -> Converted:
    """Energy in hoppings: of a gate voltage (lever arm, hopping), of an energy (hopping), or of a number as it is."""
    raw = column.numbers()
    if dimensionless(column.unit):
        needless = {"lever_arm": lever_arm, "offset": offset}
        needless |= {} if is_hopping(column.unit) else {"hopping": hopping}
        _refuse_unneeded(column, "an energy in hoppings", "'V' or 'hopping'", **needless)
        return Converted(raw, "hopping", np.ones_like(raw), column, "taken as energy in hoppings")
    is_voltage = _is(column, "V")
    if not is_voltage and not _is(column, "eV"):
        raise _unexpected(column, "a gate voltage (V, mV), an energy (eV, meV) or no unit")
    if is_voltage:
        _need(column, "to become an energy", lever_arm=(lever_arm, "0.1 eV/V"), hopping=(hopping, "2 meV"))
        alpha, unit = amount(lever_arm, "eV/V", "lever_arm", bare="eV/V"), "V"
    else:
        _refuse_unneeded(column, "an energy", "'V'", lever_arm=lever_arm)
        _need(column, "to be counted in hoppings", hopping=(hopping, "2 meV"))
        alpha, unit = 1.0, "eV"
    t = amount(hopping, "eV", "hopping", like="2 meV")
    zero = 0.0 if offset is None else amount(offset, unit, "offset", bare=column.unit)
    scale = _factor(column, unit)
    values = physics.energy_in_hoppings(raw * scale, alpha, t, zero)
    symbol = "V" if is_voltage else "E"
    arm = f"{alpha:.6g} eV/V * " if is_voltage else ""
    how = f"energy = {arm}{_less(symbol, zero, unit)} / t, t = {t * 1e3:.6g} meV: 1 {unit} is {alpha / t:.6g} hoppings"
    slope = scale * alpha / t
    return Converted(values, "hopping", np.full_like(raw, abs(slope)), column, how, _back(column, slope, zero / scale))


def in_hoppings(given: Any, hopping: Any = None, *, argument: str = "temperature") -> float:
    """A temperature (as k_B T) or an energy, counted in hoppings. Stable.

        ThermalSmearing(device, in_hoppings("100 mK", hopping="1.42 meV"))

    `given`: text with a unit, "100 mK" or "0.01 meV"; a number without a unit is in hoppings already. `hopping`:
    "2 meV", needed for the former; `argument`: what messages call `given`. Raises ValueError without it, and for other
    units.
    """
    number, unit = split_amount(given, argument)
    if dimensionless(unit):
        return number
    kelvin = same_kind(unit, "K")
    if not kelvin and not same_kind(unit, "eV"):
        raise ValueError(f"{argument} is {given}; give it in kelvin, '100 mK', or as a number of hoppings.")
    if hopping is None:
        raise ValueError(
            f"{argument} is {given}, which becomes a number of hoppings by hopping; pass hopping='2 meV', that of your "
            f"sample, or {argument} as a number of hoppings."
        )
    t = amount(hopping, "eV", "hopping", like="2 meV")
    size = number * factor(unit, "K" if kelvin else "eV")
    return float(physics.thermal_energy(size, t) if kelvin else physics.energy_in_hoppings(size, 1.0, t))


def conductance(column: Column, bias: Any = None) -> Converted:
    """Conductance in e^2/h, of a conductance, a resistance, a current at a voltage, a voltage at a current (`bias`),
    or of a number as it is."""
    raw = column.numbers()
    if dimensionless(column.unit):
        _refuse_unneeded(column, "a conductance in e^2/h", "'nA'", bias=bias)
        return Converted(raw, "e^2/h", np.ones_like(raw), column, "taken as conductance in e^2/h")
    if _is(column, "A"):
        _need(column, "to become a conductance", bias=(bias, "10 uV"))
        return _proportional(column, _factor(column, "A") / _bias(bias, "V"), f"G = I / V, V = {bias}: ")
    if _is(column, "V"):
        _need(column, "to become a conductance", bias=(bias, "1 nA"))
        return _inverse(column, _factor(column, "V") / _bias(bias, "A"), f"G = I / V, I = {bias}, in e^2/h")
    _refuse_unneeded(column, "a conductance or a resistance", "'nA'", bias=bias)
    if _is(column, "S"):
        return _proportional(column, _factor(column, "S"), "")
    if not _is(column, "ohm"):
        raise _unexpected(
            column, "a conductance (S, uS, e^2/h), a resistance (ohm, kohm), a current or voltage at a bias, or no unit"
        )
    return _inverse(column, _factor(column, "ohm"), "G = 1/R in e^2/h, sigma_G = sigma_R / R^2")


def _proportional(column: Column, siemens: float, how: str) -> Converted:
    """A conductance whose entry 1 is so many siemens."""
    raw, scale = column.numbers(), physics.conductance_quanta(siemens)
    same = bool(np.isclose(scale, 1, rtol=1e-12))
    plain = "taken as it is, in e^2/h" if same else f"1 {column.unit} = {scale:.6g} e^2/h"
    slope, shown = np.full_like(raw, abs(scale)), None if same else _back(column, scale)
    return Converted(raw * scale, "e^2/h", slope, column, how + plain, shown)


def _inverse(column: Column, ohm: float, how: str) -> Converted:
    """A resistance whose entry 1 is so many ohms."""
    raw = column.numbers()
    with np.errstate(divide="ignore", invalid="ignore"):
        values = physics.conductance_of_resistance(raw * ohm)
        slope = physics.conductance_error(raw * ohm, abs(ohm))
    # A resistance beyond the range of its meter (inf) is no reading of G = 0.
    values = np.where(np.isinf(raw), np.inf, values)
    return Converted(values, "e^2/h", slope, column, how)


def _bias(bias: Any, unit: str) -> float:
    size = amount(bias, unit, "bias", like="10 uV" if unit == "V" else "1 nA")
    if not np.isfinite(size) or size == 0:
        raise ValueError(f"bias must be a finite number other than zero; got {bias}.")
    return size


def _is(column: Column, target: str) -> bool:
    try:
        return same_kind(column.unit, target)
    except ValueError as error:
        raise ValueError(
            f"column '{column.header}' has a unit that cannot be read: {str(error)[:-1]}, or pass "
            f"units={{'{column.name}': ...}} to say what it is."
        ) from error


def _factor(column: Column, target: str) -> float:
    if not _is(column, target):
        raise ValueError(f"column '{column.header}' is in {column.unit}, which does not convert to {target}.")
    return factor(column.unit, target)


def _unexpected(column: Column, expected: str) -> ValueError:
    return ValueError(
        f"column '{column.header}' has the unit '{column.unit}', but {expected} was expected; name another column, or "
        f"pass units={{'{column.name}': ...}} if the source is wrong."
    )


def _need(column: Column, purpose: str, **arguments: tuple[Any, str]) -> None:
    missing = [name for name, (given, _) in arguments.items() if given is None]
    if missing:
        calls = ", ".join(f"{name}='{arguments[name][1]}'" for name in missing)
        raise ValueError(
            f"column '{column.header}' is in {column.unit} and needs {' and '.join(missing)} {purpose}; pass {calls} "
            "with the numbers of your sample."
        )


def _refuse_unneeded(column: Column, taken_as: str, likely: str, **arguments: Any) -> None:
    """Raise ValueError for what nothing needs: the column may lack its unit, which is `likely` one of these."""
    for name, given in arguments.items():
        if given is not None:
            unit = "no unit" if dimensionless(column.unit) else f"the unit {column.unit}"
            raise ValueError(
                f"{name} is given, but column '{column.header}' has {unit} and is taken as {taken_as}; leave {name} "
                f"out, or say what it is by units={{'{column.name}': ...}}, such as {likely}."
            )


def _less(symbol: str, zero: float, unit: str) -> str:
    if zero == 0:
        return symbol
    return f"({symbol} {'-' if zero > 0 else '+'} {abs(zero):.6g} {unit})"
