"""Short runs in a run directory, for the tests of what it holds and of what it refuses or survives."""

import numpy as np
import optax
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs

ADAM = ebs.methods.GradientDescent(optax.adam(0.3), steps=40)


def solve(out=None, simulator=NEAR_DECAYS, observed=READINGS, method=ADAM, **more):
    more = {"where": rate, "progress": False, "out": out, "tolerance": 1e-30, "polish": False, **more}
    return ebs.backsolve(simulator, observed, method, **more)


def same(found, other):
    np.testing.assert_array_equal(found.history.cost, other.history.cost)
    np.testing.assert_array_equal(found.simulator.rate, other.simulator.rate)
    return found.reason == other.reason


def names(folder):
    return sorted(path.name for path in folder.iterdir())
