"""The paper's rule: a step is accepted only if the cost falls."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import NEAR_DECAYS, READINGS, Line, coefficients, rate

import equibacksolve as ebs
from equibacksolve.inverse import make_problem


def test_the_cost_falls_at_every_step():
    found = ebs.backsolve(NEAR_DECAYS, READINGS, ebs.backtracking_descent(), where=rate, steps=60, progress=False)
    assert len(found.history) == 60
    assert np.all(np.diff(found.history.cost) < 0)


@pytest.mark.parametrize("rate_at_start", [1e-3, 0.5, 1e3])
def test_one_step_on_a_parabola_is_the_rule_by_hand(rate_at_start):
    """f = a (p - 1)^2: from p = 3 each rate is tried, halved, until the cost is not higher."""
    slope = 2.0
    optimizer = ebs.backtracking_descent(rate_at_start, shrink=0.5, grow=1.5)
    start, target = Line(jnp.array([3.0]), jnp.array([[slope]])), ebs.Observations(jnp.array([slope]))
    tried, p, path = rate_at_start, 3.0, [3.0]
    cost = lambda p: slope**2 * (p - 1) ** 2
    for _ in range(4):
        tried *= 1.5
        while cost(p - tried * 2 * slope**2 * (p - 1)) > cost(p):
            tried /= 2
        p -= tried * 2 * slope**2 * (p - 1)
        path.append(p)
    states = []
    ebs.backsolve(
        start, target, optimizer, where=coefficients, steps=5, tolerance=0.0, progress=False, callback=states.append
    )
    # Exact up to rounding, which a rate of 1e3 multiplies.
    np.testing.assert_allclose([float(s.hidden.coefficients[0]) for s in states], path, rtol=1e-10)


def test_it_is_an_optax_transformation_like_any_other():
    assert isinstance(ebs.backtracking_descent(), optax.GradientTransformationExtraArgs)
    optimizer = ebs.backtracking_descent()
    parameters = jnp.array([2.0, -1.0])
    cost = lambda p: jnp.sum(p**4)
    state = optimizer.init(parameters)
    value, gradient = optax.value_and_grad_from_state(cost)(parameters, state=state)
    changes, _ = optimizer.update(gradient, state, parameters, value=value, grad=gradient, value_fn=cost)
    assert cost(optax.apply_updates(parameters, changes)) < value


def test_a_rate_is_halved_forty_times_if_need_be():
    """f = a p^2 / 2 falls for rates below 2 / a. The first is 1.2: forty halvings do for a = 2^40, but not for 2^41."""
    optimizer = ebs.backtracking_descent()
    for exponent, falls in ((40, True), (41, False)):
        cost = lambda p, a=2.0**exponent: a * p**2 / 2
        p = jnp.asarray(1.0)
        value, gradient = jax.value_and_grad(cost)(p)
        changes, _ = optimizer.update(gradient, optimizer.init(p), p, value=value, grad=gradient, value_fn=cost)
        assert bool(cost(p + changes) < value) == falls


def test_the_cost_is_that_of_the_data_alone():
    """And the penalty that of the prior; their sum is what falls."""
    method = ebs.methods.GradientDescent(ebs.backtracking_descent())
    problem, hidden = make_problem(NEAR_DECAYS, READINGS, rate, priors=(ebs.KnownMean(2.0, 0.1),))
    state = method.step(problem, method.init(problem, hidden, jax.random.key(0)))
    assert float(state.cost) == pytest.approx(float(problem.cost(state.hidden)), rel=1e-12)
    assert float(state.penalty) == pytest.approx(float(problem.penalty(state.hidden)), rel=1e-12)
    assert float(state.penalty) > 0


def test_it_ends_after_so_many_steps_without_progress():
    """The look at the start is the best so far; nothing moves."""
    method = ebs.methods.GradientDescent(optax.sgd(0.0), patience=3)
    problem, hidden = make_problem(NEAR_DECAYS, READINGS, rate)
    state, steps = method.init(problem, hidden, jax.random.key(0)), 0
    while not bool(state.done):
        state, steps = method.step(problem, state), steps + 1
    assert steps == 1 + 3
