"""A series of data sets: each search starts from the last; one result, one report, and unknowns along the series."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from toys import DECAYS, NEAR_DECAYS, TIME, rate

import equibacksolve as ebs
from equibacksolve import diagnostics, plotting, reporting
from equibacksolve.search import backsolve_series

METHOD = ebs.LevenbergMarquardt()
RATES = {gate: jnp.array([0.5 + gate, 2.0 - gate]) for gate in (0.0, 0.1, 0.25)}
SERIES = {
    gate: ebs.simulated_observations(eqx.tree_at(rate, DECAYS, rates), sigma=0.001, key=number, time=TIME)
    for number, (gate, rates) in enumerate(RATES.items())
}
along = functools.partial(backsolve_series, where=rate, progress=False)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return along(NEAR_DECAYS, SERIES, METHOD, key=3, out=tmp_path_factory.mktemp("series"))


def test_each_search_starts_from_what_the_last_one_found(found):
    """To the last bit as by hand; and the truth is found within five errors."""
    start, keys = NEAR_DECAYS, jax.random.split(jax.random.key(3), 3)
    for key, observed, one in zip(keys, SERIES.values(), found.solutions):
        start = ebs.backsolve(start, observed, METHOD, where=rate, key=key, progress=False).simulator
        np.testing.assert_array_equal(one.simulator.rate, start.rate)
    assert found.converged
    assert [line.split(":")[0] for line in found.told] == ["0", "0.1", "0.25"]
    known = diagnostics.derived_of_series(found, SERIES, rate, where=rate)
    np.testing.assert_array_equal(known.value, found.of(rate))
    assert np.all(np.abs(known.value - jnp.stack(list(RATES.values()))) < 5 * known.error)
    alone = diagnostics.standard_errors(start, SERIES[0.25], where=rate).errors.rate
    np.testing.assert_allclose(known.error[2], alone, rtol=1e-12)


def test_each_search_has_a_run_directory(tmp_path, found):
    first_two = dict(list(SERIES.items())[:2])
    again = along(NEAR_DECAYS, first_two, METHOD, key=3, out=tmp_path)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["000", "001"]
    np.testing.assert_array_equal(ebs.load_solution(tmp_path / "001").simulator.rate, again.solutions[1].simulator.rate)


def test_what_is_known_may_depend_on_the_parameter():
    """Heights that the gate scales: with them, one rate explains all."""
    heights = {gate: (1 + gate) * DECAYS.height for gate in RATES}
    scaled = lambda simulator, gate: eqx.tree_at(lambda s: s.height, simulator, (1 + gate) * DECAYS.height)
    sets = {gate: ebs.simulated_observations(scaled(DECAYS, gate), time=TIME) for gate in heights}
    found = along(NEAR_DECAYS, sets, METHOD, at=scaled)
    # Without noise each is at the minimum to a thousandth of what rounding leaves of an error.
    np.testing.assert_allclose(found.of(rate), np.tile(DECAYS.rate, (3, 1)), rtol=1e-5)
    np.testing.assert_allclose(found.of(lambda s: s.height), jnp.stack(list(heights.values())), rtol=1e-12)


def test_ctrl_c_ends_the_series():
    sets = []

    def callback(state):
        sets.append(int(state.evaluations))
        if sets.count(sets[0]) == 2:  # the first step of the second search
            raise KeyboardInterrupt

    found = along(NEAR_DECAYS, SERIES, METHOD, callback=callback)
    assert len(found.solutions) == 2
    assert found.parameter.shape == (2,)
    assert not found.converged


def test_a_series_of_nothing_is_refused():
    with pytest.raises(ValueError, match="series is empty"):
        along(NEAR_DECAYS, {}, METHOD)
    with pytest.raises(ValueError, match="give a finite number for each data set"):
        along(NEAR_DECAYS, {np.nan: SERIES[0.0]}, METHOD)


def test_one_report_tells_of_all(found, tmp_path):
    gate = plotting.Quantity("gate", "V")
    path = reporting.write_series_report(found, SERIES, where=rate, path=tmp_path / "series.html", along=gate)
    text = path.read_text()
    assert "3 of 3 data sets are explained" in text
    assert text.count("<img") == 2
    assert "gate (V)" in text
    unknown = {gate: observed.without_sigma() for gate, observed in SERIES.items()}
    text = reporting.write_series_report(found, unknown, where=rate, path=tmp_path / "more" / "series.html").read_text()
    assert "Without errors: observed has no sigma" in text


def test_few_entries_are_lines_and_many_are_colours(found):
    axes = Figure().subplots()
    backwards = slice(None, None, -1)  # drawn in the order of the parameter
    parameter, values = found.parameter[backwards], found.of(rate)[backwards]
    assert plotting.draw_series(axes, parameter, values, errors=0.1 * values) is None
    np.testing.assert_array_equal(axes.lines[1].get_xydata(), np.stack([found.parameter, found.of(rate)[:, 1]], axis=1))
    assert len(axes.collections) == 2
    drawn = plotting.draw_series(Figure().subplots(), parameter, np.arange(36.0).reshape(3, 3, 4))
    np.testing.assert_allclose(drawn.get_coordinates()[0, :, 0], [-0.05, 0.05, 0.175, 0.325])
    np.testing.assert_array_equal(drawn.get_array()[:, 0], np.arange(24.0, 36.0))
