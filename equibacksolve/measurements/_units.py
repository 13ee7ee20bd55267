"""Units as text, understood by pint. This is the door: further inside there are only plain numbers in SI units."""

import functools
import numbers
import re
from typing import Any

import numpy as np

from equibacksolve.measurements._optional import wanted
from equibacksolve.measurements._requests import shortened

# Quanta as they are written in the field. To pint, e is the charge but h is the hour.
_QUANTA = {
    "e^2/h": "elementary_charge**2/planck_constant",
    "2e^2/h": "2*elementary_charge**2/planck_constant",
    "G_0": "2*elementary_charge**2/planck_constant",
    "h/e^2": "planck_constant/elementary_charge**2",
    "h/2e^2": "planck_constant/elementary_charge**2/2",
    "h/e": "planck_constant/elementary_charge",
    "h/2e": "planck_constant/elementary_charge/2",
}
_OF_ORIGIN = {"\\g(m)": "µ", "\\g(W)": "Ω", "\\+(2)": "^2"}
_SPELLINGS = {"²": "^2", "**": "^", " ": "", "e2": "e^2", "(": "", ")": ""}
_NUMBER = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)$")
_CAPITALISED = re.compile(r"(?:Ohm|Tesla|Gauss|Oersted|Volt|Siemens|Kelvin)(?=s?\b)")
_HOPPINGS = {"t", "hopping", "hoppings"}


@functools.cache
def registry() -> Any:
    """The units of pint, with gauss and oersted as what a magnet's display means by them: 1e-4 T."""
    units = wanted("pint", "reading a column with a unit").UnitRegistry(on_redefinition="ignore")
    units.define("display_gauss = 1e-4 * tesla = display_G")
    return units


def unit(text: str | None) -> Any:
    """The pint quantity that a unit is. Raises ValueError if it is none."""
    known = registry()
    try:
        return known.Quantity(1.0, "") * known.parse_expression(_pint_spelling(str(text)))
    except (
        Exception
    ) as error:  # pint raises errors of its own, of its tokenizer and of Python's for what it cannot read
        raise ValueError(f"'{text}' is not a unit known to pint; write it like 'T', 'uS', 'meV', 'e^2/h'.") from error


def is_unit(text: str) -> bool:
    """Whether pint knows this unit."""
    try:
        return not unit(text).dimensionless
    except ValueError:
        return False


def same_kind(text: str | None, other: str | None) -> bool:
    """Whether one unit converts into the other. Raises ValueError if the first is no unit."""
    return unit(text).is_compatible_with(unit(other))


def factor(text: str | None, target: str) -> float:
    """How many `target` are one `text`. Raises ValueError if they are of different kinds."""
    if not same_kind(text, target):
        raise ValueError(f"'{text}' does not convert to '{target}'.")
    return float(unit(text).to(unit(target).units).magnitude / unit(target).magnitude)


def dimensionless(text: str | None) -> bool:
    """Whether a unit is none at all."""
    return text is None or text.strip() in {"", "1", "-", "dimensionless"} or text.strip() in _HOPPINGS


def is_hopping(text: str | None) -> bool:
    """Whether somebody has said that the unit is the hopping."""
    return text is not None and text.strip() in _HOPPINGS


def split_amount(given: Any, argument: str) -> tuple[float, str | None]:
    """Number and unit of what a user gave: "400 nm^2", a pint quantity, or a number (then the unit is None)."""
    if not is_amount(given):
        raise ValueError(f"{argument} is {shortened(given)}; give one number, with its unit if it has one.")
    if hasattr(given, "units") and hasattr(given, "magnitude"):
        given = f"{float(given.magnitude)!r} {given.units}"
    elif isinstance(given, numbers.Real) and not isinstance(given, bool):
        given = repr(float(given))  # a Fraction, or a number of NumPy, is no text to be read
    parsed = _NUMBER.match(str(given))
    if not parsed:
        raise ValueError(
            f"{argument} is {shortened(given)!r}; give a number, with its unit if it has one, like '1.5 mV'."
        )
    return float(parsed[1]), parsed[2].strip() or None


def is_amount(given: Any) -> bool:
    """Whether this is text, a number or one quantity, and no array of them."""
    if isinstance(given, (list, tuple)) or given is None:
        return False
    return isinstance(given, str) or np.ndim(getattr(given, "magnitude", given)) == 0


def amount(given: Any, target: str, argument: str, *, bare: str | None = None, like: str = "") -> float:
    """What a user gave, as a number of `target`; `bare` is the unit of a number without one, if that is allowed.

    `like` is an example for messages.

    Raises ValueError for a number without a unit where one is needed, and for a unit of another kind.
    """
    number, text = split_amount(given, argument)
    if text is None and bare is None:
        raise ValueError(f"{argument}={given} has no unit; write it as text, like {argument}='{like or target}'.")
    text = bare if text is None else text
    if dimensionless(text) and dimensionless(target):
        return number
    try:
        return number * factor(text, target)
    except ValueError as error:
        raise ValueError(f"{argument}={given}: {error}") from error


def _pint_spelling(text: str) -> str:
    for origin, plain in _OF_ORIGIN.items():
        text = text.replace(origin, plain)
    tidy = text.strip()
    for spelling, plain in _SPELLINGS.items():
        tidy = tidy.replace(spelling, plain)
    if tidy in _QUANTA:
        return _QUANTA[tidy]
    text = _CAPITALISED.sub(lambda word: word[0].lower(), text.replace("\u2126", "Ω"))
    text = re.sub(r"\b([kmuµμ]?)(?:Oe|oersted)\b", r"\1G", text)
    return re.sub(r"\b([kmuµμ]?)(?:G|gauss)\b", r"\1display_G", text)
