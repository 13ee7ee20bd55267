"""The width of the vectors that XLA compiles for."""

import pathlib
from collections.abc import MutableMapping


def use_wide_vectors(
    environment: MutableMapping[str, str], processor: pathlib.Path = pathlib.Path("/proc/cpuinfo")
) -> None:
    """Ask XLA for 512-bit vectors if the processor has them and XLA_FLAGS does not name a width.

    Left alone, XLA compiles for 256 bits. Has to be called before JAX computes anything; later it has no effect. Only a
    program may do this, for its own process: the package configures nothing.
    """
    given = environment.get("XLA_FLAGS", "")
    if "xla_cpu_prefer_vector_width" in given or not processor.exists() or "avx512f" not in processor.read_text():
        return
    environment["XLA_FLAGS"] = f"{given} --xla_cpu_prefer_vector_width=512".strip()
