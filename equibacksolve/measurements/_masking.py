"""Which readings a user wants to count."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from equibacksolve._arrays import boolean_array, in_order
from equibacksolve.measurements._table import Table


def mask_of(table: Table, mask: Any) -> tuple[Bool[np.ndarray, " points"], str | None]:
    """True where a reading counts, and the header of the column that says so.

    `mask` is a column of 1 and 0, "~bad" for the opposite of a column, a boolean array of the shape of the readings, or
    None. Raises ValueError for an array of another shape or kind.
    """
    if mask is None:
        return np.ones(int(np.prod(table.shape)), bool), None
    if isinstance(mask, str):
        column = table.column(mask.removeprefix("~"), "mask")
        return column.flags() ^ mask.startswith("~"), column.header
    kind = f"{getattr(mask, 'dtype', type(mask).__name__)} and shape {getattr(mask, 'shape', 'unknown')}"
    try:
        array = np.asarray(boolean_array(in_order(mask, table.dims)))
        kind = f"{array.dtype} and shape {array.shape}"
    except (TypeError, ValueError):
        array = None
    if array is None or array.shape not in (table.shape, (int(np.prod(table.shape)),)):
        raise ValueError(
            f"mask is of {kind}, but {table.source} has readings of shape "
            f"{table.shape}; give booleans of that shape, True where a reading counts, or name a column."
        )
    return array.reshape(-1), None
