"""Greedy optimal design: against direct inversion, exhaustive search, the bound, and a regular mesh."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import TRUTH, everything
from toys import Decays

import equibacksolve as ebs
from equibacksolve.diagnostics import plan_measurements, residual_jacobian, smoothness_precision, standard_errors

X, SIGMA = np.linspace(-1, 2, 9), np.linspace(0.1, 0.5, 9)
PRIOR = np.array([1.0, 4.0, 2.0])


def planned(**changes):
    return plan_measurements(
        TRUTH, {"x": X}, **({"where": everything, "count": 9, "sigma": SIGMA, "prior_precision": PRIOR} | changes)
    )


def precision_after(chosen):
    """By summing and without updates."""
    rows = np.stack([X, X**2, np.ones_like(X)], axis=1) / SIGMA[:, None]
    return np.diag(PRIOR) + rows[list(chosen)].T @ rows[list(chosen)]


def information(chosen):
    return (np.linalg.slogdet(precision_after(chosen))[1] - np.log(PRIOR).sum()) / 2


def error(chosen):
    return np.sqrt(np.trace(np.linalg.inv(precision_after(chosen))) / 3)


@pytest.mark.parametrize("criterion", ["D", "A"])
def test_updates_of_rank_one_agree_with_inversion(criterion):
    plan = planned(criterion=criterion)
    assert sorted(plan.chosen.tolist()) == list(range(9))
    for k in range(1, 10):
        assert float(plan.errors[k - 1]) == pytest.approx(error(plan.chosen[:k]), rel=1e-11)
        assert float(plan.information[k - 1]) == pytest.approx(information(plan.chosen[:k]), rel=1e-11)
    np.testing.assert_allclose(plan.covariance, np.linalg.inv(precision_after(plan.chosen)), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("criterion", "score"), [("D", information), ("A", lambda chosen: -error(chosen))])
def test_each_choice_is_the_best_next_one(criterion, score):
    chosen = planned(criterion=criterion).chosen[:4].tolist()
    for k in range(len(chosen)):
        rest = [i for i in range(9) if i not in chosen[:k]]
        assert chosen[k] == max(rest, key=lambda i: score([*chosen[:k], i]))


def test_against_every_choice_there_is():
    """(1 - 1/e) of the best information is a theorem. No theorem says that the error is within a tenth; here it is."""
    everywhere = list(itertools.combinations(range(9), 4))
    by_information = planned(criterion="D")
    best = max(information(chosen) for chosen in everywhere)
    assert (1 - 1 / np.e) * best <= float(by_information.information[3]) <= best + 1e-12
    by_error = planned(criterion="A")
    least = min(error(chosen) for chosen in everywhere)
    assert least - 1e-12 <= float(by_error.errors[3]) <= 1.1 * least


def test_the_first_reading_in_closed_form():
    """One unknown, a + 0 x: the most precise reading comes first, and 1 / (1 / s^2 + p) is the variance."""
    plan = planned(where=lambda line: line.intercept, prior_precision=2.0, count=2)
    assert plan.chosen.tolist() == [0, 1]
    assert float(plan.errors[0]) ** 2 == pytest.approx(1 / (1 / 0.1**2 + 2), rel=1e-13)


def test_readings_made_already_count_as_prior():
    """Planned in two goes, with J^T J of the first as knowledge, the readings are the same."""
    whole = planned(criterion="A")
    made = whole.chosen[:2]
    first = ebs.Observations(jnp.zeros(2), x=jnp.asarray(X)[made], sigma=jnp.asarray(SIGMA)[made])
    rows = residual_jacobian(TRUTH, first, where=everything)
    again = planned(criterion="A", count=3, prior_precision=jnp.diag(jnp.asarray(PRIOR)) + rows.T @ rows)
    assert again.chosen.tolist() == whole.chosen[2:5].tolist()
    np.testing.assert_allclose(again.errors, whole.errors[2:5], rtol=1e-11)


def test_it_beats_a_regular_mesh():
    """Two decays: early times tell of the fast one, late times of nothing. The mesh spends readings there."""
    truth = Decays(height=jnp.array([1.0, 0.7]), rate=jnp.array([0.3, 4.0]))
    where, time, count = (lambda s: (s.height, s.rate)), jnp.linspace(0, 12, 241), 10
    known = {"where": where, "prior_precision": 1.0}
    plan = plan_measurements(truth, {"time": time}, count=count, sigma=0.02, criterion="A", **known)

    def judged(chosen):
        found = standard_errors(truth, ebs.Observations(jnp.zeros(count), time=chosen, sigma=0.02), **known)
        return float(jnp.sqrt(jnp.trace(found.covariance) / 4))

    assert judged(time[plan.chosen]) == pytest.approx(float(plan.errors[-1]), rel=1e-9)
    assert judged(time[plan.chosen]) < 0.7 * judged(jnp.linspace(0, 12, count))


def test_the_smoothness_prior_has_its_own_covariance():
    """A cosine over the map is an eigenvector, of precision ((1 + (length k)^2) / height)^2."""
    sample = ebs.SquareLattice(ebs.Potential(np.zeros((4, 3))))
    device = ebs.Magnetoconductance(sample, ebs.WireLead(1.0))
    found = smoothness_precision(device, where=lambda s: s.sample.onsite.values, height=0.5, length=1.5)
    k = np.array([2 * np.pi / 4, np.pi / 3])
    cosine = np.outer(np.cos(k[0] * (np.arange(4) + 0.5)), np.cos(k[1] * (np.arange(3) + 0.5))).ravel()
    np.testing.assert_allclose(found @ cosine, ((1 + 1.5**2 * k @ k) / 0.5) ** 2 * cosine, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 10}, "count is 10, but there are 9 candidates"),
        ({"count": 0}, "count is 0"),
        ({"sigma": 0.0}, "sigma must be positive"),
        ({"prior_precision": 0.0}, "prior_precision leaves a combination of the unknowns free"),
        ({"prior_precision": np.array([1.0, 0.0, 1.0])}, "prior_precision leaves a combination"),
        ({"prior_precision": np.ones(2)}, r"prior_precision has shape \(2,\), but there are 3 unknowns"),
        ({"where": lambda line: ()}, "where selects nothing"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        planned(**changes)
    with pytest.raises(ValueError, match="height is 0"):
        smoothness_precision(TRUTH, where=everything, height=0.0)
