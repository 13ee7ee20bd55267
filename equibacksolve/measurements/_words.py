"""Words that stand in place of a reading: beyond the range of the instrument, or none at all."""

import re

import numpy as np

_OVERLOADS = {"ol", "ovl", "ovld", "ovfl", "ovflw", "ovrng", "ovf", "over", "outofrange"}
_OVERLOADS |= {"overload", "overflow", "overrange", "overloaded", "overld"}
"""What displays and loggers write where a reading is beyond their range, without dots, spaces and sign."""

_NOTHINGS = {"-", "--", "---", "n.a.", "n.a", "#div/0!", "#value!", "#num!", "#ref!", "#null!", "#name?", "*", "****"}
"""What programs write where there is no number (Origin: --), besides what pandas knows."""


def number_of_word(word: str) -> float | None:
    """Infinity for an overload, NaN for nothing, None for all else."""
    word = word.strip().lower()
    if not word or word in _NOTHINGS:
        return np.nan
    return np.inf if re.sub(r"[.\s+-]", "", word) in _OVERLOADS else None
