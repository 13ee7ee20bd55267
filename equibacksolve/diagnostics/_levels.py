"""Probabilities of intervals, as a user gives them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float


def probabilities(levels: Sequence[float] | Float[Any, " levels"]) -> Float[np.ndarray, " levels"]:
    """The levels as an array. Raises ValueError unless they are probabilities, one or more."""
    wanted = np.asarray(levels, float)
    if wanted.ndim != 1 or wanted.size == 0 or not np.all((wanted > 0) & (wanted < 1)):
        raise ValueError(f"levels is {levels}; give probabilities between 0 and 1.")
    return wanted
