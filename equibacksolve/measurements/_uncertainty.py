"""Standard deviations from what is known of them: absolute, relative, per point; independent, so added in squares."""

from typing import Any

import numpy as np
from jaxtyping import Float

from equibacksolve._arrays import in_order, masked_array
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._table import Column, Table
from equibacksolve.measurements._units import amount, dimensionless, factor, is_amount, same_kind, split_amount

Deviations = Float[np.ndarray, " points"]


def standard_deviations(
    value: Converted, table: Table, sigma: Any, relative_sigma: Any, sigma_column: Column | None
) -> tuple[Deviations | None, str]:
    """Sigma of each converted value, or None if nothing is known of it; and how it came about, in words.

    `sigma`: a number or array in the unit of the value's column, or text with a unit of its own; `relative_sigma`: a
    fraction of the value; `sigma_column`: in its own unit if it has one, or else in that of the value. All that are
    given are added in quadrature. Raises ValueError for negative numbers and arrays of another shape.
    """
    parts, words = [], []
    if sigma is not None:
        part, word = _absolute(value, table, sigma)
        parts.append(part)
        words.append(word)
    if relative_sigma is not None:
        fraction = amount(relative_sigma, "", "relative_sigma", bare="")
        if not (np.isfinite(fraction) and fraction >= 0):
            raise ValueError(f"relative_sigma is {relative_sigma}; give a fraction of the value, like 0.01 for 1 %.")
        parts.append(fraction * np.abs(value.values))
        words.append(f"{fraction:.4g} of the value")
    if sigma_column is not None:
        slope = _slope(value, sigma_column.unit, f"column '{sigma_column.header}'")
        parts.append(sigma_column.numbers() * slope)
        words.append(f"column '{sigma_column.header}'")
    if not parts:
        return None, "not given"
    return np.sqrt(sum(part**2 for part in parts)), ", and ".join(words)


def check_deviations(sigma: Deviations | None, counts: Any, words: str) -> None:
    """Raise ValueError if a value that counts has a sigma that is no positive number."""
    if sigma is None:
        return
    bad = counts & ~(sigma > 0)
    if bad.any():
        raise ValueError(
            f"sigma ({words}) is zero, negative or missing at {int(bad.sum())} of {int(counts.sum())} points that "
            "count; add a floor by sigma=, or mask those points."
        )
    if counts.any() and np.isinf(sigma[counts]).all():
        raise ValueError(f"sigma ({words}) is infinite at all points that count; give the deviations that are known.")


def _absolute(value: Converted, table: Table, sigma: Any) -> tuple[Deviations, str]:
    if is_amount(sigma):
        number, unit = split_amount(sigma, "sigma")
        shown = unit or value.column.unit or value.unit or ""
        deviation, word = np.full_like(value.slope, number), f"{number:.4g} {shown}".strip() + " at every point"
    else:
        deviation, unit, word = _one_per_point(sigma, table), None, "an array, one per point"
    if (deviation < 0).any():
        raise ValueError("sigma has negative entries; give standard deviations.")
    return deviation * _slope(value, unit, "sigma"), word


def _one_per_point(sigma: Any, table: Table) -> Deviations:
    try:
        given = masked_array(in_order(sigma, table.dims), "sigma")
    except TypeError as error:
        raise ValueError(str(error)) from error
    if given.dtype.kind not in "iuf" and given.size:
        raise ValueError(f"sigma is an array of {given.dtype}; give standard deviations, as numbers.")
    if given.shape not in (table.shape, (int(np.prod(table.shape)),)):
        raise ValueError(f"sigma has shape {given.shape}, but {table.source} has readings of shape {table.shape}.")
    return Column("sigma", "sigma", None, np.ma.filled(given.astype(float), np.nan).reshape(-1)).numbers()


def _slope(value: Converted, unit: str | None, what: str) -> Deviations:
    """What a deviation in `unit` is multiplied by: it is one of the column's entries, or of the converted values."""
    raw = value.column.unit
    if unit is None or unit == raw or (dimensionless(unit) and dimensionless(raw)):
        return value.slope
    if raw is not None and not dimensionless(raw) and same_kind(unit, raw):
        return value.slope * factor(unit, raw)
    if value.unit is not None and same_kind(unit, value.unit):
        return np.full_like(value.slope, factor(unit, value.unit))
    raise ValueError(f"{what} is in '{unit}', which converts neither to {raw} nor to {value.unit}.")
