"""Shared by all tests: float64, strict promotion, one hypothesis profile."""

import contextlib
import gc
import os
import pathlib

import hypothesis
import jax
import pytest
from compilation import AS_FOR_USERS, FOR_LONG_RUNS, QUICKLY, offer_quick_compilation

# Each worker of pytest-xdist keeps to a core of its own. XLA and a default search then have one thread each, and the
# workers do not wait for one another. Programs that are to use all cores find them in CORES.
if hasattr(os, "sched_setaffinity") and "PYTEST_XDIST_WORKER" in os.environ and "CORES" not in os.environ:
    cores = sorted(os.sched_getaffinity(0))
    os.environ["CORES"] = ",".join(map(str, cores))
    os.sched_setaffinity(0, {cores[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % len(cores)]})

# Programs that tests start read what is compiled of the package: to parse it takes five seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

jax.config.update("jax_enable_x64", True)
offer_quick_compilation()

# JAX keeps what it has traced: to look through that for garbage after every 700 objects takes a twentieth of the time.
gc.set_threshold(50_000)

# Derandomised, so that a failure in CI is a failure at home; deadlines make no sense where compilation is included.
hypothesis.settings.register_profile(
    "laws", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "20")), print_blob=True
)
hypothesis.settings.load_profile("laws")


QUICK = {"atoms", "benchmarks", "command_line", "diagnostics", "examples", "inverse", "leads", "phasing", "methods"} | {
    *("plotting", "reporting", "saving", "search", "specialists"),
    *("test_strict_promotion", "test_unsafe_growth", "test_walls", "test_complex_onsite", "test_law_5_interval"),
    *("test_built_while_tracing", "test_nothing_asked", "test_perturbed", "test_settings_at_the_door"),
    *(
        "test_instruments_on_devices",
        "test_laws_of_any_graph",
        "test_laws_of_devices",
        "test_refused_devices",
        "test_contract",
        "test_testing",
    ),
    *("test_real_samples", "test_simulator", "test_thermal_smearing"),
}
"""Folders and files whose tests do not ask how numbers are compiled: courses of searches, judgements, pages, examples;
what is refused, or NaN; and laws of devices that are held against Kwant in another file."""


@pytest.fixture(scope="module")
def quick_compilation():
    """Code that is not optimised, in the tests of one file: half of the time of compiling is saved.

    The others are tested as they are compiled for users. With AS_FOR_USERS=1 in the environment all are.
    """
    with _compiled_at(QUICKLY):
        yield


@pytest.fixture
def compiled_for_a_long_run(quick_compilation):
    """Code that is optimised a little, in one test that computes for longer than it compiles."""
    with _compiled_at(FOR_LONG_RUNS):
        yield


@contextlib.contextmanager
def _compiled_at(level):
    before = jax.config.jax_optimization_level
    jax.config.update("jax_optimization_level", before if AS_FOR_USERS else level)
    yield
    jax.config.update("jax_optimization_level", before)


@pytest.fixture(scope="module", autouse=True)
def compilation_of_the_file(request):
    """Quick where nothing is asked of how numbers are compiled."""
    if not QUICK.isdisjoint((request.path.parent.name, request.path.stem)):
        request.getfixturevalue("quick_compilation")
    yield
    # Each program is a few maps of memory, of which Linux gives 65530 to a process: then nothing more is compiled.
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > 40_000:
        jax.clear_caches()
        gc.collect()
