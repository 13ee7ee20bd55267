"""Claim: NIST's nonlinear regression sets are solved from all 52 starts, where SciPy and optimistix solve 50 to 52.

For each of the 26 problems (tests/reference/strd) and both starts: the largest relative error of a parameter, the
simulations and the seconds, of `LevenbergMarquardt()`, of the default call, of SciPy's `least_squares` (`lm`, and `trf`
with x_scale="jac", both with the exact Jacobian and tolerances of 1e-15) and of optimistix. Solved means that all
parameters agree with the certified values to 1e-6. Each solver is run once before the clock starts.

    python benchmarks/regression_sets.py [--short] [--json FILE]
"""

import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import scipy.optimize
from _measuring import arguments_of, write_json

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))

from regression_sets import MODELS, Regression, coefficients, regression_set

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


def by_backsolve(method):
    def solve(nist, number):
        found = ebs.backsolve(
            nist.start(number), nist.known_noise(), method, where=coefficients, progress=False, seconds=20
        )
        return np.array([float(leaf) for leaf in found.simulator.coefficients]), int(found.history.evaluations[-1])

    return solve


def differences(nist):
    return lambda b: Regression(tuple(b), nist.name).predict(**nist.observed.variables) - nist.observed.values


def by_scipy(**settings):
    def solve(nist, number):
        residuals = jax.jit(differences(nist))
        slopes = jax.jit(jax.jacfwd(differences(nist)))
        finite = lambda r: np.nan_to_num(np.asarray(r), nan=1e150, posinf=1e150, neginf=-1e150)
        with np.errstate(all="ignore"):
            found = scipy.optimize.least_squares(
                lambda b: finite(residuals(jnp.asarray(b))),
                nist.starts[number],
                jac=lambda b: finite(slopes(jnp.asarray(b))),
                xtol=1e-15,
                ftol=1e-15,
                gtol=1e-15,
                max_nfev=2000,
                **settings,
            )
        return found.x, int(found.nfev)

    return solve


def by_optimistix(nist, number):
    found = optimistix.least_squares(
        lambda b, _: differences(nist)(b),
        optimistix.LevenbergMarquardt(1e-14, 1e-14),
        jnp.asarray(nist.starts[number]),
        max_steps=2000,
        throw=False,
    )
    return np.asarray(found.value), int(found.stats["num_steps"])


SOLVERS = {
    "ours": by_backsolve(ebs.LevenbergMarquardt()),
    "default": by_backsolve(None),
    "scipy lm": by_scipy(method="lm"),
    "scipy trf": by_scipy(method="trf", x_scale="jac"),
    "optimistix": by_optimistix,
}


def measured(solver, nist, number):
    """Error, simulations, and seconds of the second run: the first compiles."""
    try:
        solver(nist, number)
        began = time.perf_counter()
        values, simulations = solver(nist, number)
    except (ValueError, np.linalg.LinAlgError):  # SciPy refuses what is not finite
        return float("inf"), 0, float("nan")
    return float(np.max(np.abs(values / nist.certified - 1))), simulations, time.perf_counter() - began


def main():
    arguments = arguments_of(__doc__).parse_args()
    names = ["Misra1a", "BoxBOD", "MGH09"] if arguments.short else list(MODELS)
    rows = []
    print(f"{'problem':10s} start" + "".join(f"{name:>26s}" for name in SOLVERS))
    for name in names:
        nist = regression_set(name)
        for number in (0, 1):
            row = {solver: measured(solve, nist, number) for solver, solve in SOLVERS.items()}
            rows.append({"problem": name, "start": number + 1, **row})
            told = (f"{error:9.0e} {count:6d} {seconds:7.3f} s" for error, count, seconds in row.values())
            print(f"{name:10s} {number + 1:5d}" + "".join(f"{one:>26s}" for one in told), flush=True)
    for solver in SOLVERS:
        solved = sum(row[solver][0] < 1e-6 for row in rows)
        print(f"{solver}: {solved} of {len(rows)}, {sum(row[solver][1] for row in rows)} simulations")
    write_json(arguments.json, {"rows": rows}, "scipy", "optimistix")


if __name__ == "__main__":
    main()
