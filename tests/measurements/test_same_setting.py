"""Which fractions same_setting may be: from 0, included, to 1, excluded."""

import numpy as np
import pytest
from dots import SAMPLE, columns

from equibacksolve.measurements import read


@pytest.mark.parametrize("fraction", [1, 1.0, np.nextafter(1.0, 2.0), 1.5, -1e-12, np.inf])
def test_what_is_no_fraction_below_one_is_refused(fraction):
    with pytest.raises(ValueError, match="same_setting is a fraction of the range of an axis, from 0 to below 1"):
        read(columns(), same_setting=fraction, **SAMPLE)


def test_zero_joins_nothing_but_equal_settings():
    table = {name: np.append(values, values[0]) for name, values in columns().items()}
    table["B (T)"][-1] = np.nextafter(table["B (T)"][0], 0.0)
    assert read(table, same_setting=0, **SAMPLE).report.repeated == 0
    assert read(table, **SAMPLE).report.repeated == 1  # a rounding apart is the same by default
    assert read(columns(), same_setting=0, **SAMPLE).observations.grid == (5, 4)
