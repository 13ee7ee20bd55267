"""Which fractions same_setting may be: from 0, included, to 1, excluded."""

import numpy as np
import pytest
from dots import SAMPLE, columns

from equibacksolve.measurements import read
from equibacksolve.measurements._arrangement import merge


@pytest.mark.parametrize("fraction", [1, 1.0, np.nextafter(1.0, 2.0), 1.5, -1e-12, np.inf])
def test_what_is_no_fraction_below_one_is_refused(fraction):
    with pytest.raises(ValueError, match="same_setting is a fraction of the range of an axis, from 0 to below 1"):
        read(columns(), same_setting=fraction, **SAMPLE)


def test_settings_that_are_joined_meet_halfway_and_the_furthest_way_is_told():
    """Of a range of 5: the outermost of three move by 0.02, the others of two by 0.01."""
    labels, distinct, shift = merge(np.array([5.0, 1.02, 0.0, 1.04, 3.0, 1.0, 3.02]), 0.01)
    assert labels.tolist() == [3, 1, 0, 1, 2, 1, 2]
    np.testing.assert_allclose(distinct, [0.0, 1.02, 3.01, 5.0], rtol=1e-15)
    assert shift == pytest.approx(0.02 / 5)


def test_zero_joins_nothing_but_equal_settings():
    table = {name: np.append(values, values[0]) for name, values in columns().items()}
    table["B (T)"][-1] = np.nextafter(table["B (T)"][0], 0.0)
    assert read(table, same_setting=0, **SAMPLE).report.repeated == 0
    assert read(table, **SAMPLE).report.repeated == 1  # a rounding apart is the same by default
    assert read(columns(), same_setting=0, **SAMPLE).observations.grid == (5, 4)
