"""Classes by their names, among those that are there: nothing is imported for a file, and nothing of it is called."""

import contextlib
import sys
import types
from typing import Any

import equinox as eqx


class CannotBeReadHere(Exception):
    """A file is whole, but not for this process. The message goes on after the file's name, and says what to do."""


class MissingClass(CannotBeReadHere):
    """A class that a file names is not there, or is no container of arrays."""


def name_of_class(kind: type) -> list[str]:
    """The outermost package that has it by its name, and that name. Raises TypeError if not even its own module has it.

    The files in which a package keeps its classes are its own affair: they may move, and saved trees can still be read.
    """
    parts = kind.__module__.split(".")
    for length in range(1, len(parts) + 1):
        name = [".".join(parts[:length]), kind.__qualname__]
        with contextlib.suppress(MissingClass):
            if class_named(*name) is kind:
                return name
    raise TypeError(
        f"{kind.__module__}.{kind.__qualname__} is not to be found by its name (is it defined in a function?); define "
        "it in a module"
    )


def class_named(module: str, qualname: str) -> type:
    """The module (of Equinox) or named tuple of this name. Raises MissingClass.

    Looks into dictionaries only: `getattr` would let a module import what it has not imported yet.
    """
    home = sys.modules.get(module)
    if not issubclass(type(home), types.ModuleType):
        raise MissingClass(f"names {module}.{qualname}, but {module} is not imported; import it first")
    found: Any = home
    for part in qualname.split("."):
        if found is not home and not isinstance(found, type):
            break
        found = object.__getattribute__(home, "__dict__").get(part) if found is home else vars(found).get(part)
    if found is None:
        raise MissingClass(f"names {module}.{qualname}, but {module} has no such class; define it first")
    if not (is_module(found) or is_named_tuple(found)):
        raise MissingClass(f"names {module}.{qualname}, which is no container of arrays; use files that you trust")
    return found


def is_module(kind: Any) -> bool:
    """Whether it is a class of Equinox modules, by inheritance and not by what an abstract class claims of it."""
    return isinstance(kind, type) and eqx.Module in type.mro(kind)


def is_named_tuple(kind: Any) -> bool:
    """Whether it is a class of tuples whose entries have names."""
    if not (isinstance(kind, type) and tuple in type.mro(kind)):
        return False
    fields = getattr(kind, "_fields", None)
    return type(fields) is tuple and all(type(name) is str for name in fields)
