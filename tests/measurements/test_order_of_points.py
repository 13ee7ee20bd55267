"""The order in a source does not matter; a mesh is recognised; nothing is lost on the way."""

import jax.numpy as jnp
import numpy as np
import pytest
from dots import SAMPLE, assert_same, columns
from hypothesis import given, settings
from hypothesis import strategies as st

from equibacksolve import Observations
from equibacksolve.inverse import Smoothing
from equibacksolve.measurements import read


def taken(table, rows):
    return {header: np.asarray(column)[rows] for header, column in table.items()}


@settings(max_examples=8)
@given(st.permutations(range(20)), st.sampled_from([11, 14, 20]))
def test_shuffled_rows_of_a_mesh_are_the_same_mesh(order, kept):
    """Also of one that was interrupted, as long as more than half of it is there."""
    table = columns() | {"dG": np.linspace(0.1, 0.5, 20), "ok": np.arange(20) % 7 != 3}
    order = [row for row in order if row < kept or row in (3, 7, 11, 15, 19)]
    known = {"sigma_column": "dG", "mask": "ok", **SAMPLE}
    one, other = read(taken(table, sorted(order)), **known), read(taken(table, order), **known)
    assert_same(one.observations, other.observations)
    assert one.report == other.report
    assert one.observations.grid == (5, 4)
    assert one.report.not_measured == 20 - len(order)


@settings(max_examples=8)
@given(st.permutations(range(26)))
def test_shuffled_rows_of_a_list_with_repetitions_are_the_same_list(order):
    table = taken(columns(), [*range(20), 0, 3, 3, 7, 8, 19])
    table["G (uS)"] = table["G (uS)"] + np.arange(26) % 4
    one, other = read(table, **SAMPLE), read(taken(table, order), **SAMPLE)
    assert_same(one.observations, other.observations)
    assert one.observations.grid is None
    assert (one.report.points, one.report.repeated) == (26, 5)


def test_a_mesh_is_that_of_on_grid():
    rng = np.random.default_rng(0)
    flux, energy, values = np.array([0.0, 0.02, 0.1]), np.array([-1.0, 0.5]), rng.normal(size=(3, 2))
    mesh = Observations.on_grid(flux=flux, energy=energy, values=values)
    f, e = np.meshgrid(flux, energy, indexing="ij")
    assert_same(read({"flux": f, "energy": e, "G": values}).observations, mesh)


def test_missing_places_are_masked_and_smoothing_works_on_the_mesh():
    table = taken(columns(), [row for row in range(20) if row != 6])
    observed = read(table, **SAMPLE).observations
    assert observed.grid == (5, 4)
    np.testing.assert_array_equal(observed.mask, np.arange(20) != 6)
    smooth = Smoothing(jnp.array(0.3))(observed, observed.weights() * observed.values)
    assert smooth.shape == (20,)
    assert np.isfinite(smooth).all()


def test_less_than_half_of_a_mesh_is_a_list():
    line = taken(columns(), [0, 5, 10, 15])
    observed = read(line, **SAMPLE).observations
    assert observed.grid is None
    assert observed.mask is None
    assert observed.values.shape == (4,)


def test_rounding_of_a_setting_is_no_other_setting():
    table = columns()
    table["B (T)"] = table["B (T)"] * 3 * 0.1 / 0.3  # not what it was, in the last digit
    table["Vg (V)"] = table["Vg (V)"] + np.random.default_rng(0).uniform(0, 1e-12, 20)
    measured = read(table, **SAMPLE)
    assert measured.observations.grid == (5, 4)
    # 1e-12 V at most of a range of 0.04 V, half of it to either side.
    assert 0 < measured.report.shift < 2e-11


def test_settings_read_back_by_an_instrument_can_be_joined():
    table = columns()
    table["B (T)"] = table["B (T)"] + np.random.default_rng(0).uniform(-1e-3, 1e-3, 20)
    assert read(table, **SAMPLE).observations.grid is None
    joined = read(table, same_setting=0.01, **SAMPLE)
    assert joined.observations.grid == (5, 4)
    assert 0 < joined.report.shift < 1.1e-3  # of a range of 1 T
    assert "made equal" in str(joined.report)


def test_a_whole_sweep_is_not_joined():
    table = {"flux": np.linspace(0, 0.1, 201), "energy": np.zeros(201), "G": np.ones(201)}
    with pytest.raises(ValueError, match=r"same_setting=0\.01 joins readings of flux that are 1 of its range apart"):
        read(table, same_setting=0.01)
