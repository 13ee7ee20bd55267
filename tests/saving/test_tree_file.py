"""Trees in files: what is read is what was written, to the type and to the bit."""

import collections
import functools
import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
import pytest
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs
from equibacksolve.saving._tree_as_json import DEEPEST
from equibacksolve.saving._tree_file import tree_from_bytes, tree_to_bytes


class Pair(NamedTuple):
    first: object
    second: object = None


class Box(eqx.Module):
    """Has a converter and a check, which must not run when it is read, and keeps something beside its fields."""

    content: object = eqx.field(converter=lambda content: [content])
    label: object = eqx.field(static=True, default="")

    def __check_init__(self):
        CHECKED.append(self.label)

    @functools.cached_property
    def length(self):
        return len(self.content)


CHECKED = []


class Outer:
    class Inner(eqx.Module):
        value: object


def kept(tree, like=None):
    return tree_from_bytes(tree_to_bytes({}, {"it": tree}, like), "it", like)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -7, 2**53, -(2**53), 2**300, 0.1, -0.0, 5e-324, 1.7976931348623157e308),
        *(math.inf, -math.inf, 1 + 2j, complex(-0.0, math.inf), "", "a\nb\0\ud800\u2028", b"", b"\x00\xff"),
        *((), [], {}, set(), frozenset(), (1, (2.0, [None])), {"a": 1, 2: (3,), (1, "b"): {}, None: 0}),
        *({7}, frozenset([(1, 2)]), Pair(1, Pair("a")), {"float": "nan"}, {"array": ["jax", 0, "int32"]}),
        *(np.float64(0.1), np.float32(0.1), np.int8(3), np.bool_(True), np.str_("a"), np.datetime64("2024-01-01")),
    ],
)
def test_what_is_no_array_comes_back_the_same_and_of_the_same_type(value):
    found = kept(value)
    assert repr(found) == repr(value)  # tells -0.0 from 0.0, a tuple from a list, and 1 from True and 1.0
    assert type(found) is type(value)


def test_not_a_number_and_an_integer_too_long_to_print_come_back():
    assert kept(-(10**5000)) == -(10**5000)
    assert math.isnan(kept(math.nan))
    assert math.isnan(kept(complex(math.nan, -0.0)).real)
    assert math.copysign(1, kept(complex(math.nan, -0.0)).imag) == -1


ARRAYS = {
    "float64": lambda: jnp.array([[0.1, jnp.nan]]),
    "float32": lambda: jnp.array(0.1, jnp.float32),
    "bfloat16": lambda: jnp.array([0.1, 3.0], jnp.bfloat16),
    "complex128": lambda: jnp.array([1 + 2j]),
    "bool": lambda: jnp.array([True, False]),
    "uint8": lambda: jnp.arange(3, dtype=jnp.uint8),
    "empty": lambda: jnp.zeros((0, 3)),
    "weak number": lambda: jnp.asarray(0.5),
    "weak integer": lambda: jnp.asarray(7),
    "weak vector": lambda: jnp.full((3,), 0.25),
    "weak complex": lambda: jnp.full((2,), 1j),
    "weak of 32 bits": lambda: jax.lax.full_like(jnp.float32(1) * 2, 3.0) * 1,
    "key": lambda: jax.random.key(3),
    "keys": lambda: jax.random.split(jax.random.key(3, impl="rbg"), 3),
    "old key": lambda: jax.random.PRNGKey(3),
}


def exactly(array):
    """All that the next step depends on."""
    data = jax.random.key_data(array) if jnp.issubdtype(array.dtype, jax.dtypes.prng_key) else array
    return str(array.aval), array.aval.weak_type, np.asarray(data).tobytes()


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_jax_come_back_with_dtype_weak_type_and_every_bit(name):
    array = ARRAYS[name]()
    assert exactly(kept((array,))[0]) == exactly(array)


@pytest.mark.parametrize("dtype", ["f8", ">f4", "i2", "?", "U3", "S2", "datetime64[s]", "f8, i4"])
def test_arrays_of_numpy_come_back_as_such(dtype):
    array = np.zeros((2, 1), dtype)
    found = kept(array)
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_modules_come_back_without_their_constructor():
    box = Box(jnp.ones(2), label=(1, "a"))
    structure = jax.tree.structure(Pair(box, Outer.Inner(2.0)))
    assert box.length == 1
    CHECKED.clear()
    found = kept(Pair(box, Outer.Inner(2.0)))
    assert type(found.first) is Box
    assert type(found.second) is Outer.Inner
    assert jax.tree.structure(found) == structure
    np.testing.assert_array_equal(found.first.content[0], 1.0)
    assert CHECKED == []
    assert found.first.length == 1  # what was kept beside the fields is made anew


LM = ebs.LevenbergMarquardt(steps=2)
ADAM = ebs.methods.GradientDescent(optax.adam(0.1), steps=3)
SEARCH = ebs.methods.coarse_to_fine(LM, LM)
METHODS = {
    "lbfgs": ebs.methods.GradientDescent(optax.lbfgs()),
    "chain": ebs.methods.GradientDescent(optax.chain(optax.clip(1.0), optax.add_noise(0.1, 0.9, jax.random.key(3)))),
    "schedule": ebs.methods.GradientDescent(optax.inject_hyperparams(optax.sgd)(optax.linear_schedule(0.1, 0.0, 9))),
    "if finite": ebs.methods.GradientDescent(optax.apply_if_finite(optax.MultiSteps(optax.adamw(0.1), 2), 3)),
    "backtracking": ebs.methods.GradientDescent(ebs.backtracking_descent()),
    "optimistix": ebs.methods.OptimistixSolver(optimistix.LevenbergMarquardt(rtol=1e-8, atol=1e-8)),
    "between levels": ebs.methods.Stages((ebs.methods.Stage(LM, box=ebs.methods.Box((0.55, 1.9))),)),
    "two levels": ebs.specialists.TwoLevels((0.55, 1.9), flips=10, cold=0.01, release=1.0),
    "few discs": ebs.specialists.FewDiscs((0.55, 1.9), moves=10, cold=0.01),
    "annealing": ebs.methods.Annealing(passes=4, pause=2),
}
"""Those whose states tests of the run directory do not write already."""


@pytest.mark.parametrize("name", METHODS)
def test_the_state_of_every_method_comes_back(name):
    """The same types, weak types, keys and bits: then the next step is the same as well."""
    more = {"where": rate, "steps": 2, "progress": False, "tolerance": 1e-30}
    states = []
    ebs.backsolve(NEAR_DECAYS, READINGS, METHODS[name], callback=states.append, **more)
    found = kept(states[-1], like=states[-1].hidden)
    assert jax.tree.structure(found) == jax.tree.structure(states[-1])
    for leaf, other in zip(jax.tree.leaves(found), jax.tree.leaves(states[-1]), strict=True):
        assert exactly(leaf) == exactly(other)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (print, "print is neither an array nor a container"),
        (jnp.sin, "neither an array nor a container"),
        (int, "int is neither"),
        (object(), "object is neither"),
        (collections.OrderedDict(a=1), "OrderedDict is neither"),
        (range(3), "range is neither"),
        (np.array([print]), "ndarray of object"),
        (np.ma.masked_array([1.0], [True]), "MaskedArray of float64"),
        (type("Gone", (eqx.Module,), {}), "Gone is neither"),
        (type("Gone", (eqx.Module,), {})(), "not to be found by its name"),
        (collections.namedtuple("Gone", "a")(1), "not to be found by its name"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_when_it_is_written(value, message):
    for tree in (
        value,
        [value],
        {"a": (value,)},
        Pair(value),
        {value: 1} if value.__hash__ and value != value else value,
    ):
        with pytest.raises(TypeError, match=message):
            tree_to_bytes({}, {"it": tree})


def test_what_holds_itself_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(TypeError, match=f"more than {DEEPEST} containers within each other"):
        tree_to_bytes({}, {"it": circle})
    deep = functools.reduce(lambda inner, _: Box(inner), range(DEEPEST // 2), 1.0)
    assert eqx.tree_equal(kept(deep), deep)
