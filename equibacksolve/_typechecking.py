"""The checks of arguments and results: written by beartype for each function when it is first called."""

import functools
from collections.abc import Callable
from typing import Any

from beartype import beartype


def checked_when_called(function: Callable) -> Callable:
    """The function as `beartype` checks it, which is made at the first call.

    A session calls few of the functions of a package, and to write the checks of all takes more than half of the time
    of `import equibacksolve`.
    """

    @functools.cache
    def checked() -> Callable:
        return beartype(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        return checked()(*args, **kwargs)

    return call
