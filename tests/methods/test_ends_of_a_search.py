"""How a search ends: at a minimum, or with the reason why it did not get there."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
import pytest
import scipy.optimize
from jaxtyping import Array
from regression_sets import coefficients, regression_set
from test_every_method import METHODS
from toys import NEAR_DECAYS, READINGS, Decays, rate

import equibacksolve as ebs
from equibacksolve.methods import State
from equibacksolve.search._history import Course, History

LM = ebs.LevenbergMarquardt()
MISRA = regression_set("Misra1a")


def in_units_of_the_answer(simulator, certified):
    """Coefficients of order one, as gradient descent wants them."""

    class Scaled(ebs.AbstractSimulator):
        factors: Array

        def predict(self, **settings):
            leaves = tuple(self.factors[i] * certified[i] for i in range(len(certified)))
            return eqx.tree_at(coefficients, simulator, leaves).predict(**settings)

    return Scaled


@pytest.mark.parametrize(
    "method", [optax.adam(0.02), optax.lbfgs(), optimistix.BFGS(rtol=1e-3, atol=1e-3)], ids=["adam", "lbfgs", "bfgs"]
)
def test_whatever_the_method_explained_data_are_fitted_to_the_minimum(method):
    """Misra1a with its sigma: 'explained' is a chi-squared per datum of 2.1, the minimum 12/14."""
    start = in_units_of_the_answer(MISRA.start(1), MISRA.certified)(jnp.array([1.05, 0.9]))
    settings = {"where": lambda s: s.factors, "progress": False}
    found = ebs.backsolve(start, MISRA.known_noise(), method, **settings)
    assert found.converged
    np.testing.assert_allclose(found.simulator.factors, 1.0, rtol=1e-6)
    raw = ebs.backsolve(start, MISRA.known_noise(), method, polish=False, **settings)
    assert not raw.converged
    assert "explained, but this is not yet a minimum" in raw.reason or "not explained" in raw.reason


def test_without_sigma_noisy_data_end_at_the_least_squares_too():
    found = ebs.backsolve(MISRA.start(1), MISRA.observed, LM, where=coefficients, progress=False)
    assert not found.converged
    assert "not explained" in found.reason
    assert "at a minimum" in found.reason
    np.testing.assert_allclose(found.simulator.coefficients, MISRA.certified, rtol=1e-6)


def test_a_budget_that_ends_early_is_told_from_a_minimum():
    found = ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=rate, tolerance=1.0, steps=3, progress=False)
    assert not found.converged
    assert "the data are explained, but this is not yet a minimum" in found.reason
    assert "the budget of 3 steps is used up" in found.reason


class Logarithm(ebs.AbstractSimulator):
    level: Array

    def observe(self, x):
        return jnp.log(self.level * x)


class Lifetime(ebs.AbstractSimulator):
    tau: Array

    def observe(self, x):
        return jnp.exp(-x / self.tau)


@pytest.mark.parametrize(
    ("kind", "start", "truth"), [(Logarithm, 100.0, 2.0), (Logarithm, 1e6, 2.0), (Lifetime, 20.0, 1.0)]
)
def test_trials_that_only_raise_the_damping_are_no_stagnation(kind, start, truth):
    x = jnp.linspace(0.5, 3.0, 12)
    observed = ebs.Observations(kind(jnp.array(truth)).predict(x=x), x=x)
    where = lambda s: jax.tree.leaves(s)[0]
    given, little = ebs.methods.Damping(0.1), ebs.methods.Damping(1e-6)
    stage, greedy = (ebs.LevenbergMarquardt(decrease=d, step_length=m) for d, m in ((0.005, given), (0.0, little)))
    for method in (LM, stage, greedy, None):
        found = ebs.backsolve(kind(jnp.array(start)), observed, method, where=where, progress=False)
        assert found.converged, found.reason
        np.testing.assert_allclose(where(found.simulator), truth, rtol=1e-9)


class Root(ebs.AbstractSimulator):
    """A square root at zero: the cost is finite there, its slope is not."""

    fine: Array
    rough: Array

    def observe(self, x):
        return self.fine * x + jnp.sqrt(self.rough) * 0.0 + self.rough


@pytest.mark.parametrize(
    "method",
    [LM, optax.adam(0.1), optax.lbfgs(), ebs.methods.heavy_ball()],
    ids=["levenberg-marquardt", "adam", "lbfgs", "heavy ball"],
)
def test_a_slope_that_is_not_a_number_is_told_with_its_leaf(method):
    observed = ebs.Observations(jnp.arange(4.0), x=jnp.arange(4.0))
    start, where = Root(jnp.array(0.5), jnp.array(0.0)), lambda s: (s.fine, s.rough)
    found = ebs.backsolve(start, observed, method, where=where, progress=False)
    assert not found.converged
    assert "the gradient of the cost at the start is not a number in rough, so that no step leads on" in found.reason


@pytest.mark.parametrize(
    "solver", [optimistix.LevenbergMarquardt(1e-6, 1e-6), optimistix.BFGS(1e-6, 1e-6)], ids=["lm", "bfgs"]
)
def test_bounds_that_a_solver_does_not_keep_are_refused(solver):
    for method in (
        solver,
        ebs.methods.Restarts(LM, (LM, ebs.methods.OptimistixSolver(solver))),
        ebs.methods.Stages((ebs.methods.OptimistixSolver(solver),)),
    ):
        with pytest.raises(ValueError, match="optimistix does not keep any; use another method"):
            ebs.backsolve(NEAR_DECAYS, READINGS, method, where=rate, bounds=(0.1, 3.0), progress=False)


@pytest.mark.parametrize("name", [name for name in METHODS if "optimistix" not in name])
def test_every_other_method_keeps_bounds(name):
    states = []
    ebs.backsolve(
        NEAR_DECAYS,
        READINGS,
        METHODS[name],
        where=rate,
        bounds=(0.6, 1.5),
        steps=40,
        progress=False,
        callback=states.append,
    )
    for state in states:
        assert np.all((np.asarray(state.hidden.rate) >= 0.6) & (np.asarray(state.hidden.rate) <= 1.5))


@pytest.mark.parametrize("name", METHODS)
def test_single_leaves_among_double_data_stay_single(name):
    """The rule: a search computes in the precision of its hidden leaves, and they keep it."""
    start = Decays(NEAR_DECAYS.height, NEAR_DECAYS.rate.astype(jnp.float32))
    settings = {"where": rate, "tolerance": 1e-5, "steps": 60, "progress": False}
    # optax and lineax make numbers of double precision here, whatever they are given.
    if name in ("optimistix levenberg-marquardt", "backtracking descent"):
        with pytest.raises(ValueError, match=r"float32, in which this \w+ does not compute while JAX has x64"):
            ebs.backsolve(start, READINGS, METHODS[name], **settings)
        return
    found = ebs.backsolve(start, READINGS, METHODS[name], **settings)
    assert found.simulator.rate.dtype == jnp.float32
    assert found.simulator.height.dtype == jnp.float64
    assert float(found.cost) < float(ebs.mean_squared_error(NEAR_DECAYS, READINGS))


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.complex128])
def test_leaves_in_which_nothing_can_be_computed_are_refused(dtype):
    start = Decays(NEAR_DECAYS.height, NEAR_DECAYS.rate.astype(dtype))
    with pytest.raises(ValueError, match="in which no search computes; give it float64 or float32"):
        ebs.backsolve(start, ebs.Observations(jnp.zeros(12), time=READINGS.variables["time"]), where=rate)


@pytest.mark.parametrize("make", [optax.lbfgs, lambda: optax.adam(1e-2), ebs.backtracking_descent])
def test_an_optimizer_that_is_made_anew_is_not_compiled_anew(make):
    traced = []

    class Counting(ebs.AbstractSimulator):
        rate: Array

        def predict(self, *, time):
            traced.append(time)
            return jnp.exp(-self.rate * time)

    observed = ebs.Observations(jnp.exp(-READINGS.variables["time"]), time=READINGS.variables["time"])
    counts = []
    for _ in range(3):
        traced.clear()
        ebs.backsolve(Counting(jnp.array(0.5)), observed, make(), where=rate, progress=False, steps=3, polish=False)
        counts.append(len(traced))
    assert counts[1] == counts[2] < counts[0]


def test_other_numbers_or_code_make_another_optimizer():
    same = lambda one, other: ebs.methods.GradientDescent(one).optimizer == ebs.methods.GradientDescent(other).optimizer
    assert same(optax.adam(optax.exponential_decay(1e-2, 10, 0.5)), optax.adam(optax.exponential_decay(1e-2, 10, 0.5)))
    assert not same(
        optax.adam(optax.exponential_decay(1e-2, 10, 0.5)), optax.adam(optax.exponential_decay(1e-2, 10, 0.6))
    )
    assert not same(optax.adam(1e-2), optax.adam(2e-2))
    assert not same(optax.sgd(lambda step: 0.1), optax.sgd(lambda step: 0.2))
    assert not same(optax.adam(1e-2), optax.sgd(1e-2))
    noisy = lambda seed: optax.add_noise(0.1, 0.9, jax.random.key(seed))
    assert same(noisy(3), noisy(3))
    assert not same(noisy(3), noisy(4))
    assert not same(noisy(3), optax.adam(1e-2))
    assert not same(optax.masked(optax.adam(1e-2), {"a": True}), optax.masked(optax.adam(1e-2), {"a": False}))


def test_ctrl_c_before_the_first_step_returns_the_start():
    class Slow(ebs.AbstractSimulator):
        rate: Array

        def predict(self, *, time):
            raise KeyboardInterrupt

    found = ebs.backsolve(Slow(jnp.array(0.5)), READINGS, where=rate, progress=False)
    assert not found.converged
    assert "interrupted before its first step" in found.reason
    assert float(found.simulator.rate) == 0.5
    assert len(found.history) == 0


@pytest.mark.parametrize(
    "key", [1, np.int64(1), jax.random.key(1), jax.random.PRNGKey(1)], ids=["int", "numpy", "key", "old"]
)
def test_a_seed_is_a_key(key):
    solve = lambda key: ebs.backsolve(
        NEAR_DECAYS, READINGS, ebs.methods.Annealing(passes=2, pause=1), where=rate, key=key, progress=False, steps=3
    )
    np.testing.assert_array_equal(solve(key).history.cost, solve(jax.random.key(1)).history.cost)


@pytest.mark.parametrize(
    "key", [1.5, "seed", True, jax.random.split(jax.random.key(0), 2)], ids=["float", "text", "bool", "two"]
)
def test_what_is_no_key_is_told(key):
    with pytest.raises(TypeError, match="give a whole number as a seed"):
        ebs.backsolve(NEAR_DECAYS, READINGS, where=rate, key=key, progress=False)


def test_a_minimum_at_bounds_is_that_of_scipy():
    time = np.asarray(READINGS.variables["time"])
    misfit = lambda r: np.exp(-np.outer(time, r)) @ [1.0, 0.5] - np.asarray(READINGS.values)
    independent = scipy.optimize.least_squares(
        misfit, [1.0, 1.2], bounds=([0.7, 0.7], [3.0, 1.5]), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    found = ebs.backsolve(
        NEAR_DECAYS, READINGS, LM, where=rate, bounds=(jnp.array([0.7, 0.7]), jnp.array([3.0, 1.5])), progress=False
    )
    np.testing.assert_allclose(found.simulator.rate, independent.x, rtol=1e-6)


def test_what_has_arrived_beats_a_guess_on_the_way_whose_cost_alone_was_lower():
    """Under a prior, as noise calls for it, the cost alone may be lowest on the way to the minimum."""
    course = Course(None, jnp.zeros(1), np.inf, np.inf, History())
    # Cost, whether it has settled, and which guess is the best then. Data are explained at a cost of 1.
    for number, (cost, settled, best) in enumerate(
        [(2.0, False, 0), (0.9, False, 1), (1.8, True, 1), (0.95, True, 3), (0.5, False, 3), (0.94, True, 5),
         (0.96, True, 5)]
    ):  # fmt: skip
        count, flag = jnp.asarray(number), jnp.asarray(settled)
        state = State(jnp.full(1, number), jnp.asarray(cost), jnp.asarray(False), count, (), count, count, flag)
        course = course.after(state, 0.1 * number, tolerance=1.0)
        assert course.best[0] == best
        assert course.lowest == [2.0, 0.9, 0.9, 0.95, 0.95, 0.94, 0.94][number]
        assert course.settled == (number >= 3)


def test_noise_on_a_map_ends_at_a_minimum():
    """The default adds the prior that noise calls for; its objective has a minimum where the cost has none."""
    sample = ebs.SquareLattice(ebs.Potential(jnp.array([[0.9, -0.6, 0.3], [0.2, 0.8, -0.7], [-0.4, 0.5, 0.1]])))
    truth = ebs.Magnetoconductance(sample, ebs.WireLead(jnp.pi / 2))
    values = lambda s: s.sample.onsite.values
    axes = {"flux": np.linspace(0, 0.3, 5), "energy": np.linspace(-1, 1, 7)}
    start = eqx.tree_at(values, truth, jnp.zeros((3, 3)))
    for seed in range(3):
        observed = ebs.simulated_observations(truth, sigma=0.1, key=seed, **axes)
        found = ebs.backsolve(start, observed, where=values, progress=False, seconds=60)
        assert found.converged, found.reason
