"""Levenberg-Marquardt against SciPy's least squares, and its rates of convergence."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest
import scipy.optimize
from jaxtyping import Array
from toys import DECAYS, EXPLAINED_WELL, LOCAL, NEAR_DECAYS, READINGS, TIME, DoubleWell, numbers, place, rate

import equibacksolve as ebs

NOISE = 0.05 * np.random.default_rng(1).normal(size=TIME.size)
NOISY = eqx.tree_at(lambda o: o.values, READINGS, READINGS.values + NOISE)


@pytest.mark.parametrize(
    "method", [ebs.LevenbergMarquardt(decrease=1e-13), optimistix.LevenbergMarquardt(rtol=1e-12, atol=1e-12)]
)
def test_noisy_data_have_the_minimum_that_scipy_finds(method):
    def differences(rates):
        return np.exp(-np.outer(TIME, rates)) @ [1.0, 0.5] - np.asarray(NOISY.values)

    independent = scipy.optimize.least_squares(differences, [1.0, 1.2], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found = ebs.backsolve(NEAR_DECAYS, NOISY, method, where=rate, progress=False)
    # SciPy's Jacobian is a finite difference, good to 1e-8; the residuals at the minimum multiply its error.
    np.testing.assert_allclose(np.sort(found.simulator.rate), np.sort(independent.x), atol=1e-6)
    assert float(found.cost) == pytest.approx(np.mean(independent.fun**2), rel=1e-9)


def errors(damping) -> np.ndarray:
    states = []
    near = eqx.tree_at(rate, DECAYS, DECAYS.rate + jnp.array([0.05, -0.1]))
    method = ebs.LevenbergMarquardt(damping=damping)
    ebs.backsolve(near, READINGS, method, where=rate, progress=False, callback=states.append)
    return np.array([np.linalg.norm(numbers(state.hidden) - DECAYS.rate) for state in states])


def test_without_damping_the_error_is_squared_at_every_step():
    e = errors(1e-14)
    e = e[e > 1e-7]  # below, rounding shows in the square
    assert len(e) >= 3
    # The ratio is half the curvature over the slope of the data, of order one for rates of order one.
    assert np.all(e[1:] <= 2 * e[:-1] ** 2)


def test_with_damping_each_step_gains_more_than_the_last():
    e = errors(0.1)
    e = e[e > 1e-12]
    gains = e[1:] / e[:-1]
    assert len(gains) >= 4
    # The damping falls by 4 a step, and the error of a step is the damping's once it is small.
    assert np.all(gains[2:] < gains[1:-1] / 2)


def test_the_objective_never_rises():
    found = ebs.backsolve(NEAR_DECAYS, NOISY, ebs.LevenbergMarquardt(), where=rate, progress=False)
    assert np.all(np.diff(found.history.cost) <= 0)


def test_a_local_minimum_is_where_the_closed_form_has_it():
    found = ebs.backsolve(
        DoubleWell(jnp.array(-1.3)), EXPLAINED_WELL, ebs.LevenbergMarquardt(decrease=1e-14), where=place, progress=False
    )
    assert not found.converged
    # Where residuals remain, the gain per step is linear; it ends when the cost changes by rounding, 1e-16 = (1e-8)^2.
    assert float(found.simulator.place) == pytest.approx(LOCAL, abs=1e-7)


def test_it_works_in_single_precision():
    single = lambda tree: jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)
    found = ebs.backsolve(
        single(NEAR_DECAYS), single(READINGS), ebs.LevenbergMarquardt(), where=rate, tolerance=1e-9, progress=False
    )
    assert found.converged
    assert found.simulator.rate.dtype == jnp.float32


def test_gradient_flow_fits_first_what_the_data_know_best():
    """Residuals (x, y / 10): along dx/dt = -x, dy/dt = -y / 100 the exact path is y = x^(1/100).

    Implicit Euler steps that grow by a fifth each follow it to 6 % here; Gauss-Newton steps go straight to the end.
    """

    class Slopes(ebs.AbstractSimulator):
        place: Array

        def predict(self, weight):
            return weight * self.place

    observed = ebs.Observations(jnp.zeros(2), weight=jnp.array([1.0, 0.1]))

    def path(method):
        states = []
        solve = lambda note: ebs.backsolve(
            Slopes(jnp.ones(2)), observed, method, where=lambda s: s.place, tolerance=0.0, progress=False, callback=note
        )
        solve(states.append)
        return np.abs([np.asarray(state.hidden.place) for state in states])

    x, y = path(ebs.gradient_flow()).T
    on_the_way = x > 1e-3
    np.testing.assert_allclose(y[on_the_way], x[on_the_way] ** 0.01, rtol=0.06)
    assert np.sum(on_the_way) > 10
    assert y[-1] < 0.1  # and the path goes on to the end of the slow part
    x, y = path(ebs.LevenbergMarquardt()).T
    assert np.all(y[(x < 0.1)] < 0.3)


@pytest.mark.parametrize("patience", [0, 65])
def test_a_patience_that_cannot_be_kept_is_refused(patience):
    with pytest.raises(ValueError, match=f"patience is {patience}; give 1 to 64 steps"):
        ebs.LevenbergMarquardt(patience=patience)
