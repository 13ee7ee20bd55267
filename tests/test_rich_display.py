"""What notebooks show: HTML that is well formed, pictures that a reader of PNGs reads, and nothing that fails."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from toys import NEAR_DECAYS, READINGS

import equibacksolve as ebs
from equibacksolve._rich_display import curve_image, map_image
from equibacksolve.search import History

SAMPLE = ebs.SquareLattice(ebs.Potential(np.arange(12.0).reshape(4, 3) - 2))
GRID = ebs.Observations.on_grid(time=[0.0, 1.0, 2.0], place=[0.0, 1.0], values=np.arange(6.0).reshape(3, 2), sigma=0.1)


def pixels(shown):
    """The first picture of a piece of HTML, as rows of colours."""
    encoded = re.search(r'base64,([^"]+)"', shown)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


def parsed(shown):
    """Raises an error unless the HTML is well formed."""
    closed = re.sub(r"(<img[^>]*)>", r"\1/>", shown)
    return ElementTree.fromstring(f"<all>{closed}</all>")


@pytest.mark.parametrize(
    "thing",
    [
        *(NEAR_DECAYS, READINGS, GRID, ebs.JointObservations(a=GRID, b=READINGS.with_sigma(0.1))),
        *(SAMPLE, SAMPLE.onsite, SAMPLE.tight_binding(), SAMPLE.tight_binding().onsite, History()),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_all_show_themselves(thing):
    assert parsed(thing._repr_html_()).find("div") is not None
    assert "\n" not in repr(thing) or isinstance(thing, (ebs.AbstractSimulator, ebs.samples.TightBinding))


def test_a_map_is_drawn_as_it_lies():
    """x to the right, y upwards; blue below zero, red above, white at zero, grey where nothing is known."""
    values = np.array([[-2.0, 0.0, 1.0], [np.nan, 2.0, 0.0]])  # (length, width)
    colours = pixels(map_image(values)).astype(int)
    assert colours.shape == (3, 2, 3)
    lowest, highest, nothing = colours[2, 0], colours[1, 1], colours[2, 1]
    assert lowest[2] > lowest[0]
    assert highest[0] > highest[2]
    assert len(set(nothing)) == 1
    np.testing.assert_array_equal(colours[1, 0], colours[0, 1])  # both zero


def test_readings_are_drawn_from_their_lowest_to_their_highest():
    colours = pixels(GRID._repr_html_()).astype(int)
    brightness = colours.sum(axis=-1)[::-1].T  # (time, place) again
    assert np.all(np.diff(brightness.ravel()) < 0)


def test_a_course_over_many_decades():
    line = parsed(curve_image(np.array([1e0, 1e-2, np.inf, 1e-6]), "cost", logarithmic=True)).find(".//polyline")
    heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    steps = np.diff(heights)
    assert steps[1] == pytest.approx(2 * steps[0], abs=0.2)  # four decades and two; written to a tenth of a pixel


def test_names_are_text_and_not_markup():
    assert "<b>" not in map_image(np.zeros((3, 3)), "<b>")


def test_traced_numbers_are_shown_by_their_shape():
    shown = []
    jax.jit(lambda values: shown.append(ebs.Potential(values)._repr_html_()) or values)(jnp.zeros((3, 4)))
    assert "(3, 4)" in shown[0]
    assert "<img" not in shown[0]
