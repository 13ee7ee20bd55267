"""Claim: the gradient of the momentum image costs time at most linear in the atoms, and memory bounded by a chunk.

Seconds per gradient of the mean squared error and peak memory, at constant density, for atoms drawn on a window of
their own (`stamp`) and on all pixels. Single precision. Each row runs in a process of its own, so that the peak
resident memory is its own; what Python and JAX take before the first array is subtracted.

    python benchmarks/imaging_scale.py [--json FILE] [--short]
"""

import argparse
import json
import math
import resource
import subprocess
import sys

import jax
import jax.numpy as jnp
from _measuring import arguments_of, seconds_of, write_json

import equibacksolve  # noqa: F401 - checks the shapes of all that follows
from equibacksolve import imaging
from equibacksolve.simulators import MomentumImage

SIZES = [(500, 128), (5_000, 512), (50_000, 1024)]
WIDTH, DENSITY = 0.3, 460 / 1600


def measure(atoms, pixels, stamped, repeats):
    """Median seconds per gradient, megabytes above the interpreter's own, and the box, for one size."""
    box = math.sqrt(atoms / DENSITY)
    stamp = imaging.stamp_pixels(WIDTH, box, pixels) if stamped else None
    keys = jax.random.split(jax.random.key(0))
    here, there = (jax.random.uniform(key, (atoms, 2), maxval=box) for key in keys)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulator_of = lambda positions: MomentumImage(positions, WIDTH, box, pixels, periodic=True, stamp=stamp)
    target = simulator_of(there).predict()
    gradient = jax.jit(jax.grad(lambda positions: jnp.mean((simulator_of(positions).predict() - target) ** 2)))
    jax.block_until_ready(gradient(here))  # compile
    times = [seconds_of(gradient, here) for _ in range(repeats)]
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"atoms": atoms, "pixels": pixels, "stamp": stamp, "seconds": sorted(times)[repeats // 2], "megabytes": peak}


def in_own_process(atoms, pixels, stamped, repeats):
    row = ["--row", str(atoms), str(pixels), str(int(stamped)), str(repeats)]
    done = subprocess.run([sys.executable, __file__, *row], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--row", nargs=4, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        atoms, pixels, stamped, repeats = arguments.row
        print(json.dumps(measure(atoms, pixels, bool(stamped), repeats)))
        return
    print(
        f"{'atoms':>7} {'pixels':>6} | {'window: s':>10} {'us/atom':>8} {'MB':>6} | {'whole: s':>9} {'MB':>6} | ratio"
    )
    rows = []
    for atoms, pixels in SIZES[: 2 if arguments.short else 3]:
        window = in_own_process(atoms, pixels, True, 11)
        whole = in_own_process(atoms, pixels, False, 3)
        rows += [window, whole]
        print(
            f"{atoms:7d} {pixels:6d} | {window['seconds']:10.4f} {window['seconds'] / atoms * 1e6:8.2f} "
            f"{window['megabytes']:6.0f} | {whole['seconds']:9.3f} {whole['megabytes']:6.0f} | "
            f"{whole['seconds'] / window['seconds']:5.1f}",
            flush=True,
        )
    write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
