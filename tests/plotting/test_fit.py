"""Data, fit and residuals: the arrays on the axes are what their titles say."""

import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve import plotting
from equibacksolve.plotting import Quantity

FLUX, ENERGY = np.array([0.0, 0.1]), np.array([-1.0, 0.0, 1.0])
VALUES = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
FIT = VALUES + np.array([[0.1, 0.0, -0.2], [0.3, 0.0, 0.0]])
SIGMA = np.array([[0.1, 0.2, 0.1], [0.1, 0.1, 0.5]])
MASK = np.array([[True, True, True], [False, True, True]])


def on_mesh(**known):
    return ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=VALUES, **known)


def maps(figure):
    """Arrays of the panels that show maps, by title, NaN where nothing is shown."""
    panels = {axes.get_title(): axes.collections[0] for axes in figure.axes if axes.get_title()}
    return {title: np.ma.filled(mesh.get_array().astype(float), np.nan).T for title, mesh in panels.items()}, panels


@pytest.mark.parametrize("known", [True, False])
def test_a_map(known):
    figure = plotting.fit_figure(on_mesh(mask=MASK, sigma=SIGMA if known else None), FIT.ravel())
    shown, panels = maps(figure)
    np.testing.assert_array_equal(shown["data"], np.where(MASK, VALUES, np.nan))
    np.testing.assert_array_equal(shown["fit"], FIT)
    title, sigma = ("residual over sigma", SIGMA) if known else ("residual", 1.0)
    np.testing.assert_allclose(shown[title], np.where(MASK, (FIT - VALUES) / sigma, np.nan), atol=1e-12)
    assert panels["data"].get_clim() == panels["fit"].get_clim()
    low, high = panels[title].get_clim()
    assert low == -high
    # The masked residual is the largest, and does not count.
    assert high == pytest.approx(2.0 if known else 0.2)


def test_a_line_has_error_bars_where_there_are_data():
    time, values, sigma = np.array([1.0, 0.0, 2.0]), np.array([5.0, 3.0, 9.0]), np.array([0.5, 0.3, 0.1])
    observed = ebs.Observations(values, time=time, sigma=sigma, mask=np.array([True, True, False]))
    figure = plotting.fit_figure(observed, values + 1, reading=Quantity("counts", "k", 10.0))
    left, right = figure.axes
    bars = left.collections[0].get_segments()
    np.testing.assert_allclose(sorted(bar[:, 1].tolist() for bar in bars), [[27, 33], [45, 55]])
    fit = next(line for line in left.lines if line.get_label() == "fit")
    np.testing.assert_array_equal(fit.get_xydata(), [[0, 40], [1, 60], [2, 100]])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [1 / 0.3, 2, np.nan])
