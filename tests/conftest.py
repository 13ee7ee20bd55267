"""Shared by all tests: float64, strict promotion, one hypothesis profile."""

import gc
import os

import hypothesis
import jax
import pytest

# Each worker of pytest-xdist keeps to a core of its own. XLA and a default search then have one thread each, and the
# workers do not wait for one another. Programs that are to use all cores find them in CORES.
if hasattr(os, "sched_setaffinity") and "PYTEST_XDIST_WORKER" in os.environ and "CORES" not in os.environ:
    cores = sorted(os.sched_getaffinity(0))
    os.environ["CORES"] = ",".join(map(str, cores))
    os.sched_setaffinity(0, {cores[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % len(cores)]})

jax.config.update("jax_enable_x64", True)

# JAX keeps what it has traced: to look through that for garbage after every 700 objects takes a twentieth of the time.
gc.set_threshold(50_000)

# Derandomised, so that a failure in CI is a failure at home; deadlines make no sense where compilation is included.
hypothesis.settings.register_profile(
    "laws", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "20")), print_blob=True
)
hypothesis.settings.load_profile("laws")


@pytest.fixture(scope="module")
def quick_compilation():
    """Code that is not optimised, in the tests of one file: a third of the time of compiling is saved.

    For what is only to run, once or twice: examples and pages. Nothing compiled so is left to other files: there,
    numbers are tested as they are compiled for users.
    """
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
    jax.clear_caches()
