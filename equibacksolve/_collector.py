"""Python's collector of garbage, which has nothing to do while a package is imported."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def nothing_collected() -> Iterator[None]:
    """Within it, nothing is looked for that could be thrown away.

    What is imported stays. The collector looks through all of it several times: a fifth of `import equibacksolve`.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
