"""A change of a function made where the package is imported already, as if its file had been changed before.

To import the package, with all its checks, takes longer than most tests. What a change does while it is imported cannot
be had in this way: then there is no change, and the caller must import anew.
"""

import ast
import collections
import gc
import importlib
import inspect
import pathlib
import sys
import types
from typing import NamedTuple

import jaxtyping


class Imported(NamedTuple):
    """Functions of the package by file and qualified name, and the names of those that ran while it was imported."""

    functions: dict[tuple[str, str], list[types.FunctionType]]
    ran: set[tuple[str, str]]


def imported(package: pathlib.Path) -> Imported:
    """All modules of the package, checked at run time as in the tests."""
    ran, functions = set(), collections.defaultdict(list)

    def note(frame, event, _):
        if event == "call":
            ran.add((frame.f_code.co_filename, frame.f_code.co_qualname))

    with jaxtyping.install_import_hook(package.name, "beartype.beartype"):
        sys.setprofile(note)
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
        sys.setprofile(None)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename.startswith(str(package)):
            functions[thing.__code__.co_filename, thing.__code__.co_qualname].append(thing)
    return Imported(functions, ran)


def change(known: Imported, file: str, source: str, text: str) -> bool:
    """Give the functions of a file the bodies that they have in another text; False if that would not be all."""
    old, new = (ast.parse(each) for each in (source, text))
    before, after = (_functions(compile(ast.unparse(tree), file, "exec")) for tree in (old, new))
    if _without_bodies(old) != _without_bodies(new) or before is None or after is None:
        return False
    names = [name for name in before if before[name] != after[name]]
    for name in names:
        inside = {name, *(ran for at, ran in known.ran if at == file and ran.startswith(f"{name}."))}
        if not known.functions[file, name] or any((file, one) in known.ran for one in inside):
            return False
    for name in names:
        for function in known.functions[file, name]:
            function.__code__ = after[name]
    return bool(names)


def _without_bodies(tree: ast.Module) -> str:
    """What is computed while a file is imported; the bodies of its functions are taken out."""
    tree = ast.parse(ast.unparse(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Pass()]
    return ast.dump(tree)


def _functions(code: types.CodeType) -> dict[str, types.CodeType] | None:
    """By qualified name, those of a module and of its classes; None if two share a name."""
    found = {}
    for one in code.co_consts:
        if isinstance(one, types.CodeType) and one.co_name[0] != "<":
            more = {one.co_qualname: one} if one.co_flags & inspect.CO_OPTIMIZED else _functions(one)
            if more is None or not found.keys().isdisjoint(more):
                return None
            found |= more
    return found
