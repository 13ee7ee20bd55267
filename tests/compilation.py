"""Ways to compile: as for users, and quickly, at two of JAX's levels of optimisation.

The level is part of the key under which JAX keeps a program, so that all kinds live side by side.
"""

import contextlib
import functools
import os

import jax
import jax._src.compiler
import jax._src.interpreters.mlir

AS_FOR_USERS = "AS_FOR_USERS" in os.environ
QUICKLY, FOR_LONG_RUNS = "O0", "O1"
_SHORT = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_parallel_codegen_split_count": 1,
}
OPTIONS = _SHORT | {"xla_backend_optimization_level": 0, "xla_cpu_max_isa": "SSE4_2"}
"""XLA's older way to write loops compiles in half the time of the newer one, and is known to jax 0.10; one part, in
place of 32 for as many threads, in two thirds. An eighth goes where a processor has few instructions to choose from."""
OF_LEVEL = {QUICKLY: OPTIONS, FOR_LONG_RUNS: _SHORT | {"xla_backend_optimization_level": 1}}
"""At O1 half a second more is compiled for a search, and what is compiled runs three times as fast."""


def _with_options(get_compile_options):
    @functools.wraps(get_compile_options)
    def with_options(*arguments, env_options_overrides=None, **settings):
        options = OF_LEVEL.get(jax.config.jax_optimization_level, {})
        env_options_overrides = options | (env_options_overrides or {})
        return get_compile_options(*arguments, env_options_overrides=env_options_overrides, **settings)

    return with_options


def offer_quick_compilation() -> None:
    """Let both levels have these options. Where they are not known, nothing changes."""
    with contextlib.suppress(AttributeError, jax.errors.JaxRuntimeError):
        jax.jit(lambda: 0.0, compiler_options=OPTIONS)()
        # jit takes them for one function, and JAX has no setting for all.
        jax._src.compiler.get_compile_options = _with_options(jax._src.compiler.get_compile_options)


class _FewDialects(getattr(jax._src.interpreters.mlir, "JaxIrContext", object)):
    """Where programs are lowered: of MLIR's own dialects, those of Pallas among them, JAX's programs need `func`."""

    def load_all_available_dialects(self):
        self.get_dialect_descriptor("func")


def load_few_dialects() -> None:
    """Lower each program in such a context: of a small one, to load all dialects takes half of the time of lowering."""
    jax._src.interpreters.mlir.JaxIrContext = _FewDialects


def quick_flags() -> str:
    """The same for programs that tests start, in XLA_FLAGS."""
    known = hasattr(jax._src.compiler.get_compile_options, "__wrapped__") and not AS_FOR_USERS
    return " ".join(f"--{name}={str(value).lower()}" for name, value in OPTIONS.items()) if known else ""
