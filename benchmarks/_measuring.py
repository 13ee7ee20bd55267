"""What all benchmarks share: their arguments, their clock, and how they write down what they found."""

import argparse
import importlib.metadata
import importlib.util
import itertools
import json
import os
import pathlib
import platform
import time

import jax
import numpy as np

from equibacksolve_program import use_wide_vectors


def arguments_of(doc: str) -> argparse.ArgumentParser:
    """A parser that knows --json and --short; the first line of a benchmark's docstring is its claim."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path, help="write the results, with versions, to this file")
    parser.add_argument("--short", action="store_true", help="a small form that takes about a minute")
    return parser


def warmed_up(function, *arguments):
    """A compiled function that has run once, and the seconds that this took."""
    began = time.perf_counter()
    compiled = jax.jit(function)
    jax.block_until_ready(compiled(*arguments))
    return compiled, time.perf_counter() - began


def seconds_of(function, *arguments) -> float:
    """Seconds of one call, until its result is there."""
    began = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return time.perf_counter() - began


def timed(functions, argument, repeats, moved=lambda argument, number: argument):
    """Fastest and median seconds of each function, called in turn after a warm-up; compile seconds beside.

    `moved(argument, number)` is what a repetition gets: something new each time, where results are remembered.

    Between calls there is a pause: the memory of a call is given back after its result is there, which for paper-style
    code takes some 5 ms. On one core the next call would pay for it.
    """
    warm = {name: warmed_up(function, argument) for name, function in functions.items()}
    seconds = {name: [] for name in functions}
    calls = itertools.product(range(repeats), warm.items())
    for number, (_, (name, (function, _))) in enumerate(calls, start=1):
        given = moved(argument, number)
        time.sleep(0.02)
        seconds[name].append(seconds_of(function, given))
    return {name: (min(s), float(np.median(s)), warm[name][1]) for name, s in seconds.items()}


def on_one_thread() -> None:
    """Keep XLA to one thread; to be called before the first computation.

    The backward pass of paper-style code holds several batched LAPACK calls, and such graphs dead-lock on few cores
    (CONTRIBUTING.md). Both sides of a comparison get the same one thread.
    """
    os.environ["NPROC"] = "1"


def with_wide_vectors() -> bool:
    """Let XLA use 512-bit vectors if the processor has them, as the program `equibacksolve` does for itself.

    To be called before the first computation. Both sides of a comparison get the same. Returns whether they are in use.
    """
    use_wide_vectors(os.environ)
    return "xla_cpu_prefer_vector_width=512" in os.environ.get("XLA_FLAGS", "")


def is_installed(module: str) -> bool:
    """Whether a module could be imported."""
    return importlib.util.find_spec(module) is not None


def about(*packages: str) -> dict[str, str | int]:
    """The machine, and the versions that matter."""
    named = ("jax", "jaxlib", "numpy", "equinox", *packages)
    found = {}
    for name in named:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"python": platform.python_version(), **found, "machine": processor(), "cores": cores}


def processor() -> str:
    """The name of the processor, as far as the system tells it."""
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write_json(path: pathlib.Path | None, results, *packages: str) -> None:
    """Write results with versions, if a path is given."""
    if path is not None:
        path.write_text(json.dumps({"versions": about(*packages), "results": results}, indent=1))
