"""Shared by all tests: float64, strict promotion, one hypothesis profile."""

import contextlib
import functools
import gc
import os

import hypothesis
import jax
import jax._src.compiler
import pytest

# Each worker of pytest-xdist keeps to a core of its own. XLA and a default search then have one thread each, and the
# workers do not wait for one another. Programs that are to use all cores find them in CORES.
if hasattr(os, "sched_setaffinity") and "PYTEST_XDIST_WORKER" in os.environ and "CORES" not in os.environ:
    cores = sorted(os.sched_getaffinity(0))
    os.environ["CORES"] = ",".join(map(str, cores))
    os.sched_setaffinity(0, {cores[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % len(cores)]})

# Programs that tests start read what is compiled of the package: to parse it takes five seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

jax.config.update("jax_enable_x64", True)

# JAX keeps what it has traced: to look through that for garbage after every 700 objects takes a twentieth of the time.
gc.set_threshold(50_000)

# Derandomised, so that a failure in CI is a failure at home; deadlines make no sense where compilation is included.
hypothesis.settings.register_profile(
    "laws", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "20")), print_blob=True
)
hypothesis.settings.load_profile("laws")


# The level of optimisation is part of the key under which JAX keeps a program: both kinds live side by side.
QUICKLY = "O0"
AS_FOR_USERS = "AS_FOR_USERS" in os.environ
OPTIONS = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
    "xla_backend_optimization_level": 0,
}
"""XLA's older way to write loops compiles in half the time of the newer one. It is known to jax 0.10."""


def _with_options(get_compile_options):
    @functools.wraps(get_compile_options)
    def with_options(*arguments, env_options_overrides=None, **settings):
        if jax.config.jax_optimization_level == QUICKLY:
            env_options_overrides = OPTIONS | (env_options_overrides or {})
        return get_compile_options(*arguments, env_options_overrides=env_options_overrides, **settings)

    return with_options


# jit takes them for one function, and JAX has no setting for all. Where they are not known, nothing changes.
with contextlib.suppress(AttributeError, jax.errors.JaxRuntimeError):
    jax.jit(lambda: 0.0, compiler_options=OPTIONS)()
    jax._src.compiler.get_compile_options = _with_options(jax._src.compiler.get_compile_options)


COURSES = {"benchmarks", "command_line", "diagnostics", "examples", "inverse", "measurements", "plotting", "reporting"}
"""Folders whose tests do not ask how numbers are compiled: of searches, judgements, pages, examples."""


@pytest.fixture(scope="module")
def quick_compilation():
    """Code that is not optimised, in the tests of one file: half of the time of compiling is saved.

    The numbers of simulators are tested as they are compiled for users; with AS_FOR_USERS=1 in the environment all are.
    """
    before = jax.config.jax_optimization_level
    jax.config.update("jax_optimization_level", before if AS_FOR_USERS else QUICKLY)
    yield
    jax.config.update("jax_optimization_level", before)


@pytest.fixture(scope="module", autouse=True)
def compilation_of_the_folder(request):
    """Quick where a folder only asks for courses."""
    if request.path.parent.name in COURSES:
        request.getfixturevalue("quick_compilation")
