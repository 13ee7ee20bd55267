"""From what a user writes to the arrays that JAX differentiates: the one door for everything that is like an array."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, PRNGKeyArray, Shaped

_PLAIN = (int, float, complex, np.number, np.bool_)
_DATES = (np.datetime64, np.timedelta64)


def float_array(value: Any, argument: str = "an argument") -> Shaped[Array, "..."]:
    """An array of a floating dtype: Python numbers and integers become floats, so that they can be trained.

    - `value`: an array of JAX or NumPy, a list, a number, or what holds one (pandas, xarray). What is missing becomes
      NaN: masked entries of `numpy.ma`, None and `pandas.NA`. Foreign byte orders, extended precision, Decimal and
      Fraction become floats of JAX. Arrays of JAX stay as they are, but for integers.
    - `argument`: what to call it in messages.

    Complex numbers and booleans stay what they are, for `check_fields` to refuse. Raises TypeError for what is no array
    of numbers: text, dates, rows of unequal length, quantities with a unit, and None.
    """
    return float_array_and_mask(value, argument)[0]


def float_array_and_mask(
    value: Any, argument: str = "an argument"
) -> tuple[Shaped[Array, "*shape"], Bool[np.ndarray, "*shape"] | None]:
    """As `float_array`; and True where an entry was not announced as missing, None if none was.

    A NaN that stands in an array of floats is announced by nothing.
    """
    native, present = _native(value, argument, outermost=True), None
    if native is value and jnp.issubdtype(native.dtype, jnp.inexact) and not native.weak_type:
        return native, None  # arrays of JAX do not change: no copy is needed
    if isinstance(native, np.ma.MaskedArray):
        native, missing = _at_most_double(np.ma.getdata(native)), np.ma.getmaskarray(native)
        if missing.any():
            present = ~missing
            native = native & present if native.dtype == bool else np.where(missing, native.dtype.type(np.nan), native)
    if isinstance(native, np.ndarray):
        whole = jnp.issubdtype(native.dtype, jnp.integer)
        return known_array(native, jnp.result_type(float) if whole else native.dtype), present
    array = jnp.asarray(native)
    dtype = array.dtype if jnp.issubdtype(array.dtype, jnp.inexact) else jnp.result_type(float)
    return (jnp.array(array, dtype=dtype) if jnp.issubdtype(array.dtype, jnp.number) else array), present


def named_float_array(argument: str) -> Callable[[Any], Shaped[Array, "..."]]:
    """`float_array` as the converter of a field, which messages call `argument`."""

    def converter(value: Any) -> Shaped[Array, "..."]:
        return float_array(value, argument)

    return converter


def boolean_array(value: Any, argument: str = "mask") -> Bool[Array, "..."]:
    """An array of booleans, of what `float_array` takes if its entries are booleans or the integers 0 and 1.

    What is missing is False. Raises TypeError for entries of another kind, ValueError for other integers.
    """
    native = _native(value, argument, outermost=True, flags=True)
    if isinstance(native, np.ma.MaskedArray):
        native = native.filled(0)
    if native.dtype == bool:
        return jnp.array(native)
    if native.size and not (jnp.issubdtype(native.dtype, jnp.integer) and is_concrete(native)):
        raise TypeError(f"{argument} must be of booleans, True where a value counts, but got {native.dtype}.")
    if not np.isin(np.asarray(native), (0, 1)).all():
        raise ValueError(f"{argument} has entries other than 0 and 1; give booleans, True where a value counts.")
    return jnp.array(native, dtype=bool)


def masked_array(value: Any, argument: str = "an argument") -> Shaped[np.ma.MaskedArray, "..."]:
    """As `float_array`, for NumPy: numbers or booleans in native byte order; what is missing is masked."""
    native = _native(value, argument, outermost=True)
    return native if isinstance(native, np.ma.MaskedArray) else np.ma.masked_array(np.asarray(native))


def in_order(value: Any, names: tuple[Any, ...]) -> Any:
    """With its dimensions in this order, if it knows them by just these names, as an array of xarray does."""
    dims = getattr(value, "dims", ())
    turned = isinstance(dims, tuple) and dims != names and len(dims) == len(names) and set(dims) == set(names)
    return value.transpose(*names) if turned else value


def is_missing(entry: Any) -> bool:
    """Whether an entry is None, or what NumPy or pandas writes where one is missing; NaN is a number here."""
    return entry is None or entry is np.ma.masked or type(entry).__name__ == "NAType"  # pandas, not imported for it


def check_fields(module: Any) -> None:
    """Raise TypeError if an array field has not the shape and kind that its annotation names.

    For `__check_init__` of modules with converters: jaxtyping checks what goes into a converter, not what comes out.
    """
    for field in dataclasses.fields(module):
        value, shaped = getattr(module, field.name), _shape_and_kind(field)
        if shaped is not None and not isinstance(value, shaped):
            kind = f"a {shaped.dtype.__name__} array of shape ({', '.join(shaped.dim_str.split())})"
            raise TypeError(
                f"{type(module).__name__}.{field.name} must be {kind}, got {value.dtype} of shape {value.shape}."
            )


def _shape_and_kind(field: dataclasses.Field) -> Any:
    """The annotation of an array field, which knows shape and kind; None of another field."""
    return field.type if hasattr(field.type, "dim_str") else None


def check_known(module: Any) -> None:
    """Raise ValueError if an array field has entries that are NaN, which is what masked entries and None become."""
    for field in dataclasses.fields(module):
        value = getattr(module, field.name)
        if _shape_and_kind(field) is not None and is_concrete(value) and np.isnan(np.asarray(value)).any():
            raise ValueError(
                f"{type(module).__name__}.{field.name} has {int(np.isnan(np.asarray(value)).sum())} of {value.size} "
                "entries that are masked, None or NaN; a parameter must be known: give a number for each."
            )


def is_concrete(*values: Any) -> bool:
    """Whether all values are known numbers, so that they can be checked; inside `jax.jit` they are not."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def known_array(numbers: Any, dtype: Any = None) -> Shaped[Array, "..."]:
    """An array of JAX with a copy of known numbers, for which nothing is compiled.

    For `jnp.asarray` and `jnp.zeros`, JAX compiles a program for each shape and kind, which takes 10 to 20 ms.
    """
    return jax.device_put(np.array(numbers, dtype))


def _native(value: Any, argument: str, *, outermost: bool = False, flags: bool = False) -> Any:
    """An array of JAX, or a masked one of booleans or numbers in native byte order.

    `flags`: booleans are wanted. A missing value that stands alone is refused: nothing is left then.
    """
    if isinstance(value, jax.Array) or hasattr(value, "__jax_array__"):
        return jnp.asarray(value)
    if isinstance(value, (list, tuple)) and not _is_plain(value):
        return _stacked([_native(part, argument, flags=flags) for part in value], argument)
    if (hasattr(value, "units") and hasattr(value, "magnitude")) or hasattr(value, "to_value"):  # pint, astropy
        raise _no_numbers(argument, "a quantity with a unit", "convert it and pass its number")
    array = _of_numpy(None if value is np.ma.masked else value, argument, flags)
    if array.dtype.kind == "O":
        array = _of_objects(array, argument, flags)
    elif array.dtype.kind in "mM" or not (array.dtype == bool or jnp.issubdtype(array.dtype, jnp.number)):
        raise _no_numbers(argument, _kind_of(np.ma.getdata(array).reshape(-1)[:1].tolist() or [array.dtype]))
    if outermost and array.ndim == 0 and np.ma.getmaskarray(array):
        told = "None" if value is None else "a masked value"
        raise _no_numbers(argument, told, "leave it out, or give a number")
    native = np.asarray(np.ma.getdata(array))
    return np.ma.masked_array(native.astype(native.dtype.newbyteorder("="), copy=False), np.ma.getmaskarray(array))


def _is_plain(value: Any) -> bool:
    """Whether a sequence holds Python's and NumPy's numbers only, which NumPy can be trusted with."""
    return all(issubclass(kind, _PLAIN) and not issubclass(kind, _DATES) for kind in set(map(type, value)))


def _stacked(parts: list[Any], argument: str) -> Any:
    shapes = {part.shape for part in parts}
    if len(shapes) > 1:
        told = " and ".join(str(shape) for shape in sorted(shapes)[:2])
        raise _no_numbers(
            argument, f"rows of unequal shapes, {told}", "fill them up with NaN, or make a list of points"
        )
    if any(isinstance(part, jax.Array) for part in parts):
        return jnp.stack([float_array(part) for part in parts])
    return np.ma.stack(parts)


def _of_numpy(value: Any, argument: str, flags: bool) -> np.ndarray:
    """As NumPy has it, masked arrays included: what holds one (a variable of netCDF4) would show its fill values."""
    try:
        if flags and hasattr(value, "iloc"):  # pandas makes floats of integers some of which are missing
            return value.to_numpy(dtype=object)
        return np.asanyarray(value)
    except Exception as error:  # whatever the __array__ of a stranger raises
        raise _no_numbers(argument, f"a {type(value).__name__}, which NumPy cannot turn into an array") from error


def _of_objects(array: np.ndarray, argument: str, flags: bool) -> np.ndarray:
    """An array of Python objects, each of which is a number or missing; the missing ones are masked."""
    hidden, entries = np.ma.getmaskarray(array).reshape(-1), np.ma.getdata(array).reshape(-1)
    missing = hidden | np.array([is_missing(entry) for entry in entries], bool)
    known = [entry for entry, gone in zip(entries, missing) if not gone]
    kinds = (bool, np.bool_, int, np.integer) if flags else ()
    numbers = [entry if isinstance(entry, kinds) else _number(entry, argument) for entry in known]
    parsed = np.ma.zeros(len(entries), dtype=np.asarray(numbers).dtype if numbers else (bool if flags else float))
    parsed[~missing] = numbers
    parsed[missing] = np.ma.masked
    return parsed.reshape(array.shape)


def _number(entry: Any, argument: str) -> float | complex:
    numeric = hasattr(entry, "__float__") and not isinstance(entry, (bool, np.bool_, *_DATES))
    try:
        if numeric and np.ndim(entry) == 0:
            return complex(entry) if np.iscomplexobj(entry) else float(entry)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _no_numbers(argument, _kind_of([entry]))


def _at_most_double(array: np.ndarray) -> np.ndarray:
    """Integers as floats, before JAX cuts them to 32 bits; extended precision, which JAX does not have, as double."""
    inexact = jnp.issubdtype(array.dtype, jnp.inexact)
    if array.dtype == bool or (inexact and array.dtype.itemsize <= 8) or array.dtype == np.complex128:
        return array
    return array.astype(np.complex128 if jnp.issubdtype(array.dtype, jnp.complexfloating) else np.float64)


def _kind_of(entries: list[Any]) -> str:
    entry = entries[0]
    if isinstance(entry, (str, bytes)):
        return f"text ({str(entry)[:40]!r})"
    return f"{type(entry).__name__} ({' '.join(str(entry).split())[:40]})"


def _no_numbers(argument: str, got: str, advice: str = "convert it first") -> TypeError:
    return TypeError(f"{argument} must be an array of numbers, but got {got}; {advice}.")


def random_key(key: Any) -> PRNGKeyArray:
    """A key of JAX, from one, from a seed, or from None: the seed 0. Raises TypeError for anything else."""
    if key is None:
        return jax.random.key(0)
    seed = key
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return jax.random.key(int(seed))
    try:
        one = jax.random.key_data(key).ndim == 1  # also of an old-style key, two integers
    except TypeError:
        one = False
    if not one:
        raise TypeError(f"key is a {type(key).__name__}; give a whole number as a seed, or jax.random.key(0).")
    return key
