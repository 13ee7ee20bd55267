"""Whether what a user asks for is of the kind that it must be: a name, names by name, one number."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from equibacksolve._arrays import masked_array


def check_texts(**arguments: Any) -> None:
    """Raise ValueError for an argument that is neither text nor left out."""
    for name, given in arguments.items():
        if given is not None and not isinstance(given, str):
            raise ValueError(f"{name} is {shortened(given)}, of type {type(given).__name__}; give text.")


def check_names(example: str, *, of_texts: bool = True, **arguments: Any) -> None:
    """Raise ValueError for an argument that is no dict by name (`of_texts`: of text), with an example of one."""
    for name, given in arguments.items():
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise ValueError(f"{name} is {shortened(given)}; give a dict, like {name}={example}.")
        for key, entry in given.items():
            if not isinstance(key, str) or (of_texts and not isinstance(entry, str)):
                raise ValueError(f"{name} has {shortened(key)}: {shortened(entry)}; give text, like {name}={example}.")


def one_number(given: Any, name: str) -> float:
    """One real number, of whatever holds one. Raises ValueError for arrays, and for what is no number."""
    try:
        number = masked_array(given, name)
    except TypeError as error:
        raise ValueError(str(error)) from error
    if number.dtype.kind not in "iuf":
        raise ValueError(f"{name} is {shortened(given)}, of {number.dtype}; give the name of a column, or a number.")
    if number.size != 1 or np.ma.getmaskarray(number).any():
        raise ValueError(
            f"{name} is an array of shape {number.shape}; give the name of a column, or one number: what was swept "
            "belongs in the source."
        )
    return float(number.reshape(-1)[0])


def shortened(given: Any) -> str:
    """As text, on one line."""
    text = " ".join(str(given).split())
    return text if len(text) <= 40 else f"{text[:40]}..."
