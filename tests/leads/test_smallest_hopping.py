"""The weakest contact whose t^2 is a normal number is accepted, the next one refused, whatever numpy does on errors."""

import numpy as np
import pytest

import equibacksolve as ebs

SMALLEST = 2.0**-511  # its square, 2^-1022, is the smallest normal number


@pytest.mark.parametrize("errors", ["ignore", "raise"])
def test_the_smallest_normal_square_is_the_limit(errors):
    with np.errstate(all=errors):
        assert float(ebs.WireLead(1.0, hopping=SMALLEST).hopping) == SMALLEST
        for hopping in (np.nextafter(SMALLEST, 0), 1e-200, 1e200):
            with pytest.raises(ValueError, match="carries no current"):
                ebs.WireLead(1.0, hopping=hopping)
