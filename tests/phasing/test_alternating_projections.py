"""The method, through `backsolve`: atoms found from nothing, from a part, in noise; and what it says where it fails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from structures import SPACING, WIDTH, distance, true_image, with_atoms, without_knowledge

import equibacksolve as ebs
from equibacksolve.phasing import AlternatingProjections

WHERE = lambda s: s.positions
ROUNDING = 1e-10
"""Rounding of positions in double precision, after least squares."""


def search(truth, start=None, method=None, key=0, **given):
    observed = given.pop("observed", None) or ebs.Observations(values=truth.predict())
    start = without_knowledge(truth) if start is None else start
    method = method or AlternatingProjections()
    return ebs.backsolve(start, observed, method, where=WHERE, key=key, progress=False, **given)


@pytest.mark.parametrize(("atoms", "seeds"), [(20, (0, 1)), (42, (0, 1, 2))])
def test_atoms_are_found_from_nothing(compiled_for_a_long_run, atoms, seeds):
    """Up to translation and inversion; truths and phases by the numbers of the seeds."""
    for seed in seeds:
        truth = true_image(atoms, seed)
        found = search(truth, key=seed)
        assert found.converged, found.reason
        assert distance(found.simulator, truth) < ROUNDING
        assert len(found.history) > 0


def test_a_key_decides_all(compiled_for_a_long_run):
    truth = true_image(20, 3)
    one, same, other = (search(truth, key=key) for key in (jax.random.key(5), 5, 6))
    assert np.array_equal(one.simulator.positions, same.simulator.positions)
    assert np.array_equal(one.history.cost, same.history.cost)
    assert not np.array_equal(one.simulator.positions, other.simulator.positions)
    assert distance(other.simulator, truth) < ROUNDING


def test_the_structure_has_the_unit_of_its_box(compiled_for_a_long_run):
    truth, tiny = true_image(20, 4), true_image(20, 4, unit=1e-10)
    assert search(truth).converged
    found = search(tiny)
    assert found.converged
    assert distance(found.simulator, tiny) < ROUNDING * 1e-10


def test_noise_moves_atoms_by_little(compiled_for_a_long_run):
    """5 % of the root mean square of the image: chi-squared is as it should be, and nothing is fitted to the noise."""
    truth, random = true_image(20, 5), np.random.default_rng(0)
    image = truth.predict().at[0, 0].set(0.0)
    sigma = 0.05 * float(jnp.sqrt(jnp.mean(image**2)))
    observed = ebs.Observations(values=truth.predict() + sigma * random.normal(size=image.shape), sigma=sigma)
    found = search(truth, observed=observed)
    assert found.converged, found.reason
    # An atom has J^T J of some 640 to 6000 for errors of 1 (research/2026-11-29-phasing.md): 0.01, give or take.
    assert 0 < distance(found.simulator, truth) < 0.03


def test_missing_data_are_left_free(compiled_for_a_long_run):
    """A beam stop, and every tenth pixel."""
    truth, random = true_image(20, 6), np.random.default_rng(1)
    mask = random.random((truth.pixels, truth.pixels)) < 0.9
    mask[np.ix_([-1, 0, 1], [-1, 0, 1])] = False
    values = np.where(mask, truth.predict(), 1e3)
    found = search(truth, observed=ebs.Observations(values=values, mask=mask))
    assert found.converged, found.reason
    assert distance(found.simulator, truth) < ROUNDING


def test_known_atoms_stay_and_fix_the_translation(compiled_for_a_long_run):
    truth = true_image(20, 7)
    start = without_knowledge(truth)
    start = with_atoms(start, start.positions.at[:6].set(truth.positions[:6]))
    found = search(truth, start, AlternatingProjections(known=6))
    assert found.converged, found.reason
    assert np.array_equal(found.simulator.positions[:6], truth.positions[:6])
    apart = np.linalg.norm(found.simulator.positions[:, None] - truth.positions[None], axis=-1)
    assert np.max(apart.min(axis=0)) < ROUNDING


def test_a_start_nearby_is_enough_and_the_truth_itself_stays(compiled_for_a_long_run):
    truth, random = true_image(20, 8), np.random.default_rng(2)
    near = truth.positions + 0.2 * random.normal(size=truth.positions.shape)
    for start in (near, truth.positions):
        found = search(truth, with_atoms(truth, start), AlternatingProjections(informed=True))
        assert found.converged
        assert len(found.history) == 1
        assert distance(found.simulator, truth) < ROUNDING


def test_an_open_box_whose_edges_cut_no_atom(compiled_for_a_long_run):
    box, random = 14.0, np.random.default_rng(3)
    positions = 2.5 + 9.0 * random.random((20, 2))
    truth = ebs.MomentumImage(positions, WIDTH, box, round(box / SPACING))
    found = search(truth)
    assert found.converged, found.reason
    assert distance(found.simulator, truth) < ROUNDING


def test_single_precision_is_kept(compiled_for_a_long_run):
    truth = true_image(20, 9, dtype=jnp.float32)
    found = search(truth)
    assert found.simulator.positions.dtype == jnp.float32
    assert found.converged, found.reason
    assert distance(found.simulator, truth) < 1e-4


def test_several_starts_abreast(compiled_for_a_long_run):
    truth = true_image(20, 10)
    found = search(truth, method=AlternatingProjections(parallel=3))
    assert found.converged
    assert distance(found.simulator, truth) < ROUNDING


def test_a_search_that_fails_says_so(compiled_for_a_long_run):
    """One atom too few: no structure explains the data, and the search ends when its starts are used up."""
    truth = true_image(20, 11)
    start = with_atoms(truth, without_knowledge(truth).positions[:-1])
    observed = ebs.Observations(values=truth.predict())
    found = search(truth, start, AlternatingProjections(starts=2, patience=400), observed=observed)
    assert not found.converged
    assert "the data are not explained" in found.reason
    assert found.history.evaluations[-1] <= 2 * 600


def test_a_run_goes_on_where_it_was(compiled_for_a_long_run, tmp_path):
    truth = true_image(42, 2)
    method = AlternatingProjections(iterations=20)
    whole = search(truth, method=method)
    assert len(whole.history) > 3
    search(truth, method=method, steps=2, out=tmp_path / "run")
    resumed = search(truth, method=method, out=tmp_path / "run", resume=True)
    assert np.array_equal(resumed.history.cost, whole.history.cost)
    assert np.array_equal(resumed.simulator.positions, whole.simulator.positions)
