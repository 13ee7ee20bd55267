"""Claim: with noise on the data, the error of the reconstruction is what linear theory predicts, up to 0.1 e^2/h.

Noise of 0.01, 0.03 and 0.1 e^2/h on Kwant's maps (potential and magnetization), several noise seeds each. Beside the
root mean square error of the reconstruction stands the linear (Laplace) prediction from the Jacobian at the truth,

    C = (J^T J / sigma^2 + P / s^2)^-1,     P the smoothness prior of the search, s the height that it found,

as rms = sqrt(trace(C) / n) (the posterior width). The weight of the prior follows from sigma; nothing is tuned.

    python benchmarks/noise.py [--problems potential magnetization] [--seeds 10] [--seconds 120] [--json FILE]
    python benchmarks/noise.py --short
"""

import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, write_json
from tqdm import tqdm

import equibacksolve as ebs
from equibacksolve.inverse import Smoothness, center_of_leaves, make_problem

jax.config.update("jax_enable_x64", True)

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples" / "data"
LEVELS = (0.01, 0.03, 0.1)


def potential_problem():
    """Data, the simulator for given unknowns, its hidden leaf, its images, and random starts."""
    data = np.load(EXAMPLES / "wire_two_hills_12x12.npz")
    hidden = lambda s: s.sample.onsite.values
    build = lambda v: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(v)), ebs.WireLead(jnp.pi / 2))
    start = lambda key: jax.random.uniform(key, (12, 12), minval=-0.1, maxval=0.1)
    return data, data["potential"], build, hidden, (ebs.Mirror(hidden, 0), ebs.Mirror(hidden, 1)), start


def magnetization_problem():
    """The same for the angles of a magnetization."""
    data = np.load(EXAMPLES / "exchange_smooth_12x12.npz")
    hidden = lambda s: s.sample.onsite.angle
    lead = ebs.WireLead(jnp.array([0.5, 0.25]))
    build = lambda a: ebs.Magnetoconductance(ebs.SquareLattice(ebs.ExchangeField(a, 0.5)), lead)
    start = lambda key: jnp.pi / 2 + 0.3 * jax.random.uniform(key, (12, 12), minval=-1.0, maxval=1.0)
    images = (ebs.Mirror(hidden, 0), ebs.Mirror(hidden, 1), ebs.Negation(hidden))
    return data, data["angle"], build, hidden, images, start


PROBLEMS = {"potential": potential_problem, "magnetization": magnetization_problem}


def predicted(build, hidden, truth, observed, sigma, length):
    """Linear prediction of the rms error at the truth, with the prior's height taken from the truth."""
    problem, leaves = make_problem(build(truth), observed, hidden)
    flat, unravel = jax.flatten_util.ravel_pytree(leaves)
    jacobian = jax.jacfwd(lambda x: problem.residuals(unravel(x)))(flat)
    prior = Smoothness(length, 1.0, center_of_leaves(leaves, problem.kinds))
    held = lambda x: jnp.concatenate(prior.residuals(unravel(x), problem.kinds))
    rough = jax.jacfwd(held)(flat)
    height_squared = jnp.mean(held(flat) ** 2)
    precision = jacobian.T @ jacobian + rough.T @ rough / height_squared
    return float(jnp.sqrt(jnp.trace(jnp.linalg.inv(precision)) / flat.size))


def one_run(problem, sigma, seed, seconds):
    """Add noise, search from a random start, and measure the error over the images."""
    data, truth, build, hidden, images, start = problem
    noise = sigma * np.random.default_rng(seed).normal(size=data["G"].shape)
    observed = ebs.Observations.on_grid(flux=data["flux"], energy=data["energy"], values=data["G"] + noise, sigma=sigma)
    key = jax.random.key(seed)
    began = time.perf_counter()
    found = ebs.backsolve(build(start(key)), observed, where=hidden, key=key, seconds=seconds, progress=False)
    nearest = ebs.inverse.closest_image(found.simulator, images, build(jnp.asarray(truth)), hidden)
    return {
        "seed": seed,
        "error": float(jnp.sqrt(jnp.mean((hidden(nearest) - truth) ** 2))),
        "predicted": predicted(build, hidden, jnp.asarray(truth), observed, sigma, length=1.0),
        "chi_squared": float(found.cost),
        "converged": found.converged,
        "evaluations": int(found.history.evaluations[-1]),
        "seconds": time.perf_counter() - began,
    }


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0, help="budget of one search")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.problems, arguments.seeds, arguments.seconds = ["potential"], 1, 30.0
    table = {}
    columns = ("noise", "converged", "rms error", "predicted", "chi2/N", "seconds")
    print(f"{'problem':14s}" + "".join(f"{column:>11s}" for column in columns))
    for name in arguments.problems:
        problem = PROBLEMS[name]()
        for sigma in LEVELS[1:2] if arguments.short else LEVELS:
            seeds = tqdm(range(arguments.seeds), desc=f"{name} {sigma}", leave=False)
            runs = [one_run(problem, sigma, seed, arguments.seconds) for seed in seeds]
            table[f"{name} {sigma}"] = runs
            good = [run for run in runs if run["converged"]]
            middle = lambda what: float(np.median([run[what] for run in good])) if good else float("nan")
            print(
                f"{name:14s}{sigma:11.2f}{len(good):8d}/{len(runs):<2d}{middle('error'):11.3f}"
                f"{middle('predicted'):11.3f}{middle('chi_squared'):11.2f}{middle('seconds'):11.1f}",
                flush=True,
            )
    write_json(arguments.json, table)


if __name__ == "__main__":
    main()
