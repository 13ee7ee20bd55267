"""Law 3: reversing the field or the sample, and turning all spins around, leaves the conductance as it is."""

import hypothesis.strategies as st
import numpy as np
import pytest
from devices import random_numbers, random_settings, sweep
from hypothesis import given
from strategies import some_numbers, some_settings

SAME = {"rtol": 0, "atol": 1e-11}
"""Two runs of one algorithm along different paths; a resonance multiplies their rounding by a few hundred."""


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_onsager_reversal_of_the_field(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    reversed_field = settings._replace(flux=-settings.flux)
    np.testing.assert_allclose(sweep(numbers, settings), sweep(numbers, reversed_field), **SAME)


@pytest.mark.parametrize("orbitals", [1, 2])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)], ids=["along", "across", "both"])
@given(data=st.data())
def test_four_mirror_images_share_one_map(orbitals, axes, data):
    """With t_lead != 1 as well: the hopping into either wire is the same."""
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    image = numbers._replace(values=np.flip(numbers.values, axes), angle=np.flip(numbers.angle, axes))
    np.testing.assert_allclose(sweep(numbers, settings), sweep(image, settings), **SAME)


@given(data=st.data())
def test_all_angles_negated(data):
    numbers, settings = data.draw(some_numbers(2)), data.draw(some_settings())
    turned = numbers._replace(angle=-numbers.angle)
    np.testing.assert_allclose(sweep(numbers, settings), sweep(turned, settings), **SAME)


def test_a_rotated_sample_is_another_sample():
    """The laws above would also hold for a conductance that ignores the sample."""
    numbers, settings = random_numbers(4, 1, (4, 4)), random_settings(4)
    rotated = numbers._replace(values=numbers.values.T)
    assert np.max(np.abs(sweep(numbers, settings) - sweep(rotated, settings))) > 0.01
