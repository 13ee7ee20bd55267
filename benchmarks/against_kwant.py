"""Claim: the conductance map comes hundreds of times faster than from Kwant, and is the same.

The same potential and the same points on the same core, one after the other: seconds a point, ratio, and the largest
difference. Both are warm: Kwant's system is built, our function compiled. Kwant computes no gradient; ours is beside.

Kwant needs an environment of its own (it is built against NumPy 1), whose interpreter is passed:

    python3.11 -m venv kwant-env
    kwant-env/bin/pip install "numpy<2" "cython<3.1" "setuptools<70" wheel "scipy<1.14"
    kwant-env/bin/pip install --no-build-isolation tinyarray kwant    (libmumps-seq-dev before that: the fast solver)
    taskset -c 0 python benchmarks/against_kwant.py --kwant kwant-env/bin/python [--json FILE] [--short]

Without it the benchmark says that it is skipped, and why.
"""

import pathlib
import subprocess
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, seconds_of, warmed_up, write_json

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

CASES = {12: 651, 32: 60}
"""Sites along an edge, and points."""


def case_of(sites, points):
    """A potential and settings."""
    random = np.random.default_rng(0)
    flux, energy = random.uniform(0, 0.15, points), random.uniform(-1, 1, points)
    return {"potential": random.uniform(-0.5, 0.5, (sites, sites)), "flux": flux, "energy": energy}


def by_kwant(python, case):
    """Kwant's map, seconds, solver and version."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = (str(pathlib.Path(folder) / name) for name in ("case.npz", "map.npz"))
        np.savez(given, **case)
        script = pathlib.Path(__file__).with_name("_kwant_map.py")
        subprocess.run([python, str(script), given, found], check=True)
        return dict(np.load(found))


def ours(case, repeats):
    """Our map, and seconds of G and of G with its Jacobian."""
    flux, energy = jnp.asarray(case["flux"]), jnp.asarray(case["energy"])

    def conductance(potential):
        sample, lead = ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(jnp.pi / 2)
        simulator = ebs.Magnetoconductance(sample, lead, interval=6)
        return simulator.predict(flux=flux, energy=energy)

    potential = jnp.asarray(case["potential"])
    found = []
    for function in (conductance, jax.jacfwd(conductance)):
        compiled, _ = warmed_up(function, potential)
        found.append(min(seconds_of(compiled, potential) for _ in range(repeats)))
    return np.asarray(jax.jit(conductance)(potential)), *found


def has_kwant(python) -> bool:
    """Whether this interpreter can import Kwant; says what to do if not."""
    try:
        done = subprocess.run([python, "-c", "import kwant"], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        if done.returncode == 0:
            return True
        reason = (done.stderr.strip().splitlines() or ["no error was printed"])[-1]
    print(f"skipped: {python} cannot import kwant ({reason}); the top of {__file__} says how to install it.")
    return False


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--kwant", default=sys.executable, metavar="PYTHON", help="an interpreter that has Kwant")
    arguments = parser.parse_args()
    if not has_kwant(arguments.kwant):
        return
    head = ("sites", "points", "Kwant ms/point", "G ms/point", "ratio", "with J ms/point", "ratio", "difference")
    print("".join(f"{column:>17s}" for column in head))
    rows = []
    for sites, points in CASES.items():
        case = case_of(sites, points // 10 if arguments.short else points)
        kwant = by_kwant(arguments.kwant, case)
        values, forward, jacobian = ours(case, 3)
        theirs, n = float(kwant["seconds"]), len(values)
        difference = float(np.max(np.abs(values - kwant["G"])))
        rows.append(
            {"sites": sites, "points": n, "kwant": theirs, "forward": forward, "jacobian": jacobian}
            | {"difference": difference, "solver": str(kwant["solver"]), "kwant version": str(kwant["version"])}
        )
        cells = [1e3 * theirs / n, 1e3 * forward / n, theirs / forward, 1e3 * jacobian / n, theirs / jacobian]
        print(f"{sites:17d}{n:17d}" + "".join(f"{cell:17.4g}" for cell in cells) + f"{difference:17.1e}", flush=True)
    print(f"Kwant {rows[0]['kwant version']}, solver {rows[0]['solver']}")
    write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
