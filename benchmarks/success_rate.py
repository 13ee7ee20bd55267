"""Claim: the default call finds the hidden landscape from a random start, where the methods in use do not.

Per family of landscapes (12 x 12 sites, the paper's mesh): the share of truths recovered (cost < 1e-6 and root mean
square error < 1e-3 over the images that no datum tells apart), the share of single starts that succeeded, and the
simulations and seconds up to success. Rivals get the same starts and the same seconds. Nothing is chosen: truth number
k of a family and its start follow from k. Compiling is done before the clock starts.

    python benchmarks/success_rate.py --family "hills 1" --truths 6 --budget 90 [--first 0] [--noise 0.03]
    python benchmarks/success_rate.py --table [--picture docs/success_rate.png]
    python benchmarks/success_rate.py --short

Each run appends one line of JSON to --json; what is in there already is not run again. Several processes may share it.
"""

import json
import os
import pathlib
import platform
import tempfile

import jax
import numpy as np
import optax
from _hidden_maps import FAMILIES, HiddenMap
from _measuring import arguments_of
from tqdm import tqdm

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.search import as_method

jax.config.update("jax_enable_x64", True)

RESULTS = pathlib.Path(__file__).parent / "results" / "success_rate.jsonl"
METHODS = {
    "ours": lambda: None,
    "paper": ebs.backtracking_descent,
    "adam": lambda: optax.adam(0.02),
    "lbfgs": optax.lbfgs,
    "lm": lambda: ebs.methods.Restarts(ebs.LevenbergMarquardt(), (ebs.LevenbergMarquardt(),), starts=10_000),
}


def warm_up(method, hidden_map):
    """Compile every part of a method, so that no truth pays for it."""
    problem, hidden = make_problem(hidden_map.start(0), hidden_map.observed, hidden_map.hidden)
    parts = [*method.opening, *method.methods] if isinstance(method, ebs.methods.Restarts) else [method]
    for part in {jax.tree.structure(part): part for part in parts}.values():
        state = part.init(problem, hidden, jax.random.key(0))
        for _ in range(2):
            state = part.step(problem, state)


def one_run(family, number, name, budget, noise):
    """Search for one truth, and judge what was found."""
    hidden_map = HiddenMap(family, number, noise)
    found = ebs.backsolve(
        hidden_map.start(number),
        hidden_map.observed,
        METHODS[name](),
        where=hidden_map.hidden,
        key=jax.random.key(number),
        seconds=budget,
        # Without noise nobody is stopped before it is judged: by default a millionth of the data's variance is enough.
        tolerance=None if noise else 1e-8,
        progress=False,
    )
    history = found.history
    record = {
        "family": family,
        "truth": number,
        "method": name,
        "budget": budget,
        "noise": noise,
        "cores": len(os.sched_getaffinity(0)),
        "cost": float(found.cost),
        "error": hidden_map.error(found.simulator),
        "converged": found.converged,
        "starts": int(history.start.max()) + 1,
        "evaluations": int(history.evaluations[-1]),
        "seconds": round(float(history.seconds[-1]), 1),
    }
    if noise:
        record["predicted"] = predicted_error(hidden_map, noise)
    return record


def predicted_error(hidden_map, noise):
    """Linear prediction of the error, from the Jacobian at the truth (see noise.py)."""
    from noise import predicted

    return predicted(hidden_map.simulator, hidden_map.hidden, hidden_map.truth, hidden_map.observed, noise, length=1.0)


def recovered(run):
    """Whether a run found the truth."""
    if run["noise"]:
        return run["converged"] and run["error"] < 1.3 * run["predicted"]
    return run["cost"] < 1e-6 and run["error"] < 1e-3


def read(path):
    """The runs so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(runs):
    """Print families against methods."""
    columns = ("recovered", "single starts", "simulations", "seconds")
    print(f"{'family':22s}{'method':8s}{'noise':>6s}{'cores':>6s}" + "".join(f"{column:>15s}" for column in columns))
    for family in FAMILIES:
        for name in METHODS:
            for noise, cores in sorted({(run["noise"], run["cores"]) for run in runs}):
                wanted = (family, name, noise, cores)
                mine = [r for r in runs if (r["family"], r["method"], r["noise"], r["cores"]) == wanted]
                if mine:
                    print(f"{family:22s}{name:8s}{noise:6.2f}{cores:6d}" + _row(mine))


def _row(mine):
    good = [run for run in mine if recovered(run)]
    starts = sum(run["starts"] for run in mine)
    middle = lambda what: f"{np.median([run[what] for run in good]):15.0f}" if good else f"{'-':>15s}"
    shares = f"{len(good):9d} of {len(mine):2d}{100 * len(good) / starts:14.0f}%"
    return shares + middle("evaluations") + middle("seconds")


def draw(runs, path):
    """Bars: the share of truths recovered by family, ours beside the paper's rule.

    An outline above a bar is what came below a cost of 1e-6 besides, but ended before the error was below 1e-3.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    families = [family for family in FAMILIES if any(run["family"] == family for run in runs)]
    figure, axes = plt.subplots(figsize=(14, 3.8), layout="constrained")
    place = np.arange(len(families))
    for name, shift, colour, label in (("ours", -0.2, "#2a6f97", "default"), ("paper", 0.2, "#c9a227", "paper's rule")):
        counts = [_counts(runs, family, name) for family in families]
        shares = [[100 * part / max(total, 1) for part in parts] for *parts, total in counts]
        found, near = np.array(shares).T
        axes.bar(place + shift, near, 0.4, fill=False, edgecolor=colour, linewidth=0.8)
        axes.bar(place + shift, found, 0.4, color=colour, label=label)
        for x, height, (good, _, total) in zip(place + shift, near, counts):
            axes.text(x, height + 1, f"{good}/{total}" if total else "", ha="center", va="bottom", fontsize=6)
    axes.set_xticks(place, families, rotation=35, ha="right")
    axes.set_ylabel("truths recovered (%)")
    axes.set_ylim(0, 112)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right", ncols=2, bbox_to_anchor=(1, 1.12))
    figure.savefig(path, dpi=120)


def _counts(runs, family, name):
    """Truths recovered, those below a cost of 1e-6, and all of them, on as many cores as the method was run with."""
    mine = [run for run in runs if (run["family"], run["method"], run["noise"]) == (family, name, 0)]
    most = max((run["cores"] for run in mine), default=0)
    mine = [run for run in mine if run["cores"] == most]
    return sum(map(recovered, mine)), sum(run["cost"] < 1e-6 for run in mine), len(mine)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--truths", type=int, default=6)
    parser.add_argument("--first", type=int, default=0, help="number of the first truth")
    parser.add_argument("--budget", type=float, default=90.0, help="seconds for one truth")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=["ours"])
    parser.add_argument("--noise", type=float, default=0.0, help="in e^2/h")
    parser.set_defaults(json=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table of what was run so far")
    parser.add_argument("--picture", type=pathlib.Path, help="draw the table, too")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.family, arguments.truths, arguments.budget = ["hills 0.5"], 1, 40.0
        arguments.json = pathlib.Path(tempfile.mkdtemp()) / "success_rate.jsonl"
    if not (arguments.table or arguments.picture):
        run_all(arguments)
    table(read(arguments.json))
    if arguments.picture:
        draw(read(arguments.json), arguments.picture)


def run_all(arguments):
    """Run what is not in the file yet."""
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    same = ("family", "truth", "method", "budget", "noise", "cores")
    done = {tuple(run[key] for key in same) for run in read(arguments.json)}
    wanted = [
        (family, number, name, arguments.budget, arguments.noise, len(os.sched_getaffinity(0)))
        for family in arguments.family
        for name in arguments.method
        for number in range(arguments.first, arguments.first + arguments.truths)
    ]
    warm = set()
    for run in tqdm([run for run in wanted if run not in done], desc="success rate"):
        hidden_map = HiddenMap(run[0], run[1], run[4])
        if (kind := (hidden_map.is_potential, hidden_map.truth.shape, run[2])) not in warm:
            warm_up(as_method(METHODS[run[2]]()), hidden_map)
        warm.add(kind)
        record = one_run(*run[:5]) | {"jax": jax.__version__, "machine": platform.machine()}
        with arguments.json.open("a") as file:
            file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
