"""Mistakes of the first hour: each gets one sentence that says what to do."""

import math
import subprocess
import sys

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import Array
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs

TIME = jnp.linspace(0.0, 3.0, 7)


def told(error, call, *arguments, **keywords):
    with pytest.raises(error) as raised:
        call(*arguments, **keywords)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("where", ["rate", None, jnp.array(1.0)])
def test_where_that_is_no_function(where):
    search = told(TypeError, ebs.backsolve, NEAR_DECAYS, READINGS, where=where, progress=False)
    assert search.startswith(f"where is {' '.join(repr(where).split())[:40]}")
    assert "give a function that returns the hidden leaves, like lambda s: s." in search
    assert told(TypeError, ebs.diagnostics.identifiability, NEAR_DECAYS, READINGS, where=where) == search


def test_where_that_is_a_path_is_shown_as_a_function():
    assert told(TypeError, ebs.backsolve, NEAR_DECAYS, READINGS, where="lead.wavenumber").endswith(
        "like lambda s: s.lead.wavenumber."
    )


@pytest.mark.parametrize(
    ("method", "call"),
    [
        (ebs.LevenbergMarquardt, "LevenbergMarquardt()"),
        (ebs.methods.Restarts, "Restarts()"),
        (ebs.backtracking_descent, "backtracking_descent(...)"),
        (optax.adam, "adam(...)"),
    ],
)
def test_a_method_that_was_not_called(method, call):
    sentence = told(ValueError, ebs.backsolve, NEAR_DECAYS, READINGS, method, where=rate, progress=False)
    assert sentence == f"method is {call.partition('(')[0]} itself; call it and pass what it returns, {call}."


class WithNumPy(ebs.AbstractSimulator):
    rate: Array

    def observe(self, time):
        return np.exp(-self.rate * time)


class WithMath(WithNumPy):
    def observe(self, time):
        return math.exp(-self.rate * time)


class WithFloat(WithNumPy):
    def observe(self, time):
        return float(self.rate) * time


class WithIf(WithNumPy):
    def observe(self, time):
        return self.rate * time if self.rate > 0 else time


@pytest.mark.parametrize("kind", [WithNumPy, WithMath, WithFloat, WithIf])
def test_numpy_inside_observe(kind):
    simulator, observed = kind(jnp.array(1.0)), ebs.Observations(TIME, time=TIME)
    search = told(TypeError, ebs.backsolve, simulator, observed, where=lambda s: s.rate, progress=False)
    assert search.startswith(f"{kind.__name__} cannot be compiled or differentiated (")
    assert "use jax.numpy instead of numpy, math, float() or .item(), and jnp.where instead of if." in search
    assert told(TypeError, simulator.predict, time=TIME) == search


class NumPyInPredict(ebs.AbstractSimulator):
    rate: Array

    def predict(self, time):
        return jnp.asarray(np.exp(-np.asarray(self.rate) * np.asarray(time)))


class IfInPredict(NumPyInPredict):
    def predict(self, time):
        return self.rate * time if self.rate > 0 else time


@pytest.mark.parametrize("kind", [NumPyInPredict, IfInPredict])
def test_numpy_inside_predict(kind):
    """Known numbers go through it; the first step of a search, a derivative and a diagnosis do not."""
    simulator, observed = kind(jnp.array(1.0)), ebs.Observations(TIME, time=TIME, sigma=0.1)
    hidden = lambda s: s.rate
    assert simulator.predict(time=TIME).shape == TIME.shape
    search = told(TypeError, ebs.backsolve, simulator, observed, where=hidden, progress=False)
    assert search.startswith(f"{kind.__name__} cannot be compiled or differentiated (")
    assert "use jax.numpy instead of numpy" in search
    errors = told(TypeError, ebs.diagnostics.standard_errors, simulator, observed, where=hidden)
    assert errors.startswith(f"{kind.__name__} cannot be compiled")


def test_the_derivative_of_numpy():
    observed = ebs.Observations(TIME, time=TIME)
    slope = eqx.filter_grad(lambda simulator: ebs.mean_squared_error(simulator, observed))
    assert told(TypeError, slope, NumPyInPredict(jnp.array(1.0))).startswith("NumPyInPredict cannot be compiled")


MIRROR = ebs.Mirror(rate, 0)


@pytest.mark.parametrize(
    ("error", "make", "sentence"),
    [
        (TypeError, lambda: ebs.Mirror("rate", 0), "where is 'rate'; give a function that returns the hidden leaves"),
        (TypeError, lambda: ebs.Negation(None), "where is None; give a function that returns the hidden leaves"),
        (TypeError, lambda: ebs.Mirror(rate, "x"), "axis is 'x'; give a whole number"),
        (TypeError, lambda: ebs.choose_image(NEAR_DECAYS, "x", rate), "symmetries holds 'x'; give Mirror(where, axis)"),
        (TypeError, lambda: ebs.inverse.images(NEAR_DECAYS, [ebs.Mirror]), "symmetries holds Mirror itself; give"),
        (ValueError, lambda: ebs.Mirror(rate, 1)(NEAR_DECAYS), "Mirror has axis=1, but where selects a leaf of shape"),
        (ValueError, lambda: ebs.Mirror(lambda s: s.rate * 2, 0)(NEAR_DECAYS), "where of Mirror returns what is not a"),
        (ValueError, lambda: ebs.Negation(lambda s: ())(NEAR_DECAYS), "where of Negation selects nothing; return"),
        (ValueError, lambda: ebs.Negation(lambda s: 3.0)(NEAR_DECAYS), "where of Negation selects 3.0; return leaves"),
    ],
)
def test_what_is_no_symmetry(error, make, sentence):
    assert told(error, make).startswith(sentence)


def test_a_symmetry_that_no_leaf_has_is_refused_before_the_search():
    search = lambda symmetry: told(
        ValueError, ebs.backsolve, NEAR_DECAYS, READINGS, where=rate, symmetries=symmetry, progress=False
    )
    assert search(ebs.Mirror(rate, 3)) == search([ebs.Mirror(rate, 3)])


def test_one_symmetry_stands_for_itself():
    (first, second), (same, other) = (ebs.inverse.images(NEAR_DECAYS, given) for given in (MIRROR, [MIRROR]))
    assert eqx.tree_equal((first, second), (same, other))


def test_a_mirror_turns_arrays_of_numpy_too():
    """Snapshots of a history hold them."""
    snapshot = eqx.tree_at(rate, NEAR_DECAYS, np.asarray(rate(NEAR_DECAYS)))
    np.testing.assert_array_equal(rate(MIRROR(snapshot)), rate(MIRROR(NEAR_DECAYS)))


def test_settings_without_their_names():
    simulator = NumPyInPredict(jnp.array(1.0))
    sentence = told(TypeError, simulator.observe, 1.0)
    assert sentence == "NumPyInPredict.observe takes its settings by name, but got 1 without; write name=value."


def test_noise_that_was_not_called():
    sentence = told(TypeError, ebs.Observations, TIME, time=TIME, sigma=0.1, noise=ebs.inverse.Huber)
    assert sentence.endswith("give StudentT(), Huber(), or None for Gaussian noise.")


@pytest.mark.parametrize("key", [0, np.int64(3)])
def test_a_seed_is_a_key(key):
    found = ebs.backsolve(NEAR_DECAYS, READINGS, ebs.LevenbergMarquardt(), where=rate, key=key, steps=1, progress=False)
    assert len(found.history) == 1


def test_rooms_that_are_imported_when_they_are_asked_for():
    program = (
        "import sys, equibacksolve as ebs; assert 'matplotlib' not in sys.modules;"
        "assert ebs.plotting.Quantity('x', 'y').label == 'x (y)'; assert ebs.testing.check_simulator;"
        "assert ebs.reporting.write_report"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.parametrize("room", ["plotting", "reporting"])
def test_pictures_without_matplotlib(room):
    program = f"import sys; sys.modules['matplotlib'] = None; import equibacksolve as ebs; ebs.{room}"
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120)
    assert ended.stderr.splitlines()[-1].endswith(
        'pictures need the package matplotlib, which is not installed; pip install "equibacksolve[plot]".'
    )


def test_a_name_that_is_elsewhere_or_nowhere():
    assert told(AttributeError, lambda: ebs.Restarts).endswith("'Restarts'; it is in equibacksolve.methods")
    assert told(AttributeError, lambda: ebs.Rstarts) == "module 'equibacksolve' has no attribute 'Rstarts'"
    assert not hasattr(ebs, "__wrapped__")
