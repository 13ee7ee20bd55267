"""Searches that explain several data sets at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import TIME, Decays

import equibacksolve as ebs
from equibacksolve import diagnostics


class Halves(ebs.AbstractJointSimulator):
    """One sum of decays, read in two sets."""

    decays: Decays

    def simulators(self):
        return {"early": self.decays, "late": self.decays}


class Lamps(ebs.AbstractJointSimulator):
    """Decays of the same rates under two lamps: the heights differ."""

    rate: jax.Array
    height: dict[str, jax.Array]

    def simulators(self):
        return {name: Decays(height, self.rate) for name, height in self.height.items()}


def of_halves(simulator):
    return simulator.decays.rate


def of_whole(simulator):
    return simulator.rate


def of_lamps(simulator):
    return simulator.rate, simulator.height


TRUTH = Lamps(jnp.array([0.5, 2.0]), {"red": jnp.array([1.0, 0.5]), "blue": jnp.array([0.2, 1.0])})
START = Lamps(jnp.array([0.7, 1.6]), {"red": jnp.array([0.9, 0.6]), "blue": jnp.array([0.3, 0.9])})
LEVENBERG = ebs.LevenbergMarquardt()
METHODS = {
    "continuation": ebs.methods.coarse_to_fine(LEVENBERG, LEVENBERG, length=(0.5, 4.0)),
    "annealing": ebs.methods.Annealing(passes=8, pause=4),
}


def readings(sigma, key=None):
    of = lambda number, one: ebs.simulated_observations(one, sigma=sigma, key=key and key + number, time=TIME)
    return {name: of(number, one) for number, (name, one) in enumerate(TRUTH.simulators().items())}


@pytest.fixture(scope="module")
def found():
    return ebs.backsolve(START, ebs.JointObservations(**readings(0.002, 7)), LEVENBERG, where=of_lamps, progress=False)


def test_two_halves_of_a_data_set_are_as_good_as_the_whole():
    """The same sum of squares: minimum, cost, errors and chi-squared agree up to what a search leaves."""
    whole = ebs.simulated_observations(
        Decays(jnp.array([1.0, 0.5]), jnp.array([0.5, 2.0])), sigma=0.01, key=3, time=TIME
    )
    split = ebs.JointObservations(early=whole.at(jnp.arange(5)), late=whole.at(jnp.arange(5, TIME.size)))
    start = Decays(jnp.array([1.0, 0.5]), jnp.array([0.7, 1.6]))
    one = ebs.backsolve(start, whole, LEVENBERG, where=of_whole, progress=False)
    two = ebs.backsolve(Halves(start), split, LEVENBERG, where=of_halves, progress=False)
    np.testing.assert_allclose(of_halves(two.simulator), of_whole(one.simulator), rtol=1e-7)
    assert float(two.cost) == pytest.approx(float(one.cost), rel=1e-12)
    errors = diagnostics.standard_errors(two.simulator, split, where=of_halves)
    expected = diagnostics.standard_errors(one.simulator, whole, where=of_whole)
    np.testing.assert_allclose(errors.covariance, expected.covariance, rtol=1e-6)
    fit = diagnostics.goodness_of_fit(two.simulator, split, where=of_halves)
    assert float(fit.chi_squared) == pytest.approx(float(one.cost) * TIME.size, rel=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_methods_take_several_sets_as_they_take_one(name):
    """Exact data: what was hidden is found, the shared rates and the separate heights."""
    joint = ebs.JointObservations(**readings(1e-3))
    found = ebs.backsolve(START, joint, METHODS[name], where=of_lamps, progress=False, key=1, seconds=60)
    assert found.converged, found.reason
    assert close(of_lamps(found.simulator), of_lamps(TRUTH))


def close(one, other):
    return all(np.allclose(a, b, rtol=1e-6) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other)))


def test_the_verdict_tells_each_set(found):
    assert found.converged
    assert "(blue " in found.reason
    assert "; red " in found.reason
    wrong = readings(0.002, 7)
    wrong["blue"] = ebs.Observations(wrong["blue"].values.at[3].add(0.05), sigma=0.002, time=TIME)
    told = ebs.backsolve(START, ebs.JointObservations(**wrong), LEVENBERG, where=of_lamps, progress=False)
    assert not told.converged
    assert "of which blue is not explained" in told.reason


def test_two_sets_know_more_than_one(found):
    """Information adds up: the errors of what is shared are below those of either set alone."""
    sets = readings(0.002, 7)
    both = diagnostics.standard_errors(found.simulator, ebs.JointObservations(**sets), where=of_lamps).errors.rate
    for name, one in found.simulator.simulators().items():
        where = lambda s: (s.rate, s.height)
        alone = diagnostics.standard_errors(one, sets[name], where=where).errors.rate
        assert np.all(both < alone)


def test_it_is_reported_and_labelled_set_by_set(found, tmp_path):
    joint = ebs.JointObservations(**readings(0.002, 7))
    page = ebs.reporting.write_report(found, joint, where=of_lamps, path=tmp_path / "report.html").read_text()
    for title in ("What was measured: blue", "What was measured: red", "Data and fit: blue", "Data and fit: red"):
        assert f"<h2>{title}</h2>" in page
    labelled = found.to_xarray(joint)
    np.testing.assert_allclose(labelled["red.fit"], found.simulator.simulators()["red"].predict(time=TIME))
    np.testing.assert_allclose(labelled["blue.time"], TIME)


def test_a_run_in_a_directory_goes_on(tmp_path):
    joint = ebs.JointObservations(**readings(0.002, 7))
    options = {"where": of_lamps, "progress": False, "out": tmp_path / "run"}
    ebs.backsolve(START, joint, LEVENBERG, steps=2, **options)
    found = ebs.backsolve(START, joint, LEVENBERG, resume=True, **options)
    assert found.converged
    assert ebs.load_solution(tmp_path / "run", like=START).converged
    assert list(ebs.load_observations(tmp_path / "run").sets) == ["blue", "red"]
