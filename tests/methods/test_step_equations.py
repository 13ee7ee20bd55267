"""The equations of a step: each solves the system that it names, and all of them the same one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jaxtyping import Array
from test_bounds import DESIGN, constrained
from toys import DECAYS, NEAR_DECAYS, READINGS, Line, coefficients, numbers, rate

import equibacksolve as ebs
from equibacksolve.inverse import center_of_leaves, make_problem
from equibacksolve.methods._suitable_equations import suitable_equations

EXACT = 1e-13
EQUATIONS = {
    "normal": ebs.methods.NormalEquations(),
    "orthogonal factor": ebs.methods.OrthogonalFactor(),
    "data space": ebs.methods.DataSpace(),
    "conjugate gradients": ebs.methods.ConjugateGradients(EXACT, 500),
    "conjugate gradients, J not kept": ebs.methods.ConjugateGradients(EXACT, 500, keep_jacobian=False),
}


class Peaks(ebs.AbstractSimulator):
    """A landscape seen through a window at (x, y), bent by a constant: two hidden leaves, a nonlinear reading."""

    heights: Array
    bend: Array

    def observe(self, x, y):
        i, j = (jnp.arange(n, dtype=x.dtype) for n in self.heights.shape)
        window = jnp.exp(-((i[:, None] - x) ** 2) / 2 - (j - y) ** 2)
        return jnp.sum(window * jnp.sin(self.heights)) + self.bend * x * y


TRUTH = Peaks(jnp.asarray(np.random.default_rng(0).uniform(-0.5, 0.5, (4, 3))), jnp.array(0.2))
START = Peaks(0.5 * TRUTH.heights, jnp.array(0.1))


def both(simulator):
    return simulator.heights, simulator.bend


def seen_on(nx, ny):
    """Readings on a mesh, with one value missing."""
    x, y = jnp.linspace(0, 3, nx), jnp.linspace(0, 2, ny)
    settings = dict(zip("xy", (a.ravel() for a in jnp.meshgrid(x, y, indexing="ij"))))
    values = TRUTH.predict(**settings).reshape(nx, ny)
    mask = np.ones((nx, ny), bool)
    mask[0, 1] = False
    return ebs.Observations.on_grid(values=values, x=x, y=y, sigma=0.1, mask=mask)


def stage(nx, ny):
    """A stage of a continuation: blurred data under a smoothness prior."""
    problem, hidden = make_problem(START, seen_on(nx, ny), both)
    center = center_of_leaves(hidden, problem.kinds)
    height = 1 / jnp.sqrt(0.1 * problem.observed.count)
    return problem.staged(ebs.inverse.Smoothing(jnp.array(0.2)), ebs.Smoothness(1.5, height, center)), hidden


@eqx.filter_jit
def taken(equations, problem, hidden, diagonal):
    """Value, gradient, scale and step at `hidden`."""
    model, cost = equations.model_at(problem, hidden)
    scale = equations.curvature(problem, hidden, model)
    free = jnp.ones_like(diagonal)
    step = equations.solve(problem, hidden, model, diagonal, free)
    again = equations.solve(problem, hidden, model, diagonal, free, RIGHT)
    return model.value, cost, model.gradient, scale, step, again


@eqx.filter_jit
def explicit(problem, hidden, diagonal):
    """The same from the matrix itself, and the diagonal of J^T J for the scale."""
    flat, unravel = ravel_pytree(hidden)
    seen = lambda x: problem.objective_residuals(unravel(x), problem.residuals(unravel(x)))
    r, jacobian, count = seen(flat), jax.jacfwd(seen)(flat), problem.observed.count
    hessian, gradient = jacobian.T @ jacobian / count, jacobian.T @ r / count
    damped = hessian + jnp.diag(diagonal)
    steps = -jnp.linalg.solve(damped, gradient), jnp.linalg.solve(damped, RIGHT)
    return r @ r / count, problem.cost(hidden), gradient, jnp.diagonal(hessian), steps


# Damping that is constant on each leaf is what data space can do.
DIAGONAL = jnp.full(13, 0.03).at[-1].set(0.5)
RIGHT = jnp.asarray(np.random.default_rng(1).normal(size=13))


def test_all_solve_the_same_equations():
    problem, hidden = stage(3, 2)
    *expected, curvature, steps = explicit(problem, hidden, DIAGONAL)
    for name, equations in EQUATIONS.items():
        *found, scale, step, again = taken(equations, problem, hidden, DIAGONAL)
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.max(np.abs(other)))
        # Condition numbers are below 1e3, and conjugate gradients end at 1e-13.
        for one, other in zip((step, again), steps):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * np.max(np.abs(other)))
        # The scale is the curvature, or its mean over each leaf: exact, or estimated from 16 random vectors, with 12
        # unknowns that are correlated: the standard deviation is sqrt(2 / 16) at worst.
        mean = np.append(np.full(12, curvature[:-1].mean()), curvature[-1])
        if name in ("normal", "orthogonal factor"):
            np.testing.assert_allclose(scale, curvature, rtol=1e-12)
        else:
            np.testing.assert_allclose(scale, mean, rtol=1e-12 if name == "data space" else 1.0)


def test_a_step_without_a_jacobian_that_is_kept_costs_two_simulations():
    costs = [equations.simulations for equations in EQUATIONS.values()]
    assert costs == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("name", EQUATIONS)
def test_levenberg_marquardt_converges_with_each(name):
    method = ebs.LevenbergMarquardt(decrease=1e-12, equations=EQUATIONS[name])
    found = ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, progress=False)
    # Noise-free data: what remains is rounding, squared.
    assert float(found.cost) < 1e-25
    np.testing.assert_allclose(np.sort(found.simulator.rate), DECAYS.rate, atol=1e-10)


def test_a_continuation_under_a_prior_ends_at_the_same_place_with_each():
    ends = []
    for equations in list(EQUATIONS.values())[:4]:
        method = ebs.LevenbergMarquardt(steps=40, decrease=1e-12, equations=equations)
        search = ebs.methods.Stages((method,))
        states = []
        ebs.backsolve(START, seen_on(6, 4), search, where=both, progress=False, callback=states.append)
        ends.append(numbers(states[-1].hidden))
    # Noise and prior make the minimum unique. A stage ends when five steps gain 1e-12: an error of 1e-6 or less.
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], atol=1e-5)


def test_conjugate_gradients_keep_bounds():
    target = 10 * np.random.default_rng(0).normal(size=6)
    lower, upper = np.array([-1.0, -0.5, 0.0]), np.array([1.0, 0.5, 0.7])
    found = ebs.backsolve(
        Line(jnp.array([0.3, -0.2, 0.1]), jnp.asarray(DESIGN)),
        ebs.Observations(jnp.asarray(target)),
        ebs.LevenbergMarquardt(decrease=1e-12, equations=EQUATIONS["conjugate gradients"]),
        where=coefficients,
        bounds=(jnp.asarray(lower), jnp.asarray(upper)),
        progress=False,
    )
    # As in test_bounds.py.
    np.testing.assert_allclose(numbers(found.simulator.coefficients), constrained(target, lower, upper), atol=1e-6)


def test_data_space_says_what_it_cannot_do():
    method = ebs.LevenbergMarquardt(equations=ebs.methods.DataSpace())
    with pytest.raises(ValueError, match="use ConjugateGradients instead"):
        ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, bounds=(0.0, 3.0), progress=False)


@pytest.mark.parametrize(
    ("sites", "data", "bounds", "chosen"),
    [
        ((12, 12), 651, None, ebs.methods.OrthogonalFactor),
        ((32, 32), 5000, None, ebs.methods.NormalEquations),
        ((64, 64), 1000, None, ebs.methods.DataSpace),
        ((64, 64), 1000, (-1.0, 1.0), ebs.methods.ConjugateGradients),
        ((64, 64), 8000, None, ebs.methods.ConjugateGradients),
    ],
)
def test_the_size_chooses(sites, data, bounds, chosen):
    start = Line(jnp.ones(sites), jnp.ones((1, sites[0])))
    problem, hidden = make_problem(start, ebs.Observations(jnp.ones((1, sites[1]))), coefficients, bounds)
    with_data = lambda n: eqx.tree_at(lambda p: p.observed, problem, ebs.Observations(jnp.ones(n)))
    assert type(suitable_equations(None, True, with_data(data), hidden)) is chosen
    if sites == (64, 64):  # of the Jacobian up to 1 GiB is kept, that of 32768 readings
        for number, kept in ((2**15, True), (2**15 + 1, False)):
            assert suitable_equations(None, True, with_data(number), hidden).keep_jacobian == kept
    if chosen is ebs.methods.OrthogonalFactor:  # quick steps want quick equations
        assert type(suitable_equations(None, False, with_data(data), hidden)) is ebs.methods.NormalEquations
