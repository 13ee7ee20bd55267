"""Annealing: the chain has the temperature that it says, learns what a landscape is like, and leaves local minima."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from toys import DECAYS, EXPLAINED_WELL, LOCAL, NEAR_DECAYS, READINGS, DoubleWell, place, rate

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.inverse._cosines import cosine_basis, stiffness
from equibacksolve.inverse._landscape_statistics import draw_statistics, residuals_of_statistics
from equibacksolve.inverse._leaves import LeafKind
from equibacksolve.methods._annealing import Chain, _wander

DOUBLE = np.dtype("float64")
TRAPPED = DoubleWell(jnp.array(-1.2))
SMOOTH, TURNING, LOOSE = LeafKind(None, True), LeafKind(2 * np.pi, True), LeafKind(None, False)


class Coefficients(ebs.AbstractSimulator):
    """Linear, with coefficients that are no landscape: the posterior is the Gaussian of least squares."""

    coefficients: Array = eqx.field(metadata={"smooth": False})

    def observe(self, time):
        return self.coefficients[0] + self.coefficients[1] * time


class Map(ebs.AbstractSimulator):
    """A row of sites, seen through a window at each time: most of it is hardly seen."""

    values: Array = eqx.field(metadata={"smooth": True})

    def observe(self, time):
        return jnp.sum(self.values * jnp.exp(-((jnp.linspace(-1, 1, 8) - time) ** 2)))


def random_field(key, shape, length, height):
    """A Gaussian random field as _landscape_statistics.py defines it."""
    white = jax.random.normal(key, shape) * height / stiffness(shape, jnp.asarray(length), DOUBLE)
    return cosine_basis(shape[0], DOUBLE).T @ white @ cosine_basis(shape[1], DOUBLE)


@pytest.mark.parametrize(("length", "height"), [(0.0, 0.5), (1.0, 2.0), (2.0, 0.1)])
def test_length_and_height_are_read_from_a_landscape(length, height):
    field = random_field(jax.random.key(1), (40, 40), length, height)
    flat = (jnp.zeros_like(field),)
    draw = jax.vmap(lambda key: draw_statistics(key, (field,), flat, (jnp.asarray(0.0),), (SMOOTH,))[0])
    drawn = jax.jit(draw)(jax.random.split(jax.random.key(2), 50))
    # 1600 entries know the height to 1/sqrt(3200) = 2 %, and lengths that differ by a quarter are told apart surely.
    assert set(np.asarray(drawn.length)) == {length}
    np.testing.assert_allclose(drawn.height, height, rtol=0.1)
    # Drawn and not just estimated: the scatter is that of chi-squared, 2 %.
    assert 0.01 < float(jnp.std(drawn.height)) / height < 0.03


def test_the_height_has_a_floor_and_what_is_not_smooth_is_not_held():
    leaves = (jnp.zeros((4, 4)), jnp.ones(3), jnp.full((4, 4), 0.3))
    kinds = (SMOOTH, LOOSE, TURNING)
    center = (jnp.zeros((4, 4)), jnp.ones(3), jnp.zeros((4, 4)))
    least = (jnp.asarray(0.2), jnp.asarray(0.1), jnp.asarray(0.1))
    statistics = jax.jit(lambda key: draw_statistics(key, leaves, center, least, kinds))(jax.random.key(0))
    assert float(statistics[0].height) == pytest.approx(0.2)
    held = residuals_of_statistics(leaves, center, statistics, kinds)
    turned = (leaves[0], leaves[1], leaves[2] + 2 * jnp.pi)
    assert held.shape == (16 + 2 * 16,)
    np.testing.assert_allclose(residuals_of_statistics(turned, center, statistics, kinds), held, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("rate", "momentum", "copies"), [(0.2, 0.0, 1), (0.2, 0.8, 1), (0.6, 0.5, 1), (0.2, 0.8, 3)])
def test_the_chain_samples_the_posterior_at_its_noise_level(rate, momentum, copies):
    """For least squares with noise s the posterior covariance is s^2 (A^T A)^-1, whatever the step and the inertia.

    Data given three times over change nothing: s^2 grows as A^T A does.
    """
    once = jnp.linspace(-0.5, 1.5, 30)
    time = jnp.tile(once, copies)
    observed = ebs.Observations(1 + 0.5 * time, time=time)
    wrong = 0.012
    method = ebs.methods.Annealing(wrong=wrong, rate=rate, momentum=momentum, passes=10**6, pause=10**6, share=1)
    problem, hidden = make_problem(Coefficients(jnp.zeros(2)), observed, lambda s: s.coefficients)
    state = method.init(problem, hidden, jax.random.key(4))
    drawn = []
    for _ in range(1500):
        state = method.step(problem, state)
        drawn.append(np.asarray(state.inner[0].hidden.coefficients))
    samples = np.array(drawn[100:])
    # w of two unknowns misfit 30 data by |r|^2 = (w / 2) 30 D^2, which two unknowns share at a noise level s.
    level = np.sqrt(wrong / 2 * 30 / 2) * float(jnp.std(observed.values))
    design = np.stack([np.ones(30), np.asarray(once)], axis=1)
    # The metric's guard of 1e-3 is below what is seen here.
    expected = level**2 * np.linalg.inv(design.T @ design)
    # With the rate e, x decays with a time of (1 - b)/e steps, or oscillates: at least 1400 e / 2 = 140 independent
    # samples. A variance is known to sqrt(2 / 140) = 12 %, three times that allowed.
    np.testing.assert_allclose(np.var(samples, axis=0), np.diag(expected), rtol=0.36)
    # The coefficients are correlated by -0.64. Of as many samples a correlation is known to 1 / sqrt(140).
    correlation = expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1])
    assert np.corrcoef(samples.T)[0, 1] == pytest.approx(correlation, abs=3 / np.sqrt(140))
    # Their mean to one twelfth of a standard deviation, four times that allowed.
    away = (np.mean(samples, axis=0) - [1, 0.5]) / np.sqrt(np.diag(expected))
    assert np.max(np.abs(away)) < 4 / np.sqrt(140)


def test_no_more_than_a_sixteenth_of_the_unknowns_may_be_wrong():
    """Else a chain of few unknowns would not feel the data: of two, an eighth of one, however many are given."""
    time = jnp.linspace(-1, 1, 30)
    problem, hidden = make_problem(
        Coefficients(jnp.zeros(2)), ebs.Observations(1 + time, time=time), lambda s: s.coefficients
    )
    ends = []
    for wrong in (2.0, 1 / 8, 1 / 9):
        method = ebs.methods.Annealing(wrong=wrong)
        state = method.init(problem, hidden, jax.random.key(0))
        for _ in range(3):
            state = method.step(problem, state)
        ends.append(np.asarray(state.inner[0].hidden.coefficients))
    np.testing.assert_array_equal(ends[0], ends[1])
    assert np.all(ends[1] != ends[2])


@pytest.mark.parametrize(
    "wrong", [{"passes": 0}, {"share": 0}, {"wrong": 0.0}, {"momentum": 1.0}, {"rate": 0.0}, {"rate": 3.7}]
)
def test_a_chain_that_would_stand_or_run_away_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .*; give"):
        ebs.methods.Annealing(**wrong)


def test_it_leaves_a_local_minimum_that_holds_levenberg_marquardt():
    # Data of no variance have no scale for the noise: sigma says it.
    observed = ebs.Observations(jnp.zeros(2), sigma=0.35)
    solve = lambda method: ebs.backsolve(
        TRAPPED, observed, method, where=place, key=jax.random.key(0), tolerance=1e-6, progress=False
    )
    assert float(solve(ebs.LevenbergMarquardt()).simulator.place) == pytest.approx(LOCAL, abs=1e-2)
    found = solve(ebs.methods.Annealing(passes=800, pause=20))
    assert found.converged
    assert float(found.simulator.place) == pytest.approx(1, abs=1e-3)


def test_a_chain_ends_with_a_search_from_its_mean_however_long_the_pause():
    found = ebs.backsolve(
        TRAPPED,
        EXPLAINED_WELL,
        ebs.methods.Annealing(passes=7, pause=100),
        where=place,
        seconds=60,
        tolerance=0.0,
        progress=False,
    )
    # Seven passes, and at least one simulation after them; a search that never ended would run out of time.
    assert found.history.evaluations[-1] > 7
    assert "the search ended by itself" in found.reason


def test_bounds_are_kept_all_the_way():
    seen = []
    ebs.backsolve(
        eqx.tree_at(rate, DECAYS, jnp.array([0.9, 1.1])),
        READINGS,
        ebs.methods.Annealing(passes=20, pause=10),
        where=rate,
        bounds=(0.8, 1.2),
        progress=False,
        callback=lambda state: seen.append(state.inner[0].hidden.rate) and None,
    )
    assert np.min(seen) >= 0.8
    assert np.max(seen) <= 1.2


def test_parts_of_the_data_keep_settings_values_and_masks_together():
    values = np.array([0.0, np.nan, 2.0, 3.0])
    observed = ebs.Observations(values, time=jnp.arange(4.0), sigma=0.1, mask=~np.isnan(values))
    part = observed.at(jnp.array([3, 1]))
    np.testing.assert_array_equal(part.values, [3, 0])
    np.testing.assert_array_equal(part.variables["time"], [3, 1])
    np.testing.assert_array_equal(part.mask, [True, False])
    with pytest.raises(ValueError, match="no settings"):
        EXPLAINED_WELL.at(jnp.array([0]))


def test_the_mean_of_a_chain_follows_it():
    """A fiftieth of the way with each step; a pass is one step where the data are not divided."""
    problem, hidden = make_problem(NEAR_DECAYS, READINGS, rate)
    state = ebs.methods.Annealing(share=1).init(problem, hidden, jax.random.key(0))
    before = state.inner[0]
    for _ in range(3):
        state = ebs.methods.Annealing(share=1).step(problem, state)
        after = state.inner[0]
        assert float(jnp.max(jnp.abs(after.hidden.rate - before.mean.rate))) > 1e-6
        expected = before.mean.rate + 0.02 * (after.hidden.rate - before.mean.rate)
        np.testing.assert_allclose(after.mean.rate, expected, rtol=1e-12)
        before = after


def test_the_penalty_of_the_guess_is_handed_on_with_it():
    problem, hidden = make_problem(NEAR_DECAYS, READINGS, rate, priors=(ebs.KnownMean(9.0, 0.1),))
    state = ebs.methods.Annealing(share=1).init(problem, hidden, jax.random.key(0))
    after = ebs.methods.Annealing(share=1).step(problem, state)
    for one in (state, after):
        assert float(one.penalty) == pytest.approx(float(problem.penalty(hidden)), rel=1e-12)
        assert float(one.penalty) > 0


def test_a_part_of_the_data_stands_for_all_if_they_are_copies_of_it():
    """A step of the chain on one of four copies, which counts for four, is that on all of them.

    The map is so flat that the prior has the least height, which the data say.
    """
    once = jnp.linspace(-1, 1, 8)
    method, start = ebs.methods.Annealing(), Map(jnp.asarray(1e-6 * np.random.default_rng(0).normal(size=8)))
    chains = []
    for copies, scale in ((1, 4.0), (4, 1.0)):
        time = jnp.tile(once, copies)
        problem, hidden = make_problem(start, ebs.Observations(jnp.sin(3 * time), time=time), lambda s: s.values)
        still = jnp.zeros(8)
        chain = Chain(hidden, still, hidden, jnp.zeros((8, 8)), jax.random.key(0), jnp.zeros((), jnp.int32))
        chains.append(eqx.filter_jit(_wander)(method, problem, scale, jnp.asarray(0.5), jax.random.key(1), chain))
    for name in ("hidden", "curvature", "velocity"):
        one, other = (jax.tree.leaves(getattr(chain, name))[0] for chain in chains)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * np.abs(other).max())
