"""A plugin for mypy, which does not know the converters of fields: `Potential(v0)` takes whatever makes an array.

    [tool.mypy]
    plugins = ["equibacksolve_mypy"]

Pyright needs none: it reads `converter=` as the typing specification has it (dataclass_transform). A module beside the
package, not in it: mypy imports it, and to import the package is to import JAX.
"""

from collections.abc import Callable

from mypy.plugin import FunctionSigContext, Plugin
from mypy.types import AnyType, FunctionLike, Instance, Type, TypeOfAny, UnionType, get_proper_type

MODULE = "equinox._module._module.Module"
CONVERTED = {"jax._src.basearray.Array", "builtins.tuple"}
"""What fields with a converter hold: arrays, and methods one after another."""


class EquibacksolvePlugin(Plugin):
    """Constructors of this package's modules take anything where they hold what a converter makes."""

    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """What mypy asks for every call."""
        return _of_what_is_given if fullname.startswith("equibacksolve.") else None


def _of_what_is_given(context: FunctionSigContext) -> FunctionLike:
    signature = context.default_signature
    made = get_proper_type(signature.ret_type)
    if not isinstance(made, Instance) or not made.type.has_base(MODULE):
        return signature
    anything = AnyType(TypeOfAny.special_form)
    return signature.copy_modified(arg_types=[anything if _is_converted(one) else one for one in signature.arg_types])


def _is_converted(kind: Type) -> bool:
    kind = get_proper_type(kind)
    if isinstance(kind, UnionType):
        return any(map(_is_converted, kind.items))
    return isinstance(kind, Instance) and kind.type.fullname in CONVERTED


def plugin(version: str) -> type[Plugin]:
    """What mypy calls, with its version."""
    return EquibacksolvePlugin
