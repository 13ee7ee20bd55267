"""Landscapes, errors, moments, atoms: the arrays on the axes are those that were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from equibacksolve import plotting
from equibacksolve.plotting import Quantity

RANDOM = np.random.default_rng(0)
FOUND, START, TRUTH, ERRORS = RANDOM.normal(size=(4, 5, 3))
ERRORS = np.abs(ERRORS)


@pytest.fixture
def axes():
    return Figure().subplots()


def test_a_landscape_with_start_truth_and_errors():
    figure = plotting.landscape_figure(
        FOUND, errors=ERRORS, start=3 * START, truth=TRUTH, quantity=Quantity("potential", "meV", 2.0)
    )
    shown = {axes.get_title(): axes.images[0] for axes in figure.axes if axes.images and axes.get_title()}
    assert list(shown) == ["start", "found", "truth", "standard error"]
    for title, given in zip(shown, (3 * START, FOUND, TRUTH, ERRORS)):
        np.testing.assert_array_equal(shown[title].get_array(), 2 * given.T)
    largest = 2 * max(np.abs(FOUND).max(), np.abs(TRUTH).max())
    assert shown["found"].get_clim() == shown["start"].get_clim() == (-largest, largest)
    assert shown["standard error"].get_clim() == (0, 2 * ERRORS.max())
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels.count("potential (meV)") == 2


def test_errors_of_zero_have_a_scale(axes):
    assert plotting.draw_errors(axes, np.zeros((2, 2))).get_clim() == (0, 1)


def test_moments_point_where_the_angles_say(axes):
    drawn = plotting.draw_magnetization(axes, FOUND, "moments")
    np.testing.assert_allclose(drawn.get_array(), np.cos(FOUND).T)
    (arrows,) = axes.collections
    x, y = arrows.get_offsets().T.astype(int) - 1  # sites count from 1
    np.testing.assert_allclose(arrows.U, np.sin(FOUND)[x, y])
    np.testing.assert_allclose(arrows.V, np.cos(FOUND)[x, y])
    assert len(set(zip(x, y))) == FOUND.size


@pytest.mark.parametrize("periodic", [True, False])
def test_atoms_come_in_again(axes, periodic):
    positions, other = np.array([[1.0, 5.0], [-0.5, 4.5]]), np.array([[1.0, 1.0]])
    plotting.draw_atoms(axes, positions, 4.0, "atoms", other=other, other_name="start", periodic=periodic)
    dots = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_array_equal(dots["start"], other)
    np.testing.assert_array_equal(dots["found"], [[1.0, 1.0], [3.5, 0.5]] if periodic else positions)
    assert axes.get_xlim() == axes.get_ylim() == (0, 4)
    assert axes.get_xlabel() == "x (length)"
