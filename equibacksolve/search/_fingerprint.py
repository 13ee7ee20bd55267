"""A fingerprint of anything that a problem is made of: the same in every process, another for another content."""

import dataclasses
import functools
import hashlib
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def fingerprint(thing: Any) -> str:
    """Sixteen hexadecimal digits of arrays, numbers, modules and functions (told by name and what they enclose).

    An optax optimizer is a pair of functions whose learning rate is enclosed in them: it counts. The source code of
    functions and of methods does not. What is none of all this is told by its repr, without addresses.
    """
    digest = hashlib.sha256()
    _feed(digest, thing, set())
    return digest.hexdigest()[:16]


def _feed(digest, thing, within) -> None:
    """Add a thing to the digest. `within` holds the identities of those that it is part of: a closure may be a loop."""
    if id(thing) in within:
        return
    name, parts = _named_parts(thing)
    digest.update(f"<{name}:{len(parts)}>".encode())
    for part in parts:
        if isinstance(part, bytes):
            digest.update(part)
        else:
            _feed(digest, part, within | {id(thing)})


def _named_parts(thing: Any) -> tuple[str, list[Any]]:
    """What a thing is, and what it is made of: bytes, or further things."""
    kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
    if isinstance(thing, jax.Array) and jnp.issubdtype(thing.dtype, jax.dtypes.prng_key):
        return str(jax.random.key_impl(thing)), [np.asarray(jax.random.key_data(thing))]
    if isinstance(thing, (jax.Array, np.ndarray, np.generic)):
        array = np.asarray(thing)
        return f"array {array.dtype} {array.shape}", [array.tobytes()]
    if isinstance(thing, type):
        return f"class {thing.__module__}.{thing.__qualname__}", []
    if dataclasses.is_dataclass(thing):
        return kind, [getattr(thing, field.name, None) for field in dataclasses.fields(thing)]
    if isinstance(thing, dict):
        return kind, [part for pair in sorted(thing.items(), key=lambda pair: repr(pair[0])) for part in pair]
    if isinstance(thing, (tuple, list)):
        return kind, list(thing)
    if isinstance(thing, (set, frozenset)):
        return kind, sorted(thing, key=repr)
    if isinstance(thing, functools.partial):
        return kind, [thing.func, thing.args, thing.keywords]
    if hasattr(thing, "__code__"):
        return f"function {thing.__module__}.{thing.__qualname__}", _enclosed(thing)
    if hasattr(thing, "__wrapped__"):
        return kind, [thing.__wrapped__]
    return kind, [re.sub(r" at 0x[0-9a-f]+", "", repr(thing)).encode()]


def _enclosed(function) -> list[Any]:
    cells = [cell for cell in function.__closure__ or () if cell != type(cell)()]
    constants = [constant for constant in function.__code__.co_consts if isinstance(constant, (int, float))]
    return [constants, function.__defaults__, function.__kwdefaults__, *(cell.cell_contents for cell in cells)]
