"""Claim: the gradient brings atoms to their data faster than reverse Monte Carlo (RMC) does, and farther.

1. The momentum image of examples/amorphous_lattice.py, 460 atoms: our descent (Adam) and annealing against an RMC of
   ours that is compiled and updates the image incrementally, greedy and as annealed Metropolis. Same image, same start,
   same box; R = sqrt(cost / mean s^2) against seconds, and how much sooner we reach what RMC reaches at the end.
2. A g(r) in three dimensions, of 460 and 4000 atoms that keep a distance and of 1000 of amorphous silicon: against the
   package `reverse-monte-carlo` of PyPI, chi^2 against seconds. What both sides fit and who judges it is said in
   _pair_distribution_target.py.

Compiling is not timed on either side. The opponents need `pip install numba reverse-monte-carlo`; without them their
part is skipped.

    python benchmarks/reverse_monte_carlo.py [--seconds 20] [--seeds 3] [--json FILE] [--short]
"""

import pathlib
import sys

import numpy as np
import optax
from _measuring import arguments_of, is_installed, write_json

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))

import amorphous_lattice as example

from equibacksolve.methods import AnnealedLangevin, GradientDescent

TIMES = (1, 2, 5, 10, 20)
PROBLEMS = (460, "silicon", 4000)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each run of RMC")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.short:
        arguments.seconds, arguments.seeds = 3.0, 1
    results = {}
    if _installed("numba"):
        results["momentum image"] = [momentum_image(seed, arguments.seconds) for seed in range(arguments.seeds)]
    if _installed("rmc", "reverse-monte-carlo"):
        results["pair distribution"] = [
            pair_distribution(name, arguments.seconds) for name in PROBLEMS[: 1 if arguments.short else 3]
        ]
    write_json(arguments.json, results, "optax", "numba", "reverse-monte-carlo")


def momentum_image(seed, seconds):
    """One row for each method: R at some times, and the ratio of the times to the last R of each RMC."""
    import _reverse_monte_carlo as rmc

    truth, start, key = example.problem(seed)
    target = truth.predict()
    curves = {}
    for name, method in (
        ("Adam 0.02", GradientDescent(optax.adam(0.02), steps=4000)),
        ("annealing, 700 steps", AnnealedLangevin(0.07, 0.015, steps=700, friction=0.05)),
        ("annealing, 4000 steps", example.annealing(4000)),
        ("annealing, 16000 steps", example.annealing(16000)),
    ):
        _, history, seconds_spent = example.recover(start, target, method, key)
        curves[name] = [seconds_spent, np.minimum.accumulate(history)]
    given = (np.asarray(start.positions), np.asarray(target), example.WIDTH, example.BOX)
    rmc.warm_up(*given)
    for name, metropolis in (("RMC greedy", False), ("RMC Metropolis", True)):
        run = rmc.run(*given, seconds, metropolis=metropolis, seed=seed)
        curves[f"{name}, {run.moves / run.seconds[-1]:.0f} moves/s"] = [np.array(run.seconds), np.array(run.figures)]
    print(f"\nmomentum image, seed {seed}: R")
    _print_curves(curves, "R")
    return {"seed": seed, "curves": _thinned(curves), "ratios": _print_ratios(curves, seconds)}


def pair_distribution(name, seconds, seed=0):
    import _pair_distribution_target as three

    box, hidden, start = three.silicon(seed) if name == "silicon" else three.gas(name, seed)
    target = three.histogram(hidden, box)
    runs = {"gradient (Adam)": three.by_gradient(start, target, box, seconds)}
    for opponent, temperature in (("rmc greedy", None), ("rmc Metropolis 0.001", 0.001), ("rmc Metropolis 0.01", 0.01)):
        runs[opponent] = three.by_package(start, hidden, target, box, seconds, seed, temperature)
    curves = {opponent: list(np.array(rows).T) for opponent, (rows, _) in runs.items()}
    print(f"\ng(r), {len(hidden)} atoms ({name}) in three dimensions, seed {seed}: chi^2")
    _print_curves(curves, "chi^2")
    result = {"problem": name, "seed": seed, "curves": _thinned(curves), "ratios": _print_ratios(curves, seconds)}
    if name == "silicon":
        models = {"truth": hidden} | {opponent: positions for opponent, (_, positions) in runs.items()}
        result["bonds"] = {opponent: three.bonds(positions, box) for opponent, positions in models.items()}
        print(f"{'':32}{'neighbours':>11}{'have four':>11}{'angle':>9}{'deviation':>11}")
        for opponent, (mean, four, angle, deviation) in result["bonds"].items():
            print(f"{opponent:32}{mean:11.3f}{100 * four:9.1f} %{angle:9.1f}{deviation:11.1f}")
    return result


def _print_curves(curves, label):
    print(f"{'':32}" + "".join(f"{time:>8} s" for time in TIMES) + f"{'end':>10}{'seconds':>9}")
    for name, (seconds, values) in curves.items():
        cells = [np.interp(time, seconds, values) if time <= seconds[-1] + 0.5 else np.nan for time in TIMES]
        row = "".join(f"{cell:10.4g}" if np.isfinite(cell) else f"{'-':>10}" for cell in cells)
        print(f"{name:32}{row}{values[-1]:10.4g}{seconds[-1]:9.1f}", flush=True)


def _print_ratios(curves, seconds):
    """How many times sooner each of ours reaches the last value of each opponent."""
    ratios = {}
    for theirs in (name for name in curves if name.lower().startswith("rmc")):
        final = curves[theirs][1][-1]
        first = np.argmax(curves[theirs][1] <= final)
        for ours in (name for name in curves if not name.lower().startswith("rmc")):
            times, values = curves[ours]
            there = np.flatnonzero(values <= final)
            ratio = float(curves[theirs][0][first] / times[there[0]]) if there.size else None
            ratios[f"{ours} / {theirs}"] = ratio
            said = f"{ratio:.1f} times sooner" if ratio else "does not get there"
            print(f"  to {final:.4g} ({theirs}): {ours} {said}")
    return ratios


def _thinned(curves, most=200):
    return {name: [np.asarray(c)[:: max(1, len(c) // most)].tolist() for c in curve] for name, curve in curves.items()}


def _installed(module, distribution=None):
    if is_installed(module):
        return True
    print(f"skipped: {module} is missing, install it with `pip install {distribution or module}`")
    return False


if __name__ == "__main__":
    main()
