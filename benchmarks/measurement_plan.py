"""Claim: readings chosen by plan_measurements leave smaller errors than as many on a regular mesh, or at random.

The potential of Fig. 2, 12 x 12 sites. Candidates: flux 0 to 0.15 in 61 steps, energy -1 to 1 in 41, sigma = 0.01 e2/h,
and the prior of the search (height 0.5, length 1). Greedy A-optimal plans are made at three guesses: the truth (the
most that planning can give), the truth with errors of 0.2 at every site (what a first, rough search gives), and an
empty sample (before anything is known). In two goes, half of the readings are on a regular mesh, and the rest is
planned at a guess that has the errors which these leave. All are judged at the truth, by the standard errors there.
Then readings with noise are made at the chosen points, and the potential is reconstructed from them, from a start that
is off by 0.1 at every site: what is compared is the readings, and not whether a search finds the right valley.

    python benchmarks/measurement_plan.py [--noises 3] [--picture docs/planning.png] [--json FILE]
"""

import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, write_json
from matplotlib.figure import Figure
from tqdm import tqdm

import equibacksolve as ebs
from equibacksolve import diagnostics, plotting

jax.config.update("jax_enable_x64", True)

DATA = pathlib.Path(__file__).parents[1] / "examples" / "data" / "wire_two_hills_12x12.npz"
SIGMA, FLUX, ENERGY = 0.01, np.linspace(0, 0.15, 61), np.linspace(-1, 1, 41)
COUNTS = (25, 50, 100, 200, 400)
MESHES = {25: (5, 5), 50: (10, 5), 100: (10, 10), 200: (20, 10), 400: (20, 20)}
TWO_GOES = "half mesh, half planned"
METHOD = ebs.methods.Stages((ebs.LevenbergMarquardt(steps=30),))


def hidden(simulator):
    """One onsite energy per site."""
    return simulator.sample.onsite.values


def device(values):
    """The wire with this potential in it."""
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(jnp.pi / 2))


def mesh(flux, energy):
    """Settings of every combination."""
    axes = jnp.meshgrid(jnp.asarray(flux), jnp.asarray(energy), indexing="ij")
    return {"flux": axes[0].ravel(), "energy": axes[1].ravel()}


def regular(count):
    """As many points on a mesh that spans the same range."""
    shape = MESHES[count]
    return mesh(np.linspace(0, 0.15, shape[0]), np.linspace(-1, 1, shape[1]))


def picked(candidates, chosen):
    """Some of the candidates."""
    return {name: setting[chosen] for name, setting in candidates.items()}


def in_two_goes(values, candidates, prior, rows, count):
    """A plan for as many more, after readings of these sensitivities."""
    known = prior + rows.T @ rows
    errors = np.linalg.cholesky(np.linalg.inv(known)) @ np.random.default_rng(0).normal(size=values.size)
    guess = device(values + errors.reshape(values.shape))
    options = {"where": hidden, "count": count, "sigma": SIGMA, "prior_precision": known, "criterion": "A"}
    return diagnostics.plan_measurements(guess, candidates, **options)


def judged(rows, prior):
    """Predicted root mean square error of the potential, from the sensitivities of the readings at the truth."""
    return float(np.sqrt(np.trace(np.linalg.inv(prior + rows.T @ rows)) / len(prior)))


def reconstructed(truth, settings, seed):
    """Root mean square error of one search on noisy readings."""
    noise = SIGMA * np.random.default_rng([seed, 1]).normal(size=settings["flux"].size)
    readings = ebs.Observations(truth.predict(**settings) + noise, sigma=SIGMA, **settings)
    start = hidden(truth) + 0.1 * np.random.default_rng([seed, 2]).normal(size=hidden(truth).shape)
    found = ebs.backsolve(device(start), readings, METHOD, where=hidden, progress=False, seconds=900)
    return float(jnp.sqrt(jnp.mean((hidden(found.simulator) - hidden(truth)) ** 2)))


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--noises", type=int, default=2, help="noisy reconstructions of each design")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/planning.png"))
    arguments = parser.parse_args()
    values = jnp.asarray(np.load(DATA)["potential"])
    truth, candidates = device(values), mesh(FLUX, ENERGY)
    prior = diagnostics.smoothness_precision(truth, where=hidden, height=0.5)
    off = 0.2 * np.random.default_rng(0).normal(size=values.shape)
    guesses = {"plan at the truth": values, "plan at a rough guess": values + off, "plan blind": 0 * values}
    known = {"where": hidden, "count": max(COUNTS), "sigma": SIGMA, "prior_precision": prior, "criterion": "A"}
    plans, seconds = {}, {}
    for name, guess in guesses.items():
        began = time.perf_counter()
        plans[name] = jax.block_until_ready(diagnostics.plan_measurements(device(guess), candidates, **known))
        seconds[name] = time.perf_counter() - began

    shuffled = [np.random.default_rng(seed).permutation(candidates["flux"].size) for seed in range(5)]
    designs = {name: lambda k, plan=plan: picked(candidates, plan.chosen[:k]) for name, plan in plans.items()}
    designs |= {"regular mesh": regular, "random": lambda k: picked(candidates, shuffled[0][:k])}
    # One Jacobian for the candidates and all regular meshes, for compilation is what takes longest here.
    every = {name: jnp.concatenate([candidates[name], *(regular(k)[name] for k in COUNTS)]) for name in candidates}
    readings = ebs.Observations(jnp.zeros(every["flux"].size), sigma=SIGMA, **every)
    rows = np.asarray(diagnostics.residual_jacobian(truth, readings, where=hidden))
    after = dict(zip(COUNTS, np.split(rows[candidates["flux"].size :], np.cumsum(COUNTS)[:-1])))
    predicted = {name: {k: judged(rows[plan.chosen[:k]], prior) for k in COUNTS} for name, plan in plans.items()}
    predicted["regular mesh"] = {k: judged(after[k], prior) for k in COUNTS}
    predicted["random"] = {k: float(np.mean([judged(rows[order[:k]], prior) for order in shuffled])) for k in COUNTS}
    both = {k: in_two_goes(values, candidates, prior, after[k // 2], k // 2) for k in (100, 200)}
    chosen_rows = {k: np.concatenate([after[k // 2], rows[plan.chosen]]) for k, plan in both.items()}
    predicted[TWO_GOES] = {k: judged(chosen_rows[k], prior) for k in both}
    join = lambda one, other: {name: jnp.concatenate([one[name], other[name]]) for name in one}
    designs[TWO_GOES] = lambda k: join(regular(k // 2), picked(candidates, both[k].chosen))
    print("predicted:", json.dumps(predicted), "seconds:", json.dumps(seconds), flush=True)
    # The short form predicts, and searches for nothing.
    tasks = [] if arguments.short else [(name, k) for name in designs for k in (100, 200)]
    found = {
        f"{name}, {k}": [reconstructed(truth, designs[name](k), seed) for seed in range(arguments.noises)]
        for name, k in tqdm(tasks, desc="reconstructions")
    }
    print(f"{'rms error':24s}" + "".join(f"{k:>9d}" for k in COUNTS) + "   found with 100, 200")
    for name, errors in predicted.items():
        foretold = "".join(f"{errors[k]:9.4f}" if k in errors else " " * 9 for k in COUNTS)
        of = "".join(f"{np.mean(found[f'{name}, {k}']):9.4f}" for k in (100, 200) if found)
        print(f"{name:24s}{foretold}{of}")
    ratio = {k: predicted["regular mesh"][k] / predicted["plan at a rough guess"][k] for k in COUNTS}
    print("regular mesh / rough plan:", {k: round(r, 2) for k, r in ratio.items()})
    print("seconds of a plan of 400 from 2501:", {name: round(s, 2) for name, s in seconds.items()})
    draw(arguments.picture, truth, candidates, plans["plan at a rough guess"], predicted, found)
    chosen = {name: plan.chosen.tolist() for name, plan in plans.items()}
    write_json(arguments.json, {"predicted": predicted, "found": found, "seconds": seconds, "chosen": chosen})


def draw(path, truth, candidates, plan, predicted, found):
    """Where the plan measures; predicted errors as lines, those of searches as crosses."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    conductance = truth.predict(**candidates).reshape(FLUX.size, ENERGY.size)
    drawn = plotting.draw_data(left, FLUX, ENERGY, conductance, "G (e²/h), and the first 100 readings of the plan")
    figure.colorbar(drawn, ax=left)
    chosen = picked(candidates, plan.chosen[:100])
    left.plot(
        chosen["flux"], chosen["energy"], "o", color="white", markeredgecolor="black", markersize=4, clip_on=False
    )
    for number, (name, errors) in enumerate(predicted.items()):
        right.loglog(list(errors), list(errors.values()), ".-", color=f"C{number}", label=name)
        for k in (100, 200):
            ends = found.get(f"{name}, {k}", [])
            right.plot(np.full(len(ends), k * 1.03 ** (number - 2)), ends, "x", color=f"C{number}", markersize=5)
    right.set_xticks(COUNTS, COUNTS)
    right.set_yticks([0.03, 0.05, 0.1], [0.03, 0.05, 0.1])
    right.minorticks_off()
    right.set_xlabel("readings", fontsize=8)
    right.set_title("rms error (hopping): predicted (lines), of searches (crosses)", fontsize=9)
    right.legend(fontsize=7, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
