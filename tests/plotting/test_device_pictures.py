"""Devices of any shape: cells that tile, values where they belong, leads beside the sites that they touch."""

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting
from equibacksolve.methods import State
from equibacksolve.plotting import SiteLayout
from equibacksolve.plotting._site_cells import cell_of_sites

RANDOM = np.random.default_rng(0)
SQUARE = np.argwhere(np.ones((4, 3), bool)).astype(float)
HONEYCOMB = np.asarray(ebs.samples.honeycomb_ribbon(2, 3).positions)
LAYOUT = SiteLayout(SQUARE, (np.array([0, 1, 2]), np.array([9, 11])))


def area(corners):
    """Of a polygon, by the shoelace formula."""
    x, y = corners.T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


@pytest.mark.parametrize(
    ("positions", "corners", "expected"),
    [
        (SQUARE, 4, 1.0),
        (3.0 * SQUARE[:3], 4, 9.0),  # a chain
        (SQUARE[:1], 4, 1.0),  # one site, of the size 1
        # Bonds are 1 / sqrt(3) long: a hexagon about each site has two edges that far apart.
        (HONEYCOMB, 6, 0.5 * 3**0.5 / 3),
        (RANDOM.uniform(size=(60, 2)), 12, None),
        (np.array([[0, 0], [1, 0], [2, 0.05], [3, 0.0]]), 12, None),  # edges that would meet far out
    ],
    ids=["square", "chain", "alone", "honeycomb", "no order", "nearly a chain"],
)
def test_a_cell_has_an_edge_across_every_bond(positions, corners, expected):
    cell = cell_of_sites(positions)
    assert cell.shape == (corners, 2)
    if expected is not None:
        assert area(cell) == pytest.approx(expected)
    # Symmetric about the site; turned by its axes, which are no matter of the order of the sites.
    np.testing.assert_allclose(cell[: corners // 2], -cell[corners // 2 :])
    np.testing.assert_allclose(cell_of_sites(positions[::-1]), cell)


def test_turned_squares_have_turned_cells():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    cell, turned = cell_of_sites(SQUARE), cell_of_sites(SQUARE @ turn.T)
    distance = np.linalg.norm((cell @ turn.T)[:, None] - turned, axis=-1)
    np.testing.assert_allclose(distance.min(axis=0), 0, atol=1e-12)


def test_values_stand_at_their_sites_and_leads_have_numbers():
    axes = Figure().subplots()
    values = np.where(np.arange(12) == 5, np.nan, np.arange(12.0))
    drawn = plotting.draw_sites(axes, LAYOUT, values, 20.0, "device")
    assert drawn.get_clim() == (-20, 20)
    np.testing.assert_array_equal(drawn.get_array().filled(np.nan), values)
    middles = np.array([path.vertices[:-1].mean(axis=0) for path in drawn.get_paths()])
    np.testing.assert_allclose(middles, SQUARE, atol=1e-12)
    marked = [one for one in axes.collections if one is not drawn]
    assert [len(one.get_paths()) for one in marked] == [3, 2]
    left, right = axes.texts
    assert (left.get_text(), right.get_text()) == ("0", "1")
    assert left.get_position()[0] < 0 < 3 < right.get_position()[0]
    for text in axes.texts:
        assert axes.get_xlim()[0] < text.get_position()[0] < axes.get_xlim()[1]
    with pytest.raises(ValueError, match=r"values has shape \(11,\) for 12 sites"):
        plotting.draw_sites(axes, LAYOUT, values[1:], 1.0, "")


def test_a_layout_is_read_off_a_device():
    """Two orbitals a site, and positions on a line."""
    hopping = ebs.samples.Entries([0, 2, 1, 3], [2, 0, 3, 1], np.ones(4))
    sample = ebs.samples.TightBinding([0.0, 1.0], hopping, [0.0, 2.0], [0, 0, 1, 1])
    lead = ebs.leads.WideBandLead(1.0)
    layout = SiteLayout.of(ebs.TightBindingDevice(sample, [ebs.Terminal(lead, [0, 1]), ebs.Terminal(lead, [3])]))
    np.testing.assert_array_equal(layout.positions, [[0, 0], [2, 0]])
    assert [one.tolist() for one in layout.interfaces] == [[0], [1]]


@pytest.mark.parametrize("long", [False, True], ids=["compact", "long"])
def test_found_truth_difference_and_errors_side_by_side(long):
    layout = LAYOUT._replace(
        positions=SQUARE * (1, 1) if not long else np.pad(np.arange(12.0)[:, None], ((0, 0), (0, 1)))
    )
    found, start, truth, errors = RANDOM.normal(size=(4, 12))
    look = {"quantity": plotting.Quantity("potential", "meV", 2.0)}
    figure = plotting.sites_figure(layout, found, start=3 * start, truth=truth, errors=np.abs(errors), **look)
    shown = {axes.get_title(): axes.collections[0] for axes in figure.axes if axes.get_title()}
    expected = {"start": 3 * start, "found": found, "truth": truth, "found - truth": found - truth}
    expected["standard error"] = np.abs(errors)
    assert list(shown) == list(expected)
    for title, given in expected.items():
        np.testing.assert_allclose(shown[title].get_array(), 2 * given)
    largest = 2 * max(np.abs(found).max(), np.abs(truth).max())
    assert shown["found"].get_clim() == shown["start"].get_clim() == (-largest, largest)
    assert shown["standard error"].get_clim() == (0, 2 * np.abs(errors).max())
    assert (figure.get_figheight() > figure.get_figwidth() / 2) == long
    units = ebs.measurements.laboratory_units(hopping="1.42 meV")
    alone = plotting.sites_figure(layout._replace(interfaces=()), found, units=units)
    assert [axes.get_title() for axes in alone.axes if axes.get_title()] == ["found"]
    np.testing.assert_allclose(alone.axes[0].collections[0].get_array(), 1.42 * found)
    assert alone.axes[-1].get_ylabel() == "potential (meV)"


def test_the_course_of_a_search_at_the_sites(tmp_path):
    history = ebs.search.History()
    for step in range(3):
        number = lambda n: jnp.asarray(n)
        guess = {"map": jnp.full(12, float(step))}
        history.record(
            State(guess, number(1.0), number(False), number(step + 1), None, number(0), number(0)), float(step)
        )
    frames = [(step, guess["map"] + np.arange(12)) for step, guess in history.snapshots]
    film = plotting.evolution_animation(frames, history, layout=LAYOUT)
    film.save(tmp_path / "film.gif", writer=plotting.GifWriter(), dpi=30)
    np.testing.assert_array_equal(film._fig.axes[0].collections[0].get_array(), frames[-1][1])
    observed = ebs.Observations(np.arange(3.0), flux=np.arange(3.0))
    evolution = [(f"step {step}", values) for step, values in frames]
    figure = plotting.reconstruction_figure(frames[0][1], observed, evolution, history, "energy", layout=LAYOUT)
    panels = {axes.get_title(): axes for part in figure.subfigs for axes in part.axes}
    for title, values in [("truth", frames[0][1]), *evolution]:
        (cells, *_) = [one for one in panels[title].collections if isinstance(one, PolyCollection)]
        np.testing.assert_array_equal(cells.get_array(), values)
