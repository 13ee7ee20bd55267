"""The course of a search: its history, its picture, and its film."""

import jax.numpy as jnp
import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import equibacksolve as ebs
from equibacksolve import plotting
from equibacksolve.methods import State

RANDOM = np.random.default_rng(0)
COSTS, STARTS = (3.0, 1.0, 2.0, 0.5), (0, 0, 1, 1)


@pytest.fixture
def history():
    kept = ebs.search.History()
    for i, (cost, start) in enumerate(zip(COSTS, STARTS)):
        number = lambda n: jnp.asarray(n)
        guess = {"map": jnp.full((3, 2), float(i))}
        kept.record(
            State(guess, number(cost), number(False), number(2 * i + 1), None, number(0), number(start)), float(i)
        )
    return kept


def test_the_history_has_a_line_for_each_start(history):
    axes = Figure().subplots()
    plotting.draw_history(axes, history)
    first, second = axes.lines
    np.testing.assert_array_equal(first.get_xydata(), [[1, 3], [3, 1]])
    np.testing.assert_array_equal(second.get_xydata(), [[5, 2], [7, 0.5]])


@pytest.mark.parametrize("mesh", [True, False])
def test_the_picture_of_a_reconstruction(history, mesh):
    flux, energy = np.array([0.0, 0.1, 0.0, 0.1]), np.array([0.0, 0.0, 1.0, 2.0])
    values = np.arange(4.0)
    observed = ebs.Observations(values, flux=flux, energy=energy)
    if mesh:
        observed = ebs.Observations.on_grid(flux=flux[:2], energy=energy[1:3], values=values.reshape(2, 2))
    landscapes = RANDOM.normal(size=(3, 4, 4))
    evolution = [("first", landscapes[1]), ("last", landscapes[2])]
    figure = plotting.reconstruction_figure(landscapes[0], observed, evolution, history, "potential (hopping)")
    panels = {axes.get_title(): axes for subfigure in figure.subfigs for axes in subfigure.axes}
    for title, landscape in zip(("truth", "first", "last"), landscapes):
        np.testing.assert_array_equal(panels[title].images[0].get_array(), landscape.T)
    drawn = panels["data"].collections[0].get_array()
    np.testing.assert_array_equal(np.sort(np.ravel(drawn)), values)


def test_a_film_of_landscapes_saves_as_a_gif(history, tmp_path):
    frames = [(step, 2 * guess["map"] + step) for step, guess in history.snapshots]
    film = plotting.evolution_animation(frames, history)
    film.save(tmp_path / "film.gif", writer=plotting.GifWriter(), dpi=30)
    # The last frame was drawn last.
    left, right, *_ = film._fig.axes
    np.testing.assert_array_equal(left.images[0].get_array(), frames[-1][1].T)
    assert left.get_title() == "step 4, cost 5e-01"
    np.testing.assert_array_equal(right.lines[-1].get_xydata(), [[7, 0.5]])
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == 4


def test_a_gif_keeps_the_colours_of_a_colour_bar(tmp_path):
    """All 256 colours of a scale, a pixel each, in a wide field of other colours: each comes out nearly as it was."""
    figure = Figure(figsize=(4, 2), dpi=100)
    picture = matplotlib.colormaps["Blues"](RANDOM.uniform(size=(200, 400)))[..., :3]
    picture[:10] = 1
    picture[100, :256] = matplotlib.colormaps["viridis"](np.arange(256))[:, :3]
    figure.figimage(picture)
    writer = plotting.GifWriter()
    with writer.saving(figure, tmp_path / "bar.gif", 100):
        writer.grab_frame()
    with Image.open(tmp_path / "bar.gif") as gif:
        shown = np.asarray(gif.convert("RGB")) / 255
    np.testing.assert_array_equal(shown[:10], 1)
    # 512 colours share 256: two or three neighbours, each up to 3 of 255 from the next. A median cut is off by 78.
    np.testing.assert_allclose(shown[100, :256], picture[100, :256], rtol=0, atol=8 / 255)


def test_a_film_of_atoms(history, tmp_path):
    positions = np.array([[1.0, 5.0], [2.0, 2.0]])
    film = plotting.atoms_animation([(0, positions - 1), (3, positions)], history, 4.0)
    film.save(tmp_path / "film.gif", writer=plotting.GifWriter(), dpi=30)
    np.testing.assert_array_equal(film._fig.axes[0].lines[0].get_xydata(), [[1, 1], [2, 2]])
