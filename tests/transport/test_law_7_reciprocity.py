"""Law 7: as much passes from left to right as from right to left."""

import hypothesis.strategies as st
import numpy as np
import pytest
from devices import greens_function, random_numbers, random_settings, scatter, sweep
from hypothesis import given
from strategies import some_numbers, some_settings


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_both_directions_conduct_alike(orbitals, data):
    """The sweep's transmission comes from the right, that of Fisher and Lee from the left."""
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings())
    np.testing.assert_allclose(sweep(numbers, settings), greens_function(numbers, settings), rtol=0, atol=1e-11)


def test_without_spin_the_amplitudes_reverse_with_the_field():
    """S(-flux) is the transpose of S(flux): the reflection matrix shows it mode by mode."""
    numbers, settings = random_numbers(9, 1), random_settings(9)
    here = np.asarray(scatter(numbers, settings).reflection)
    there = np.asarray(scatter(numbers, settings._replace(flux=-settings.flux)).reflection)
    np.testing.assert_allclose(there, np.swapaxes(here, 1, 2), rtol=0, atol=1e-12)
