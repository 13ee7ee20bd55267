"""A compilation that is wrong now and then.

On the CPU backend of jax 0.10 to 0.12, `jnp.einsum` with a broadcast constant became a YNNPACK fusion that returned
infinities in about one compilation of five. The matrix product of the sweep is a scan for that reason; this test
compiles it again and again, so that the next reader who finds einsum nicer learns of it.
"""

import jax
import numpy as np
from devices import Settings, by_sweep
from reference import load


def test_every_compilation_of_the_spinful_map_is_right():
    device = load("exchange_smooth_12x12")
    picked = slice(None, None, 93)
    settings = Settings(*(setting[picked] for setting in device.settings))
    for _ in range(3):
        # A new function each time, so that nothing is taken from a cache.
        found = jax.jit(lambda numbers, settings: by_sweep(numbers, settings))(device.numbers, settings)
        np.testing.assert_allclose(found, device.transmitted[picked], rtol=0, atol=1e-10)
