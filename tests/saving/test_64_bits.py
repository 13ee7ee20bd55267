"""Files with numbers of 64 bits, opened where JAX has 32: refused, and the switch is named."""

import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs
from equibacksolve.saving._named_classes import CannotBeReadHere
from equibacksolve.saving._tree_file import tree_from_bytes, tree_to_bytes

WITHOUT_64_BITS = """
import sys, jax
sys.path.insert(0, {tests!r})
import equibacksolve as ebs, toys
assert toys.HEIGHT.dtype == "float32"
switch = 'call jax.config.update("jax_enable_x64", True) first'
def refused(function, *arguments, **more):
    try:
        function(*arguments, **more)
    except ValueError as error:
        assert switch in str(error) and str(error).count(". ") == 0, error
    else:
        raise AssertionError(function)
refused(ebs.load_solution, {run!r})
refused(ebs.load_solution, {run!r}, like=toys.DECAYS)
refused(ebs.load_observations, {run!r})
search = dict(where=toys.rate, progress=False, tolerance=1e-30, out={run!r}, resume=True)
refused(ebs.backsolve, toys.NEAR_DECAYS, toys.READINGS, ebs.LevenbergMarquardt(), **search)
# What was made in 32 bits is read in 32.
found = ebs.load_solution({single!r}, like=toys.DECAYS)
assert found.simulator.rate.dtype == "float32"
jax.config.update("jax_enable_x64", True)
assert ebs.load_solution({run!r}).simulator.rate.dtype == "float64"
"""


def test_numbers_of_64_bits_are_not_cut_to_32_in_silence(tmp_path):
    run, single = tmp_path / "run", tmp_path / "single.npz"
    search = {"where": rate, "progress": False, "tolerance": 1e-30}
    ebs.backsolve(NEAR_DECAYS, READINGS, ebs.LevenbergMarquardt(), steps=3, out=run, **search)
    with jax.enable_x64(False):
        narrow = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (NEAR_DECAYS, READINGS))
        ebs.backsolve(*narrow, ebs.LevenbergMarquardt(), steps=2, **search).save(single)
    tests = pathlib.Path(__file__).parents[1]
    program = WITHOUT_64_BITS.format(run=str(run), single=str(single), tests=str(tests))
    environment = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=300, env=environment)


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64", "complex128"])
def test_every_wide_dtype_is_refused_and_every_other_read(dtype):
    narrow = {"a": jnp.ones(2, jnp.float32), "b": jnp.ones(1, jnp.int32), "c": jnp.zeros((), jnp.complex64)}
    narrow |= {"key": jax.random.key(0), "d": np.ones(2), "e": 0.1, "f": jnp.ones(1, jnp.bfloat16)}
    contents = [tree_to_bytes({}, {"it": narrow | more}) for more in ({}, {"wide": jnp.ones((), dtype)})]
    with jax.enable_x64(False):
        found = tree_from_bytes(contents[0], "it")
        assert {name: found[name].dtype for name in "abcd"} == {name: narrow[name].dtype for name in "abcd"}
        with pytest.raises(CannotBeReadHere, match="numbers of 64 bits, which JAX would cut to 32"):
            tree_from_bytes(contents[1], "it")
    assert tree_from_bytes(contents[1], "it")["wide"].dtype == dtype
