"""Rooms that are imported when they are first asked for: two need the extra `plot`, and one is for tests."""

import importlib
import inspect
import sys
from types import ModuleType
from typing import Any

ROOMS = ("plotting", "reporting", "testing")


def __getattr__(name: str) -> Any:
    """What the package has not (PEP 562): one of `ROOMS`, or an AttributeError that says in which room the name is."""
    if name in ROOMS:
        return importlib.import_module(f"equibacksolve.{name}")
    told = f"module 'equibacksolve' has no attribute {name!r}"
    holding = [room.__name__ for room in _rooms() if not name.startswith("_") and name in vars(room)]
    raise AttributeError(f"{told}; it is in {holding[0]}" if holding else told)


def _rooms() -> list[ModuleType]:
    package = sys.modules["equibacksolve"]
    return [room for room in vars(package).values() if inspect.ismodule(room) and room.__name__.startswith("equiback")]
