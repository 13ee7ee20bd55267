"""Callbacks into the host end where XLA has a single thread: see `equibacksolve._host.on_host`."""

import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compilation import quick_flags

from equibacksolve._host import PIECE, on_host

PROGRAM = pathlib.Path(__file__).with_name("on_one_core.py")


@pytest.mark.parametrize("threads", ["1", "2"])
def test_large_arrays_reach_the_host(threads):
    environment = os.environ | {"NPROC": threads, "XLA_FLAGS": quick_flags(), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, timeout=150, check=True
    )
    value, _, _ = (float(number) for number in done.stdout.split())
    assert 0 < value < 8 * 24


def test_arrays_go_in_pieces_and_come_back_whole():
    long = jnp.arange(3.0 * PIECE / 8 + 5)
    found = jax.jit(lambda a, b: on_host(lambda a, b: (a * b,), [jax.ShapeDtypeStruct(a.shape, a.dtype)], a, b))(
        long, jnp.asarray(2.0)
    )
    np.testing.assert_array_equal(found[0], 2 * long)


def test_a_batch_has_its_axis_in_front_and_what_is_shared_has_one_of_length_one():
    seen = []

    def product(a, b):
        seen.append((a.shape, b.shape))
        return (a * b,)

    one = lambda a, b: on_host(product, [jax.ShapeDtypeStruct((2,), a.dtype)], a, b)[0]
    a, b = jnp.arange(6.0).reshape(3, 2), jnp.array([1.0, 10.0])
    np.testing.assert_array_equal(jax.vmap(one, in_axes=(0, None))(a, b), a * b)
    assert seen == [((3, 2), (1, 2))]
    # A batch of batches, each along another argument.
    both = jax.jit(jax.vmap(jax.vmap(one, in_axes=(0, None)), in_axes=(None, 0)))(a, jnp.stack([b, 2 * b]))
    np.testing.assert_array_equal(both, jnp.stack([a * b, 2 * a * b]))
    assert seen[-1] == ((1, 3, 2), (2, 1, 2))
