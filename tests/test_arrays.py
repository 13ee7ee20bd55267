"""The one door for what is like an array: the same numbers, whatever holds them; what is missing stays missing."""

import array
import datetime
from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pandas
import pint
import pytest
import xarray

from equibacksolve._arrays import boolean_array, float_array

NUMBERS = [1.0, -2.0, 3.5]
FILL = 9.96921e36


class Holder:
    """As a variable of netCDF4 does: its array is masked."""

    def __array__(self, dtype=None, copy=None):
        return np.ma.masked_array([1.0, FILL], [False, True])


class OfJax:
    """What JAX takes for an array."""

    def __jax_array__(self):
        return jnp.array(NUMBERS)


@pytest.mark.parametrize(
    "given",
    [
        NUMBERS,
        tuple(NUMBERS),
        np.array(NUMBERS),
        np.array(NUMBERS, ">f8"),
        np.array(NUMBERS, ">f4").astype(">f8"),
        np.array(NUMBERS, "<f8"),
        np.array(NUMBERS, np.longdouble),
        np.array(NUMBERS, object),
        np.array([1.0, 0, -2.0, 0, 3.5])[::2],
        np.ma.masked_array(NUMBERS),
        np.ma.masked_array(NUMBERS, [False] * 3),
        [Decimal("1"), Decimal("-2"), Decimal("3.5")],
        [Fraction(1), Fraction(-2), Fraction(7, 2)],
        [1, Decimal(-2), np.float64(3.5)],
        [np.longdouble(1), -2, 3.5],
        [np.array(1.0), jnp.array(-2.0), 3.5],
        array.array("d", NUMBERS),
        memoryview(np.array(NUMBERS)),
        pandas.Series(NUMBERS, index=[3, 1, 2]),
        pandas.Series(NUMBERS, dtype="Float64"),
        pandas.Series(NUMBERS, dtype=object),
        pandas.Index(NUMBERS),
        pandas.Series(NUMBERS).astype("category"),
        xarray.DataArray(NUMBERS, dims="x"),
        xarray.Variable("x", NUMBERS),
        OfJax(),
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_same_numbers_whatever_holds_them(given):
    converted = float_array(given)
    assert isinstance(converted, jax.Array)
    assert converted.dtype == jnp.float64
    assert not converted.weak_type
    np.testing.assert_array_equal(converted, NUMBERS)


@pytest.mark.parametrize(
    "given", [2, 2.0, np.int8(2), np.float64(2), np.longdouble(2), Decimal(2), Fraction(2), np.array(2), jnp.array(2)]
)
def test_numbers_are_arrays_without_axes(given):
    converted = float_array(given)
    assert (converted.shape, converted.dtype, converted.weak_type) == ((), jnp.float64, False)
    assert float(converted) == 2


@pytest.mark.parametrize(
    "given",
    [
        np.ma.masked_array([1.0, FILL], [False, True]),
        np.ma.masked_array([1, 999], [False, True]),
        np.ma.masked_array(np.array([1, 999], ">i2"), [False, True], fill_value=-9),
        np.ma.masked_array(np.array([1, FILL], np.float32), [False, True]),
        np.ma.masked_array([1.0, "n/a"], [False, True], dtype=object),
        [1.0, np.ma.masked],
        [np.ma.masked_array(1.0, False), np.ma.masked_array(FILL, True)],
        [1.0, None],
        np.array([1, None]),
        np.array([1.0, np.ma.masked], object),
        pandas.Series([1, None], dtype="Int64"),
        pandas.Series([1, pandas.NA], dtype=object),
        [1, pandas.NA],
        pandas.arrays.FloatingArray(np.array([1.0, FILL]), np.array([False, True])),
        Holder(),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_missing_is_nan_and_its_fill_value_is_gone(given):
    converted = float_array(given)
    assert jnp.issubdtype(converted.dtype, jnp.floating)
    np.testing.assert_array_equal(converted, [1.0, np.nan])


def test_masks_inside_of_nested_lists():
    row = np.ma.masked_array([1.0, FILL], [False, True])
    np.testing.assert_array_equal(float_array([[row, row], [row, [3, 4]]])[1], [[1, np.nan], [3, 4]])
    np.testing.assert_array_equal(float_array([row, (None, 2)]), [[1, np.nan], [np.nan, 2]])
    frame = pandas.DataFrame({"a": pandas.Series([1, None], dtype="Int64"), "b": [2.5, 3]})
    np.testing.assert_array_equal(float_array(frame), [[1, 2.5], [np.nan, 3]])


def test_arrays_of_jax_stay_as_they_are():
    single = jnp.ones(2, jnp.float32)
    assert float_array(single).dtype == jnp.float32
    assert float_array(jnp.arange(2)).dtype == jnp.float64
    for kind in (np.float32, np.float16, ml_dtypes.bfloat16, ">f4", ">f2"):
        assert float_array(np.ones(2, kind)).dtype == np.dtype(kind).newbyteorder("=")
    masked = float_array(np.ma.masked_array(np.ones(2, np.float16), [True, False]))
    assert (masked.dtype, bool(jnp.isnan(masked[0]))) == (jnp.float16, True)
    traced = jax.jit(lambda x: float_array([x, 2 * x, 1]))(jnp.array(3.0))
    np.testing.assert_array_equal(traced, [3, 6, 1])
    assert jax.grad(lambda x: float_array((x, [x][0])).sum())(1.0) == 2
    assert float_array(1j).dtype == complex
    assert float_array(np.ones(2, np.clongdouble)).dtype == complex
    assert float_array([True, False]).dtype == bool
    assert float_array([]).shape == (0,)
    assert float_array([[], []]).shape == (2, 0)


def test_large_integers_keep_their_size_without_double_precision():
    """JAX itself turns 2^40 into 0 where it has no 64 bits."""
    with jax.enable_x64(False):
        assert float(float_array(np.array([2**40]))[0]) == float(float_array(2**40)) == 2.0**40
        assert float_array(2).dtype == float_array(np.ones(2)).dtype == jnp.float32
    assert float(float_array([10**30])[0]) == 1e30


def test_a_change_of_the_source_changes_nothing():
    source = np.ones(200)
    converted = float_array(source)
    source[:] = 2
    assert converted.sum() == 200


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("high", r"text \('high'\)"),
        (["1.0", "2.0"], r"text \('1.0'\)"),
        ([1.0, "ovl"], r"text \('ovl'\)"),
        (np.array([1.0, "ovl"], object), r"text \('ovl'\)"),
        (b"12", "text"),
        (pandas.Series(["a"]), "text"),
        ([[1.0, 2.0], [3.0]], r"rows of unequal shapes, \(1,\) and \(2,\)"),
        ([1.0, [2.0]], "rows of unequal shapes"),
        (np.array([[1.0], [2.0, 3.0]], dtype=object), "list"),
        (datetime.date(2026, 11, 27), "date"),
        ([datetime.datetime(2026, 11, 27)], "datetime"),
        (np.array(["2026-11-27"], "M8[D]"), "date"),
        (np.timedelta64(3, "s"), "timedelta"),
        ([np.timedelta64(3, "s")], "timedelta"),
        (pandas.Series(pandas.to_datetime(["2026-11-27"])), "must be an array of numbers"),
        (np.zeros(2, [("a", float)]), "must be an array of numbers"),
        ({1.0, 2.0}, "set"),
        ({"a": 1.0}, "dict"),
        ((x for x in [1.0]), "generator"),
        (object(), "object"),
        (xarray.Dataset({"a": ("x", [1.0])}), "Dataset"),
        (pint.UnitRegistry().Quantity([1.0, 2.0], "T"), "a quantity with a unit"),
        (None, "None"),
        (np.ma.masked, "a masked value"),
        (np.array([True, None]), "bool"),
    ],
)
def test_what_is_no_array_of_numbers_gets_one_sentence(given, told):
    with pytest.raises(TypeError, match=told) as raised:
        float_array(given, "values")
    assert str(raised.value).startswith("values must be an array of numbers")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 160


@pytest.mark.parametrize(
    "given",
    [
        [True, False],
        (1, 0),
        np.array([True, False]),
        np.array([1, 0], ">i2"),
        np.array([1, 0], np.uint8),
        np.array([True, None]),
        np.ma.masked_array([True, True], [False, True]),
        np.ma.masked_array([1, 999], [False, True]),
        [True, np.ma.masked],
        pandas.Series([True, False]),
        pandas.Series([True, None], dtype="boolean"),
        pandas.Series([1, None], dtype="Int8"),
        xarray.DataArray([True, False]),
        jnp.array([True, False]),
        jnp.array([1, 0]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_masks_of_any_kind_are_booleans(given):
    converted = boolean_array(given)
    assert converted.dtype == bool
    np.testing.assert_array_equal(converted, [True, False])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([1.0, 0.0], TypeError),
        (jnp.ones(2), TypeError),
        ([1, 2], ValueError),
        ([1, -1], ValueError),
        (["yes", "no"], TypeError),
        (np.array([1.0, None]), TypeError),
        (1j, TypeError),
        ("ok", TypeError),
        (None, TypeError),
    ],
)
def test_what_is_no_mask_is_refused(given, error):
    with pytest.raises(error, match=r"^mask (must|has)") as raised:
        boolean_array(given)
    assert "\n" not in str(raised.value)
