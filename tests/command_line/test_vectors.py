"""The program asks for wide vectors where they exist, and only if nobody has chosen a width."""

import subprocess
import sys

import pytest

from equibacksolve_program import use_wide_vectors

WIDE = "--xla_cpu_prefer_vector_width=512"


@pytest.mark.parametrize(
    ("flags", "given", "expected"),
    [
        ("fpu avx2 avx512f", {}, {"XLA_FLAGS": WIDE}),
        ("fpu avx2 avx512f", {"XLA_FLAGS": "--other=1"}, {"XLA_FLAGS": f"--other=1 {WIDE}"}),
        ("fpu avx2 avx512f", {"XLA_FLAGS": WIDE.replace("512", "256")}, {"XLA_FLAGS": WIDE.replace("512", "256")}),
        ("fpu avx2", {}, {}),
    ],
)
def test_a_width_is_chosen_once(tmp_path, flags, given, expected):
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: {flags}\n")
    use_wide_vectors(given, tmp_path / "cpuinfo")
    assert given == expected


def test_a_system_that_does_not_tell(tmp_path):
    environment = {}
    use_wide_vectors(environment, tmp_path / "missing")
    assert environment == {}


def test_nothing_is_computed_before_the_program_has_chosen():
    """JAX reads XLA_FLAGS when it first computes: a flag that XLA does not know must still end the process."""
    code = (
        "import os, equibacksolve.command_line, jax.numpy as jnp\n"
        "os.environ['XLA_FLAGS'] = '--no_such_flag=1'\n"
        "jnp.zeros(1)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode != 0
    assert "no_such_flag" in ended.stderr
