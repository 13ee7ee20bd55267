"""Mistakes of the first hour: each gets one sentence that says what to do."""

import math
import subprocess
import sys

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
