"""A table: the one form into which every kind of file and data set is brought before it is understood."""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from equibacksolve._arrays import is_missing, masked_array
from equibacksolve.measurements._words import number_of_word

_IN_BRACKETS = re.compile(r"^(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*)[)\]]$")
_AFTER_SLASH = re.compile(r"^(?P<name>[^/]*[^/\s])\s*/\s*(?P<unit>\S+)$")
_DERIVATIVE = re.compile(r"^[d∂δΔ]\w+\s*/\s*[d∂δΔ]\w+$")
_NO_READING = 1e36
"""From here on, a number stands for none: 9.91e37 (SCPI: not a number), 9.96921e36 (netCDF: never written), 1e38,
3.4e38 and 1.8e308 (the largest of their precision), 199.999e99 (a display that overflows). No instrument reads so much
in a unit that it knows: charge carriers in a cubic metre of metal are 1e29 of them. The cut is on what the source says,
before units: as a resistance, a dummy value would become a conductance of nearly zero. Smaller dummies (-9999, 1e30)
might be readings: `far_readings` makes them a doubt."""

_BETWEEN_NUMBERS = re.compile(r"^\s*[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*([^\s\w.,+/-])\s*[-+]?[\d.]")


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its name, its unit as the file has it (None if it has none), and one entry per point.

    `decimal`: the mark in numbers that stand as text among the entries.
    """

    header: str
    name: str
    unit: str | None
    entries: Shaped[np.ndarray, " points"]
    decimal: str = "."

    def numbers(self) -> Float[np.ndarray, " points"]:
        """The entries as numbers, NaN where there is none. Raises ValueError for text and complex numbers.

        Instruments that speak SCPI write 9.9E37 for infinity (SCPI-1999, 7.2.1.4). All else from `_NO_READING` on is a
        dummy value, and so none.
        """
        numbers = self._raw()
        infinite = np.isclose(np.abs(numbers), 9.9e37, rtol=1e-6, atol=0)
        numbers = np.where(infinite, np.copysign(np.inf, numbers), numbers)
        return np.where(_is_dummy(numbers), np.nan, numbers)

    def dummies(self) -> Bool[np.ndarray, " points"]:
        """Where a dummy value stands, which `numbers` takes as none."""
        return np.isnan(self.numbers()) & _is_dummy(self._raw())

    def _raw(self) -> Float[np.ndarray, " points"]:
        if np.iscomplexobj(self.entries):
            raise ValueError(f"column '{self.header}' is complex; give its real part, its magnitude or one quadrature.")
        return self.entries.astype(float) if self.entries.dtype.kind in "biuf" else self._parsed()

    def _parsed(self) -> Float[np.ndarray, " points"]:
        numbers = np.full(self.entries.shape, np.nan)
        for row, entry in enumerate(self.entries):
            try:
                known = _word(entry)
                numbers[row] = float(self._with_point(entry)) if known is None else known
            except (TypeError, ValueError):
                raise ValueError(
                    f"column '{self.header}' has {str(entry)[:40]!r} in data row {row + 1} where a number was expected"
                    f"{self._why_none(entry)}."
                ) from None
        return numbers

    def _with_point(self, entry: Any) -> Any:
        if self.decimal == "." or not isinstance(entry, str):
            return entry
        if "." in entry:  # 1.234 may be a thousand and more
            raise ValueError("another decimal mark")
        return entry.replace(",", ".")

    def _why_none(self, entry: Any) -> str:
        text = entry if isinstance(entry, str) and re.fullmatch(r"\s*[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*", entry) else ""
        if "." in text and "," in text:
            return ", without a mark between thousands"
        if "." in text or "," in text:
            return f" with the decimal mark '{self.decimal}'; pass decimal= if it is another one"
        if marks := _BETWEEN_NUMBERS.match(str(entry)):
            return f"; if {marks[1]!r} stands between the cells, pass separator={marks[1]!r}"
        return (
            "; leave a missing entry empty, or write NaN; if lines above the headers mislead, pass skip=, their number"
        )

    def flags(self) -> Shaped[np.ndarray, " points"]:
        """The entries as True and False. Raises ValueError for entries that are neither 0 nor 1."""
        words = {"true": True, "false": False, "yes": True, "no": False}
        entries = np.array([words.get(str(entry).strip().lower(), entry) for entry in self.entries], dtype=object)
        numbers = dataclasses.replace(self, entries=entries).numbers()
        if not np.isin(numbers, (0, 1)).all():
            bad = numbers[~np.isin(numbers, (0, 1))][0]
            raise ValueError(
                f"column '{self.header}' has {bad:g} where a mask was expected: 1 (counts) or 0 (does not)."
            )
        return numbers.astype(bool)


@dataclasses.dataclass(frozen=True)
class Table:
    """What was found in a source: columns of equal length, and the shape that the readings had there.

    **Fields**

    - `source`: what to call it in messages.
    - `columns`.
    - `shape`: the points as the source arranged them (rows of a file, the mesh of an array), which is the shape that a
      mask or sigma given as an array must have.
    - `value`: the header of the readings where the source has only one kind of them (a map, a DataArray), else None.
    - `dims`: what the source calls the axes of `shape`, if it names them.
    """

    source: str
    columns: tuple[Column, ...]
    shape: tuple[int, ...]
    value: str | None = None
    dims: tuple[Any, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of all columns, as the source has them."""
        return tuple(column.header for column in self.columns)

    def has(self, wanted: str) -> bool:
        """Whether exactly one column has this name or header."""
        return len(self._found(wanted)) == 1

    def column(self, wanted: str, argument: str) -> Column:
        """The column of this name or header. Raises ValueError that lists the columns there are."""
        found = self._found(wanted)
        if len(found) > 1:
            raise ValueError(
                f"{argument}= names the column '{wanted}', which {self.source} has {len(found)} times; "
                f"give the whole header, one of {_listed(column.header for column in found)}."
            )
        if not found:
            names = {column.name.lower(): column.name for column in self.columns}
            near = () if self._unnamed else difflib.get_close_matches(wanted.lower(), names, 1, cutoff=0.5)
            meant = f"did you mean '{names[near[0]]}'?" if near else f"name one of them by {argument}={self._unnamed}"
            raise ValueError(
                f"{argument}= names the column '{wanted}', which {self.source} does not have; its columns are "
                f"{_listed(self.headers)}; {meant}"
            )
        return found[0]

    def first_of(self, names: tuple[str, ...], argument: str) -> str:
        """The first of these names that is a column. Raises ValueError that lists the columns there are."""
        for name in names:
            if self.has(name):
                return name
        raise ValueError(
            f"{argument} was left out, and {self.source} has no column called {' or '.join(map(repr, names))}; its "
            f"columns are {_listed(self.headers)}; name one of them by {argument}={self._unnamed or '.'}"
        )

    def with_units(self, units: Mapping[str, str]) -> "Table":
        """The table with these units, by name or header of the column, in place of what the source says."""
        given = {self.column(wanted, "units").header: unit for wanted, unit in units.items()}
        changed = [dataclasses.replace(c, unit=given.get(c.header, c.unit)) for c in self.columns]
        return dataclasses.replace(self, columns=tuple(changed))

    @property
    def _unnamed(self) -> str:
        """What to do about a file without headers; nothing if this is none."""
        if not self.columns or any(not column.header.startswith("column ") for column in self.columns):
            return ""
        return (
            ", or give the headers that the file does not have by header=; if its first row and column are axes, pass "
            "form='matrix'."
        )

    def _found(self, wanted: str) -> list[Column]:
        exact = [column for column in self.columns if column.header == wanted]
        return exact or [column for column in self.columns if column.name == wanted]


def column(header: Any, entries: Any, unit: str | None = None, *, is_unit=None) -> Column:
    """A column from its header, which may carry the unit: `B (T)`, `B [T]` or `B/T`.

    What follows a slash is a unit only if `is_unit` says so, and never in a derivative: dI/dV is a name.
    """
    header = str(header).strip()
    name, found = split_header(header, is_unit)
    return Column(header, name, unit or found, entries_of(entries, header).reshape(-1))


def entries_of(given: Any, header: str) -> Shaped[np.ndarray, "..."]:
    """As an array of NumPy; where something is missing stands NaN, or None among what are no numbers."""
    try:
        array = masked_array(given, header)
    except TypeError:  # text, dates and whatever else a source holds: no harm while nobody uses the column
        array = _of_anything(given)
    entries, gone = np.ma.getdata(array), np.ma.getmaskarray(array)
    if not gone.any():
        return entries
    if entries.dtype.kind in "iuf":
        return np.where(gone, np.nan, entries)
    return np.where(gone, np.array(None), entries)


def _of_anything(given: Any) -> np.ma.MaskedArray:
    array = np.array(given, dtype=object) if isinstance(given, (list, tuple)) else np.asanyarray(given)
    if array.dtype != object:
        return np.ma.asarray(array)
    gone = np.array([is_missing(entry) for entry in np.ma.getdata(array).reshape(-1)], bool).reshape(array.shape)
    return np.ma.masked_array(np.ma.getdata(array), gone | np.ma.getmaskarray(array))


def _is_dummy(numbers: Float[np.ndarray, " points"]) -> Bool[np.ndarray, " points"]:
    return np.isfinite(numbers) & (np.abs(numbers) >= _NO_READING)


def split_header(header: str, is_unit=None) -> tuple[str, str | None]:
    """Name and unit of a header such as `B (T)`, `B [T]` or `B/T`; the unit is None if there is none."""
    if bracketed := _IN_BRACKETS.match(header):
        return bracketed["name"].strip(), bracketed["unit"].strip() or None
    slashed = _AFTER_SLASH.match(header)
    if slashed and is_unit is not None and not _DERIVATIVE.match(header) and is_unit(slashed["unit"]):
        return slashed["name"].strip(), slashed["unit"]
    return header, None


def _word(entry: Any) -> float | None:
    """What stands for a number where there is none, or None for what may be one."""
    if is_missing(entry):
        return np.nan
    return number_of_word(entry) if isinstance(entry, str) else None


def _listed(names) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"
