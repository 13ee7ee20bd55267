"""An optax optimizer that is recognised when it is made again, so that its step is compiled once."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer


class KeyedOptimizer(optax.GradientTransformationExtraArgs):
    """The optimizer, equal to every other that was made by the same code with the same numbers.

    optax optimizers are pairs of closures, each equal to itself alone: `optax.lbfgs()` written anew would be compiled
    anew. Two closures are the same here if their code is, and what they enclose. What is neither a closure nor a plain
    value is the same only if it is the same object.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyedOptimizer) and _key(tuple(self), ()) == _key(tuple(other), ())

    def __hash__(self) -> int:
        return hash(_key(tuple(self), ()))


def keyed_optimizer(optimizer: optax.GradientTransformation) -> KeyedOptimizer:
    """Converts a field that is an optax optimizer."""
    return KeyedOptimizer(*optax.with_extra_args_support(optimizer))


def _key(thing: Any, within: tuple[int, ...]) -> Any:
    """What two things that do the same have in common, as something that can be hashed."""
    if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes)):
        return type(thing), repr(thing)
    if isinstance(thing, jax.Array) and jnp.issubdtype(thing.dtype, jax.dtypes.prng_key):
        return str(jax.random.key_impl(thing)), _key(jax.random.key_data(thing), within)
    if isinstance(thing, (jax.Array, np.ndarray, np.generic)) and not isinstance(thing, Tracer):
        array = np.asarray(thing)
        return type(thing), array.dtype.name, array.shape, array.tobytes()
    if id(thing) in within:
        return "within", within.index(id(thing))
    within = (*within, id(thing))
    if isinstance(thing, (tuple, list)):
        return type(thing), tuple(_key(part, within) for part in thing)
    if isinstance(thing, dict):
        return type(thing), tuple((_key(k, within), _key(v, within)) for k, v in thing.items())
    if hasattr(thing, "__code__") and hasattr(thing, "__closure__"):
        return _key_of_function(thing, within)
    return Same(thing)


def _key_of_function(thing: Any, within: tuple[int, ...]) -> Any:
    cells = [cell.cell_contents for cell in thing.__closure__ or () if cell != type(cell)()]
    parts = (cells, thing.__defaults__, thing.__kwdefaults__)
    return thing.__module__, thing.__code__, tuple(_key(part, within) for part in parts)


class Same:
    """Equal to what holds the same object, which it keeps alive."""

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)
