"""For griffe, which reads the package for mkdocstrings: what a class is made from, with defaults as they are written.

Equinox makes constructors from fields while a class is defined, so that no source has them; named tuples likewise.
"""

import ast
import importlib
import inspect
import textwrap

import griffe


class Constructors(griffe.Extension):
    """Give each class without an `__init__` of its own the arguments that it has at run time."""

    def on_package(self, *, pkg: griffe.Module, **_) -> None:
        for class_ in _classes(pkg):
            built = getattr(importlib.import_module(class_.module.path), class_.name)
            made = _made_by_its_fields(built)
            if made is not None and "__init__" not in class_.members and not class_.name.startswith("Abstract"):
                constructor = griffe.Function("__init__", parameters=_parameters(made, built), parent=class_)
                class_.set_member("__init__", constructor)


def _classes(module):
    for member in list(module.members.values()):
        if not member.is_alias and member.is_class:
            yield member
        elif not member.is_alias and member.is_module:
            yield from _classes(member)


def _made_by_its_fields(built):
    """Its signature, or None if somebody wrote it: then griffe has it."""
    if "_fields" in vars(built):
        return inspect.signature(built)
    if hasattr(built, "__dataclass_fields__") and _lines_of(built.__init__) is None:
        return inspect.signature(built.__init__)
    return None


def _lines_of(function):
    function = inspect.unwrap(function)
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return None


def _parameters(signature, built) -> griffe.Parameters:
    """What griffe would have read; `self` comes first, which it leaves out when it writes."""
    named = [p for p in signature.parameters.values() if p.name not in ("self", "_cls")]
    itself = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    return griffe.Parameters(
        itself,
        *(
            griffe.Parameter(
                p.name,
                kind=griffe.ParameterKind(p.kind.description),
                default=None if p.default is p.empty else _default(p, built),
            )
            for p in named
        ),
    )


def _default(parameter, built) -> str:
    """As the class, or the class that it has the field from, writes it."""
    for owner in built.__mro__:
        written = _written(owner, parameter.name)
        if written is not None:
            return _public(written, owner)
    return repr(parameter.default)


def _written(owner, field):
    """The expression after `field: ... =` in the body of a class."""
    if owner.__module__.split(".")[0] != "equibacksolve":
        return None
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0].body
    fields = [line for line in body if isinstance(line, ast.AnnAssign) and line.target.id == field]
    return fields[-1].value if fields else None


def _public(value, owner) -> str:
    """The expression without `field(...)`; names that are private are replaced by what they stand for."""
    names = inspect.getmodule(owner).__dict__
    if isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "field":
        keywords = {keyword.arg: keyword.value for keyword in value.keywords}
        if "default" in keywords:
            return _public(keywords["default"], owner)
        return _made_by(keywords["default_factory"], names)
    if isinstance(value, ast.Name) and value.id.startswith("_"):
        return repr(names[value.id])
    return ast.unparse(value)


def _made_by(factory, names) -> str:
    """What a factory returns: the body of a lambda or of a private function, or a call by name."""
    if isinstance(factory, ast.Lambda):
        return ast.unparse(factory.body)
    if isinstance(factory, ast.Name) and factory.id.startswith("_"):
        last = ast.parse(textwrap.dedent(inspect.getsource(names[factory.id]))).body[0].body[-1]
        return ast.unparse(last.value)
    return f"{ast.unparse(factory)}()"
