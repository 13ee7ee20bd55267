"""Shared by all tests: float64, strict promotion, one hypothesis profile."""

import contextlib
import gc
import os
import pathlib

import hypothesis
import jax
import pytest
from compilation import AS_FOR_USERS, FOR_LONG_RUNS, QUICKLY, load_few_dialects, offer_quick_compilation

# Each worker of pytest-xdist keeps to a core of its own. XLA and a default search then have one thread each, and the
# workers do not wait for one another. Programs that are to use all cores find them in CORES.
if hasattr(os, "sched_setaffinity") and "PYTEST_XDIST_WORKER" in os.environ and "CORES" not in os.environ:
    cores = sorted(os.sched_getaffinity(0))
    os.environ["CORES"] = ",".join(map(str, cores))
    os.sched_setaffinity(0, {cores[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % len(cores)]})

# Programs that tests start read what is compiled of the package: to parse it takes five seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

jax.config.update("jax_enable_x64", True)
LEVEL_OF_USERS = jax.config.jax_optimization_level
offer_quick_compilation()
load_few_dialects()

# JAX keeps what it has traced: to look through that for garbage after every 700 objects takes a twentieth of the time.
gc.set_threshold(50_000)

# Derandomised, so that a failure in CI is a failure at home; deadlines make no sense where compilation is included.
hypothesis.settings.register_profile(
    "laws", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "20")), print_blob=True
)
hypothesis.settings.load_profile("laws")


AS_USERS_HAVE_IT = {"transport", "test_momentum_image", "test_magnetoconductance"}
QUICK = {
    "test_law_8_algorithms",
    "test_law_9_derivatives",
    "test_strict_promotion",
    "test_unsafe_growth",
    "test_walls",
    "test_complex_onsite",
    "test_law_5_interval",
}
"""Folders and files whose numbers are compiled as for users; and of these, files that ask what is refused, or NaN.

All others ask nothing of how numbers are compiled: courses of searches, judgements, pages, examples, laws that hold at
any level. Single tests of theirs can ask for `compiled_for_users`."""

LONG = (
    "test_devices_of_kwant",
    "test_regression_sets",
    "test_few_discs",
    "test_ends_of_a_search",
    "test_over_devices",
    "test_own_problems",
    "test_amorphous_silicon",
    "test_killed_run",
    "test_magnetization",
    "test_cost_surface_picture",
    "test_units",
    "test_unsafe_growth",
    "test_built_while_tracing",
    "test_kwant",
    "test_annealing",
    "test_every_method",
    "test_alternating_projections",
    "test_two_levels",
    "test_pair_sums",
    "test_profile_intervals",
)
"""The files that take longest, the longest first. Workers take files in turn: what is begun last should be short."""


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="module")
def quick_compilation():
    """Code that is not optimised, in the tests of one file: half of the time of compiling is saved.

    With AS_FOR_USERS=1 in the environment, all tests run as they are compiled for users.
    """
    with _compiled_at(QUICKLY):
        yield


@pytest.fixture
def compiled_for_a_long_run(quick_compilation):
    """Code that is optimised a little, in one test that computes for longer than it compiles."""
    with _compiled_at(FOR_LONG_RUNS):
        yield


@pytest.fixture
def compiled_for_users(quick_compilation):
    """Code as users have it, in one test of a file that is compiled quickly."""
    with _compiled_at(LEVEL_OF_USERS):
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
    names = {request.path.parent.name, request.path.stem}
    if names & QUICK or not names & AS_USERS_HAVE_IT:
        request.getfixturevalue("quick_compilation")
    yield
    # Each program is a few maps of memory, of which Linux gives 65530 to a process: then nothing more is compiled.
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > 40_000:
        jax.clear_caches()
        gc.collect()
