"""Claim: curves of diffraction cost time and memory linear in the atoms, and fits beat reverse Monte Carlo's.

1. CPU seconds per value and gradient of the misfit of S(Q), g(r) and excluded distances, pairs up to 10 angstrom, and
   peak memory, at the density of silicon. Each row runs in a process of its own; what Python and JAX take before the
   first array is subtracted. CPU seconds, as a busy machine does not change them.
2. The g(r) of amorphous silicon (examples/data), 1000 atoms from the same random start: annealed Langevin against the
   package `reverse-monte-carlo` of PyPI. Both are judged by chi^2 = sum (g - g_target)^2 over 100 bins up to 10
   angstrom, counted by a third program (see _pair_distribution_target.py). Without the package, ours only.

    python benchmarks/structure_fit.py [--seconds 60] [--json FILE] [--short]
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, is_installed, write_json

import equibacksolve as ebs
from equibacksolve import atoms
from equibacksolve.methods import AnnealedLangevin

SIZES = (1000, 5000, 20_000, 50_000)
DENSITY, REACH = 0.05, 10.0
TRUTH = pathlib.Path(__file__).parents[1] / "examples" / "data" / "amorphous_silicon.xyz"


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
    cells = next(blocks.cells for name, blocks in seen.blocks if name.startswith(" "))
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


def fit(seconds, steps):
    """chi^2 against seconds, of ours and of the package."""
    import _pair_distribution_target as three

    truth = atoms.read_structure(TRUTH)
    box, hidden = float(truth.box.vectors[0, 0]), np.asarray(truth.positions, float)
    target = three.histogram(hidden, box)
    start = np.random.default_rng(0).uniform(0, box, hidden.shape)
    curve = atoms.RealSpaceCurve(three.DISTANCES, width=0.04)
    seen = atoms.Observables(atoms.Structure(start, truth.box, "Si"), g=curve)
    # Each side fits its own curve of the hidden atoms.
    observed = seen.observations(g=(atoms.Observables(truth, g=curve).predict(), 0.02))
    search = {"where": lambda s: s.positions, "key": 0, "polish": False, "seconds": 1e9, "progress": False}
    method = AnnealedLangevin(0.3, 0.01, steps=steps)
    ebs.backsolve(seen, observed, method, **search, steps=1)  # compile
    began = time.process_time()
    found = ebs.backsolve(seen, observed, method, **search)
    ours = {
        "CPU seconds": time.process_time() - began,
        "chi2": three.chi_squared(found.simulator.positions, box, target),
    }
    print(f"\nannealed Langevin, {steps} steps: chi^2 {ours['chi2']:.4f} after {ours['CPU seconds']:.1f} CPU s")
    results = {"start": three.chi_squared(start, box, target), "ours": ours}
    if not is_installed("rmc"):
        print("skipped: rmc is missing, install it with `pip install reverse-monte-carlo`")
        return results
    for temperature in (None, 0.001):
        rows = three.by_package(start, hidden, target, box, seconds, 0, temperature, time.process_time)
        name = "greedy" if temperature is None else f"Metropolis {temperature}"
        results[name] = rows
        told = ", ".join(f"{chi2:.3g} after {s:.0f} CPU s" for s, chi2 in rows[:: max(1, len(rows) // 5)])
        print(f"reverse-monte-carlo, {name}: chi^2 {told}; {rows[-1][1]:.4f} at the end", flush=True)
    return results


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--row", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each run of the package")
    parser.add_argument("--steps", type=int, default=1500, help="of the annealing")
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(*arguments.row)))
        return
    rows = scale(SIZES[: 2 if arguments.short else 4])
    fits = fit(5.0 if arguments.short else arguments.seconds, 200 if arguments.short else arguments.steps)
    write_json(arguments.json, {"scale": rows, "fit": fits}, "reverse-monte-carlo")


if __name__ == "__main__":
    main()
