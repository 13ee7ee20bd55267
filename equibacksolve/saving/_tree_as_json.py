"""The containers around arrays as JSON: data, of which nothing is called when it is read.

    null, true, 7, 0.5, "text", [a, b]      None, bool, int, float, str and list as they are
    {"float": "nan"}, {"int": "0x..."}      numbers that JSON has no words for, or that its readers would round
    {"complex": [a, b]}, {"bytes": "00ff"}
    {"tuple": [a, b]}, {"set": [a, b]}, {"frozenset": [a, b]}, {"dict": [[key, value], ...]}
    {"array": [kind, number, detail]}       array `number` of the file; kind: jax, weak, key, numpy or scalar
    {"like": [array, ...]}                  what is built like the tree that is passed for reading
    {"class": [module, name], "fields": {name: value}}      a module or a named tuple

Classes are looked up (see `_named_classes`); their constructors and converters do not run.
"""

import dataclasses
import json
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from equibacksolve.saving._named_classes import CannotBeReadHere, class_named, is_module, is_named_tuple, name_of_class

DEEPEST = 100
"""Containers within containers; what is deeper would end Python's own recursion sooner or later."""

SWITCH_ON = 'holds numbers of 64 bits, which JAX would cut to 32; call jax.config.update("jax_enable_x64", True) first'


class Damaged(Exception):
    """The file is not whole."""


class Encoder:
    """Turns trees into JSON, and collects their arrays on the way."""

    def __init__(self, like: Any = None):
        self.arrays: list[np.ndarray] = []
        self.needs_64_bits = False
        self.like, self.structure = like, jax.tree.structure(like)

    def encoded(self, tree: Any, depth: int = 0) -> Any:
        """The tree as JSON. Raises TypeError if it holds what is neither an array nor a container of such."""
        if depth > DEEPEST:
            raise TypeError(f"it has more than {DEEPEST} containers within each other")
        if isinstance(tree, (jax.Array, np.ndarray, np.generic)):
            return {"array": self.place_of(tree)}
        if self.like is not None and type(tree) is type(self.like) and jax.tree.structure(tree) == self.structure:
            return {"like": [self.place_of(leaf) for leaf in jax.tree.leaves(tree)]}
        inner = lambda parts: [self.encoded(part, depth + 1) for part in parts]
        kind = type(tree)
        if kind in (tuple, list):
            return inner(tree) if kind is list else {"tuple": inner(tree)}
        if kind in (set, frozenset):
            return {kind.__name__: sorted(inner(tree), key=json.dumps)}
        if kind is dict:
            return {"dict": [inner(pair) for pair in tree.items()]}
        if is_module(kind) or is_named_tuple(kind):
            names, values = zip(*_fields_of(tree).items(), strict=True) if _field_names(kind) else ((), ())
            return {"class": name_of_class(kind), "fields": dict(zip(names, inner(values), strict=True))}
        return _plain(tree)

    def place_of(self, array: Any) -> list[Any]:
        """[kind, number, what else is needed to make it anew]."""
        number = len(self.arrays)
        if isinstance(array, Tracer):
            raise TypeError("it is being traced by jax, so that its numbers are unknown")
        if not isinstance(array, jax.Array):
            if array.dtype.hasobject or isinstance(array, np.ma.MaskedArray):
                raise TypeError(f"{type(array).__name__} of {array.dtype} is not an array of numbers alone")
            self.arrays.append(np.asarray(array))
            return ["scalar" if isinstance(array, np.generic) else "numpy", number, array.dtype.name]
        if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
            self.arrays.append(np.asarray(jax.random.key_data(array)))
            return ["key", number, str(jax.random.key_impl(array))]
        self.arrays.append(np.asarray(array))
        self.needs_64_bits |= array.dtype.name in ("float64", "int64", "uint64", "complex128")
        return ["weak" if array.aval.weak_type else "jax", number, array.dtype.name]


def has_64_bits() -> bool:
    """Whether arrays of JAX can have them in this process."""
    return jnp.asarray(np.zeros((), np.float64)).dtype == np.float64


class Decoder:
    """Makes trees of JSON and arrays.

    Raises Damaged (or TypeError, ValueError) for what means nothing; CannotBeReadHere for a class that is not there,
    and for numbers of 64 bits where JAX has 32.
    """

    def __init__(self, arrays: dict[str, np.ndarray], like: Any = None):
        self.arrays, self.like = arrays, like

    def decoded(self, node: Any, depth: int = 0) -> Any:
        """The tree that the JSON stands for."""
        if depth > DEEPEST:
            raise Damaged(f"it has more than {DEEPEST} containers within each other")
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        inner = lambda parts: [self.decoded(part, depth + 1) for part in parts]
        if isinstance(node, list):
            return inner(node)
        match node:
            case {"array": [kind, number, detail]}:
                return self._array(kind, number, detail)
            case {"like": [*places]}:
                return self._like([self._array(*place) for place in places])
            case {"class": [str(module), str(name)], "fields": {**fields}}:
                return _built(class_named(module, name), dict(zip(fields, inner(fields.values()), strict=True)))
            case {"dict": [*pairs]}:
                return dict(tuple(inner(pair)) for pair in pairs)
            case {"tuple": [*parts]}:
                return tuple(inner(parts))
            case {"set": [*parts]}:
                return set(inner(parts))
            case {"frozenset": [*parts]}:
                return frozenset(inner(parts))
        return _number(node)

    def _like(self, leaves):
        """The leaves in the structure of what was passed."""
        structure = jax.tree.structure(self.like)
        if self.like is None or structure.num_leaves != len(leaves):
            told = f"{len(leaves)} hidden arrays, not {structure.num_leaves}"
            raise CannotBeReadHere(f"holds {told}; pass the problem that it was written for")
        return jax.tree.unflatten(structure, leaves)

    def _array(self, kind, number, detail):
        """The array of this number, of the kind that it had."""
        if type(number) is not int or str(number) not in self.arrays:
            raise Damaged(f"its array {number!r} is missing")
        array = self.arrays[str(number)]
        if kind == "key":
            return jax.random.wrap_key_data(jnp.asarray(array), impl=detail)
        if array.dtype.kind == "V" and array.dtype.name != detail:  # what NumPy does not know (bfloat16) is plain bytes
            array = array.view(jnp.dtype(detail))
        if array.dtype.name != detail or kind not in ("numpy", "scalar", "jax", "weak"):
            raise Damaged(f"its array {number} is {kind!r} of {array.dtype}, not of {detail}")
        if kind in ("numpy", "scalar"):
            return array if kind == "numpy" else array[()]
        made = jnp.asarray(array)
        if made.dtype != array.dtype:
            raise CannotBeReadHere(SWITCH_ON)
        return _weak(array) if kind == "weak" else made


def _fields_of(tree: Any) -> dict[str, Any]:
    """What a module or a named tuple holds; what a module keeps beside its fields is made anew when it is needed."""
    kind = type(tree)
    if is_named_tuple(kind):
        return dict(zip(kind._fields, tree, strict=True))
    missing = [name for name in _field_names(kind) if name not in vars(tree)]
    if missing:
        raise TypeError(f"{kind.__qualname__} has no value in its field {missing[0]}")
    return {name: vars(tree)[name] for name in _field_names(kind)}


def _field_names(kind: type) -> tuple[str, ...]:
    return kind._fields if is_named_tuple(kind) else tuple(field.name for field in dataclasses.fields(kind))


def _built(kind: type, fields: dict[str, Any]) -> Any:
    """A module or a named tuple with these fields, of which neither constructor nor checks have run."""
    names, named = _field_names(kind), f"{kind.__module__}.{kind.__qualname__}"
    if set(fields) != set(names):
        raise CannotBeReadHere(
            f"holds {named} with the fields {', '.join(fields)}, but that class has {', '.join(names)}; use the class "
            "as it was when the file was written"
        )
    if is_named_tuple(kind):
        return tuple.__new__(kind, [fields[name] for name in names])
    try:
        built = object.__new__(kind)
    except TypeError:
        raise CannotBeReadHere(f"holds {named}, which is abstract; use files that you trust") from None
    for name in names:
        object.__setattr__(built, name, fields[name])
    return built


def _weak(array: np.ndarray) -> jax.Array:
    """An array that gives way to the dtype of others; if JAX has none of this dtype, one that does not."""
    made = jnp.full(array.shape, array.dtype.type(0).item())
    return made.at[...].set(array) if made.dtype == array.dtype else jnp.asarray(array)


def _plain(value: Any) -> Any:
    """A number or text as JSON. Raises TypeError for anything else."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) < 2**53 else {"int": hex(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if type(value) is complex:
        return {"complex": [_plain(value.real), _plain(value.imag)]}
    if type(value) is bytes:
        return {"bytes": value.hex()}
    named = getattr(value, "__qualname__", type(value).__qualname__)
    raise TypeError(f"{named} is neither an array nor a container of arrays")


def _number(node: Any) -> Any:
    match node:
        case {"int": str(text)} if len(node) == 1:
            return int(text, 16)
        case {"float": "nan" | "inf" | "-inf" as text} if len(node) == 1:
            return float(text)
        case {"complex": [real, imaginary]} if len(node) == 1:
            real, imaginary = (part if isinstance(part, float) else _number(part) for part in (real, imaginary))
            return complex(real, imaginary)
        case {"bytes": str(text)} if len(node) == 1:
            return bytes.fromhex(text)
    raise Damaged(f"its structure holds {str(node)[:40]}, which means nothing")
