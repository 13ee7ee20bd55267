"""Readings on axes: each number where its settings say, in the units asked for; gaps are seen to be gaps."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting
from equibacksolve.plotting import Quantity

FLUX, ENERGY = np.array([0.0, 0.1, 0.3]), np.array([1.0, -1.0])
VALUES = np.arange(6.0).reshape(3, 2)
MASK = np.array([[True, True], [True, False], [True, True]])
FIELD = {"flux": Quantity("magnetic field", "T", 4.0)}


@pytest.fixture
def axes():
    return Figure().subplots()


def cells(drawn):
    """Value at the centre of each cell, NaN where nothing is shown."""
    corners = drawn.get_coordinates()
    centres = (corners[1:, 1:] + corners[:-1, :-1]) / 2
    values = np.ma.filled(drawn.get_array().astype(float), np.nan)
    return {tuple(np.round(place, 9)): value for place, value in zip(centres.reshape(-1, 2), values.ravel())}


def test_a_mesh_with_a_gap_and_a_falling_axis(axes):
    observed = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=VALUES, mask=MASK)
    drawn = plotting.draw_readings(axes, observed, title="data", settings=FIELD)
    shown = cells(drawn)
    assert len(shown) == 6
    # Cells of an uneven axis are not centred on their points: 0, 0.1, 0.3 has edges -0.05, 0.05, 0.2, 0.4.
    centre = {0.0: 0.0, 0.1: 0.125, 0.3: 0.3}
    for i, flux in enumerate(FLUX):
        for j, energy in enumerate(ENERGY):
            value = shown[round(4 * centre[float(flux)], 9), float(energy)]
            assert value == VALUES[i, j] if MASK[i, j] else np.isnan(value)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("magnetic field (T)", "energy (hopping)")
    assert axes.get_title() == "data"


def test_draw_data_takes_units(axes):
    drawn = plotting.draw_data(axes, FLUX[:2], ENERGY, VALUES[:2], "data", across=FIELD["flux"])
    assert cells(drawn)[0.4, -1.0] == VALUES[1, 1]
    assert axes.get_xlabel() == "magnetic field (T)"


def test_scattered_points(axes):
    flux, energy = (grid.ravel() for grid in np.meshgrid(FLUX, ENERGY, indexing="ij"))
    observed = ebs.Observations(VALUES.ravel(), flux=flux, energy=energy, mask=MASK.ravel())
    drawn = plotting.draw_readings(axes, observed, settings=FIELD)
    there = MASK.ravel()
    np.testing.assert_array_equal(drawn.get_offsets(), np.stack([4 * flux, energy], axis=1)[there])
    np.testing.assert_array_equal(drawn.get_array(), VALUES.ravel()[there])
    (missing,) = axes.lines
    np.testing.assert_array_equal(missing.get_xydata(), [[4 * flux[3], energy[3]]])


def test_a_line_in_rising_order_with_a_gap(axes):
    observed = ebs.Observations(
        np.array([1.0, np.nan, 3.0]), time=np.array([2.0, 1.0, 0.0]), mask=np.array([1, 0, 1]) > 0
    )
    assert plotting.draw_readings(axes, observed, reading=Quantity("counts", "kHz", 1e-3)) is None
    line, gap = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(line.get_ydata(), [0.003, np.nan, 0.001])
    np.testing.assert_array_equal(gap.get_xdata(), [1])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time", "counts (kHz)")


def test_a_mesh_with_one_energy_is_a_line(axes):
    observed = ebs.Observations.on_grid(flux=FLUX, energy=np.zeros(1), values=VALUES[:, :1])
    assert plotting.draw_readings(axes, observed) is None
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), np.stack([FLUX, VALUES[:, 0]], axis=1))


def test_data_without_settings_are_a_list(axes):
    assert plotting.draw_readings(axes, ebs.Observations(np.array([3.0, 1.0]))) is None
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0, 3], [1, 1]])


def test_an_image_has_its_first_axis_across(axes):
    drawn = plotting.draw_readings(axes, ebs.Observations(VALUES))
    np.testing.assert_array_equal(drawn.get_array(), VALUES.T)
    assert drawn.origin == "lower"


@pytest.mark.parametrize("pixels", [6, 7])
def test_an_image_in_momentum_space_has_each_pixel_at_its_momentum(axes, pixels):
    box = 5.0
    momenta = 2 * np.pi * np.fft.fftfreq(pixels, box / pixels)
    image = momenta[:, None] + 100 * momenta[None]
    drawn = plotting.draw_readings(axes, ebs.Observations(image), largest_momentum=np.pi * pixels / box)
    left, right, *_ = drawn.get_extent()
    centres = left + (np.arange(pixels) + 0.5) * (right - left) / pixels
    np.testing.assert_allclose(drawn.get_array(), centres[None] + 100 * centres[:, None], atol=1e-10)
