"""Results do not depend on the units of unknowns or data: in other units, every method goes the same way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.testing import check_simulator

LM = ebs.LevenbergMarquardt()
METHODS = {
    "default": None,
    "levenberg-marquardt": LM,
    "given damping": ebs.LevenbergMarquardt(decrease=0.005, step_length=ebs.methods.Damping(0.1)),
    "normal equations": ebs.LevenbergMarquardt(equations=ebs.methods.NormalEquations()),
    "conjugate gradients": ebs.LevenbergMarquardt(equations=ebs.methods.ConjugateGradients(1e-12, 100)),
    "heavy ball": ebs.methods.heavy_ball(),
    "continuation": ebs.methods.coarse_to_fine(LM, LM, length=(0.5, 4.0)),
    "restarts": ebs.methods.Restarts(ebs.LevenbergMarquardt(steps=1), (LM,), starts=4),
    "between levels": ebs.methods.Stages((ebs.methods.Stage(LM, box=ebs.methods.Box(height=(0.8, 1.25))),)),
    "two levels": ebs.specialists.TwoLevels(flips=40),
    "few discs": ebs.specialists.FewDiscs(moves=100),
    "basin hopping": ebs.methods.Restarts(
        ebs.LevenbergMarquardt(steps=2), (LM,), starts=3, guesses=ebs.specialists.Kicks()
    ),
    "annealing": ebs.methods.Annealing(passes=10, pause=5),
}
STEPS = 12


class Peaks(ebs.AbstractSimulator):
    """A map seen through windows, with a number and a vector; `units` is what each counts in, `unit` the data."""

    heights: Array
    bend: Array
    rates: Array
    units: tuple[Array, Array, Array]
    unit: Array

    def observe(self, x, y):
        heights, bend, rates = (leaf / unit for leaf, unit in zip((self.heights, self.bend, self.rates), self.units))
        i, j = (jnp.arange(n, dtype=x.dtype) for n in heights.shape)
        window = jnp.exp(-((i[:, None] - x) ** 2) / 2 - (j - y) ** 2)
        return self.unit * (jnp.sum(window * jnp.sin(heights)) + bend * x * y + jnp.sum(jnp.exp(-rates * x)))


def leaves(simulator):
    return simulator.heights, simulator.bend, simulator.rates


def peaks(draw, units, unit):
    """Random leaves, counted in these units: powers of two, by which nothing is rounded."""
    random = np.random.default_rng(draw)
    plain = (random.uniform(-0.5, 0.5, (4, 3)), np.array(random.uniform(0.1, 0.3)), random.uniform(0.5, 2.0, 2))
    units = tuple(jnp.asarray(u) for u in units)
    return Peaks(*(jnp.asarray(leaf) * u for leaf, u in zip(plain, units)), units, jnp.asarray(unit))


def course(method, units=(1.0, 1.0, 1.0), unit=1.0, sigma=None):
    """All guesses on the way, in the plain units, and the costs over the square of the data's unit."""
    x, y = (a.ravel() for a in jnp.meshgrid(jnp.linspace(0, 3, 6), jnp.linspace(0, 2, 5), indexing="ij"))
    values = peaks(0, units, unit).predict(x=x, y=y)
    observed = ebs.Observations(values, x=x, y=y, sigma=None if sigma is None else sigma * unit)
    states = []
    settings = {"where": leaves, "key": jax.random.key(2), "progress": False, "steps": STEPS}
    found = ebs.backsolve(peaks(1, units, unit), observed, method, callback=states.append, **settings)
    in_units = [[np.asarray(leaf / u) for leaf, u in zip(leaves(s.hidden), units)] for s in states]
    return in_units, np.asarray(found.history.cost) / (unit**2 if sigma is None else 1.0), found


BIG, SMALL = 2.0**40, 2.0**-40
"""About 1e12 and 1e-12. The same path to the last bit where nothing but products and roots is formed."""


@pytest.mark.parametrize("name", METHODS)
def test_in_other_units_the_path_is_the_same(name):
    plain, cost, found = course(METHODS[name])
    for units, unit in (((BIG, SMALL, BIG), 1.0), ((1.0, 1.0, 1.0), SMALL), ((SMALL, BIG, 1.0), BIG)):
        other, other_cost, other_found = course(METHODS[name], units, unit)
        # Roots of powers of two are exact for even powers alone, and a chaotic path multiplies what is rounded.
        for here, there in zip(plain[:6], other[:6]):
            for one, two in zip(here, there):
                np.testing.assert_allclose(two, one, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(other_cost[:6], cost[:6], rtol=1e-5, atol=1e-20)
        assert other_found.converged == found.converged


@pytest.mark.parametrize("name", ["default", "levenberg-marquardt", "continuation"])
def test_so_it_is_with_known_noise(name):
    plain, cost, _ = course(METHODS[name], sigma=0.01)
    other, other_cost, _ = course(METHODS[name], (BIG, SMALL, BIG), SMALL, sigma=0.01)
    for here, there in zip(plain[:6], other[:6]):
        for one, two in zip(here, there):
            np.testing.assert_allclose(two, one, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other_cost[:6], cost[:6], rtol=1e-5)


class Decay(ebs.AbstractSimulator):
    amplitude: Array
    rate: Array

    def observe(self, time):
        return self.amplitude * jnp.exp(-self.rate * time)


@pytest.mark.parametrize("method", [None, LM], ids=["default", "levenberg-marquardt"])
def test_nanoamperes_and_nanoseconds(method):
    truth, start = Decay(jnp.array(1e-9), jnp.array(1e9)), Decay(jnp.array(2e-9), jnp.array(3e8))
    time = jnp.linspace(0, 4e-9, 30)
    observed = ebs.Observations(truth.predict(time=time), time=time)
    found = ebs.backsolve(start, observed, method, where=lambda s: (s.amplitude, s.rate), progress=False)
    assert found.converged
    np.testing.assert_allclose(found.simulator.rate, 1e9, rtol=1e-9)
    np.testing.assert_allclose(found.simulator.amplitude, 1e-9, rtol=1e-9)


def test_small_data_are_not_explained_before_they_are_fitted():
    """Data of 1e-10, without sigma: a millionth of their variance is what may remain."""
    time = jnp.linspace(0, 3, 20)
    truth, start = Decay(jnp.array(1e-10), jnp.array(1.0)), Decay(jnp.array(2e-10), jnp.array(2.0))
    observed = ebs.Observations(truth.predict(time=time), time=time)
    where = lambda s: (s.amplitude, s.rate)
    stopped = ebs.backsolve(start, observed, LM, where=where, progress=False, steps=1)
    assert not stopped.converged
    assert "not explained" in stopped.reason
    found = ebs.backsolve(start, observed, LM, where=where, progress=False)
    np.testing.assert_allclose(found.simulator.rate, 1.0, rtol=1e-9)


def test_errors_of_unlike_unknowns_are_those_of_each():
    """x up to 1e8: a line has the errors sigma / sqrt(N) of its mean, and sigma / sqrt(sum x^2) of its slope."""

    class Straight(ebs.AbstractSimulator):
        mean: Array
        slope: Array

        def observe(self, x):
            return self.mean + self.slope * x

    x = jnp.linspace(-1e8, 1e8, 20)
    observed = ebs.Observations(jnp.zeros(20), x=x, sigma=0.2)
    line, where = Straight(jnp.array(0.0), jnp.array(0.0)), lambda s: (s.mean, s.slope)
    found = ebs.diagnostics.standard_errors(line, observed, where=where).errors
    np.testing.assert_allclose(found.mean, 0.2 / 20**0.5, rtol=1e-12)
    np.testing.assert_allclose(found.slope, 0.2 / np.sum(np.asarray(x) ** 2) ** 0.5, rtol=1e-12)
    assert ebs.diagnostics.identifiability(line, observed, where=where).rank == 2


def test_a_simulator_in_any_units_is_checked():
    truth = Decay(jnp.array(1e-9), jnp.array(1e9))
    time = jnp.linspace(0, 4e-9, 30)
    observed = ebs.Observations(truth.predict(time=time), time=time)
    check_simulator(truth, observed, lambda s: (s.amplitude, s.rate))
