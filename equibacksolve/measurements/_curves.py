"""Curves side by side: each column is one curve, and its header says where it was taken, `G(B=0.1T)`."""

import re

import numpy as np

from equibacksolve.measurements._layout import number_of
from equibacksolve.measurements._table import Column, Table, column
from equibacksolve.measurements._units import is_unit

_TAKEN_AT = re.compile(
    r"^(?:(?P<value>[^=()\[\]@]*?)\s*(?:[(\[@,;]|\bat\b)\s*)?(?P<axis>[^=()\[\]@]+?)\s*="
    r"\s*(?P<number>[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?)\s*(?P<unit>[^()\[\]]*?)\s*[)\]]?\s*(?P<rest>(?:[(\[/].*)?)$"
)
_SETTING = re.compile(r"\s*[^\W\d]\w*\s*=\s*[-+]?\d*[.,]?\d+\s*\S*\s*")


def with_settings(names: list[str], below: list[list[str]]) -> list[str]:
    """Headers that stand several times, with what a row of comments below the units says of each: `G(B=0.1 T)`."""
    repeated = {name for name in names if names.count(name) > 1}
    said = [cells for cells in below if len(cells) <= len(names) and any(map(_SETTING.fullmatch, cells))]
    if not repeated or not said:
        return names
    comments = [*said[0], *[""] * (len(names) - len(said[0]))]
    told = lambda name, comment: name in repeated and _SETTING.fullmatch(comment)
    return [f"{name}({comment})" if told(name, comment) else name for name, comment in zip(names, comments)]


def gathered(table: Table, value: str | None = None) -> Table:
    """The table with one row a point, if two columns or more are curves of one quantity at settings of one axis.

    `Vg (V), G(B=0.1T), G(B=0.2T)` becomes Vg, B and G; the other columns are repeated for each curve, or taken one by
    one where each curve has its own, `Vg, G(B=0.1T), Vg, G(B=0.2T)`. A unit of the readings may follow, `G(B=0.1T)
    (uS)`, or stand in a row of units. A table of another kind is left as it is, and one of which `value` names a single
    curve.
    """
    found = [(one, _TAKEN_AT.match(one.header)) for one in table.columns]
    curves = [(one, taken) for one, taken in found if taken]
    kinds = {(taken["value"], taken["axis"], taken["unit"], taken["rest"]) for _, taken in curves}
    settings = [number_of(taken["number"]) for _, taken in curves]
    if (
        value in table.headers
        or len(curves) < 2
        or len(kinds) > 1
        or len(set(settings)) < len(settings)
        or len(table.shape) > 1
    ):
        return table
    value, axis, unit, rest = kinds.pop()
    rows, many = int(np.prod(table.shape)), len(curves)
    others = _for_each_curve([one for one, taken in found if not taken], many)
    swept = column(axis, np.tile(np.array(settings), rows), unit or None)
    entries = np.stack([one.entries for one, _ in curves], axis=1).reshape(-1)
    below = curves[0][0].unit  # the row of units; or, to whoever reads headers only, what is in the brackets
    measured = column(
        f"{value or 'G'} {rest}".strip(), entries, None if "=" in (below or "=") else below, is_unit=is_unit
    )
    measured = Column(measured.header, measured.name, measured.unit, entries, curves[0][0].decimal)
    return Table(table.source, (*others, swept, measured), (rows, many), measured.header)


def _for_each_curve(others: list[Column], many: int) -> list[Column]:
    """Columns that are no curves, with an entry for each point of each curve."""
    spread = []
    for header in dict.fromkeys(one.header for one in others):
        same = [one for one in others if one.header == header]
        if len(same) == many:  # the first curve's comes first
            spread.append(_with_entries(same[0], np.stack([one.entries for one in same], axis=1).reshape(-1)))
        else:
            spread += [_with_entries(one, np.repeat(one.entries, many)) for one in same]
    return spread


def _with_entries(one: Column, entries) -> Column:
    return Column(one.header, one.name, one.unit, entries, one.decimal)
