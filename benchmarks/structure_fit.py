"""Claim: the gradient of curves of diffraction takes less than the square of the atoms in time and memory.

CPU seconds per value and gradient of the misfit of S(Q), g(r) and excluded distances, pairs up to 10 angstrom, and peak
memory, at the density of silicon. Each row runs in a process of its own; what Python and JAX take before the first
array is subtracted. CPU seconds, as other programs on the machine change them less than those of a clock.

    python benchmarks/structure_fit.py [--json FILE] [--short]
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, write_json

from equibacksolve import atoms

SIZES = (1000, 5000, 20_000, 50_000)
DENSITY, REACH = 0.05, 10.0


def shaken_lattice(number, key):
    """As many points of a cubic lattice, each shaken by half its spacing: no crowds, as in a glass."""
    edge = (number / DENSITY) ** (1 / 3)
    along = int(np.ceil(number ** (1 / 3) - 1e-9))
    points = np.stack(np.meshgrid(*[np.arange(along)] * 3), axis=-1).reshape(-1, 3)[:: along**3 // number][:number]
    positions = (points + 0.5 * jax.random.uniform(key, points.shape)) * edge / along
    return atoms.Structure(positions, atoms.Box([edge] * 3), "Si")


def measure(number, repeats):
    """Median CPU seconds per value and gradient, and megabytes above those of an empty process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    structure = shaken_lattice(number, jax.random.key(0))
    seen = atoms.Observables(
        structure,
        S=atoms.ReciprocalSpaceCurve(np.arange(0.6, 18.0, 0.06), reach=REACH),
        g=atoms.RealSpaceCurve(np.arange(1.0, 9.6, 0.05), width=0.08),
        apart=atoms.ExcludedDistances(2.1),
    )

    @jax.jit
    @jax.value_and_grad
    def cost(positions):
        return jnp.mean(eqx.tree_at(lambda s: s.positions, seen, positions).predict() ** 2)

    jax.block_until_ready(cost(structure.positions))
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        jax.block_until_ready(cost(structure.positions))
        seconds.append(time.process_time() - began)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    cells = next(one.shape for name, one in seen.clusters if name == "curves")
    return {"atoms": number, "cells": cells, "seconds": float(np.median(seconds)), "megabytes": peak}


def scale(sizes):
    print(f"{'atoms':>7} {'cells':>14} {'CPU s':>8} {'us/atom':>8} {'MB':>6} {'kB/atom':>8}")
    rows = []
    for number in sizes:
        command = [sys.executable, __file__, "--row", str(number), "5"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(row := json.loads(done.stdout.splitlines()[-1]))
        seconds, megabytes = row["seconds"], row["megabytes"]
        print(
            f"{number:7d} {'x'.join(map(str, row['cells'])) or 'all pairs':>14} {seconds:8.4f} "
            f"{seconds / number * 1e6:8.1f} {megabytes:6.0f} {megabytes * 1024 / number:8.1f}",
            flush=True,
        )
    return rows


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--row", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(*arguments.row)))
        return
    rows = scale(SIZES[: 2 if arguments.short else 4])
    write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
