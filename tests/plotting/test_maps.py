"""Landscapes, errors, moments, atoms: the arrays on the axes are those that were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import constants

import equibacksolve as ebs
from equibacksolve import plotting
from equibacksolve.measurements import laboratory_units
from equibacksolve.plotting import Quantity

RANDOM = np.random.default_rng(0)
FOUND, START, TRUTH, ERRORS = RANDOM.normal(size=(4, 5, 3))
ERRORS = np.abs(ERRORS)
UNITS = laboratory_units(cell_area="400 nm^2", lever_arm="0.05 eV/V", offset="-0.42 V", hopping="1.42 meV")


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
    drawn = plotting.draw_magnetization(axes, FOUND, "moments", sites=UNITS.position)
    assert drawn.get_extent() == pytest.approx((0, 100, 0, 60))
    assert axes.collections[-1].get_offsets()[0] == pytest.approx([10, 10])  # nm, the middle of the first cell


@pytest.mark.parametrize("periodic", [True, False])
def test_atoms_come_in_again(axes, periodic):
    positions, other = np.array([[1.0, 5.0], [-0.5, 4.5]]), np.array([[1.0, 1.0]])
    plotting.draw_atoms(axes, positions, 4.0, "atoms", other=other, other_name="start", periodic=periodic)
    dots = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_array_equal(dots["start"], other)
    np.testing.assert_array_equal(dots["found"], [[1.0, 1.0], [3.5, 0.5]] if periodic else positions)
    assert axes.get_xlim() == axes.get_ylim() == (0, 4)
    assert axes.get_xlabel() == "x (length)"


def test_a_landscape_in_units_of_the_laboratory():
    figure = plotting.landscape_figure(FOUND, errors=ERRORS, units=UNITS)
    found, errors = (axes.images[0] for axes in figure.axes if axes.images and axes.get_title())
    np.testing.assert_allclose(found.get_array(), 1.42 * FOUND.T, rtol=1e-12)
    np.testing.assert_allclose(errors.get_array(), 1.42 * ERRORS.T, rtol=1e-12)
    # Five cells of 20 nm along the current, three across.
    np.testing.assert_allclose([found.get_extent(), errors.get_extent()], [(0, 100, 0, 60)] * 2, atol=1e-12)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x (nm)", "y (nm)")
    assert [axes.get_ylabel() for axes in figure.axes].count("potential (meV)") == 2


def test_sites_are_counted_from_one():
    """As the tables and the options of the command line count them."""
    axes = plotting.landscape_figure(FOUND).axes[0]
    assert axes.images[0].get_extent() == [0.5, 5.5, 0.5, 3.5]
    assert axes.get_xlabel() == "x (site)"


def test_data_and_fit_on_the_axes_of_the_instrument():
    observed = ebs.Observations.on_grid(flux=[0.0, 0.05, 0.1], energy=[-1.0, 1.0], values=np.arange(6.0).reshape(3, 2))
    figure = plotting.fit_figure(observed, observed.values + 1, units=UNITS)
    data = figure.axes[0]
    assert (data.get_xlabel(), data.get_ylabel()) == ("magnetic field (T)", "gate voltage (V)")
    # Cells reach half a step beyond the outermost settings: 0.05 h/e in 400 nm^2, and 2 hoppings of 1.42 meV.
    step = 0.05 * constants.h / constants.e / 400e-18
    np.testing.assert_allclose(data.get_xlim(), [-step / 2, 2.5 * step], rtol=1e-9)
    np.testing.assert_allclose(data.get_ylim(), [-0.42 - 2 * 0.0284, -0.42 + 2 * 0.0284], rtol=1e-9)


def test_a_notebook_shows_a_figure_by_itself():
    assert plotting.landscape_figure(FOUND)._repr_png_().startswith(b"\x89PNG")
