"""Claim: 68 and 95 % intervals of the sites of a 6 x 6 conductance map hold the truth as often as they say.

36 onsite energies between two wires, from 11 fluxes x 9 energies with noise of 0.02 e2/h that is drawn anew for each
data set. Each search begins at the truth, so that what is judged is the interval and not the search. Linear intervals
are standard errors times the quantile, of every site; profile intervals, which are a thousand times as dear, of two
sites of the first data sets, beside the linear ones of the same. Intervals of one data set are not independent: the
error that is given of a share is that of the means of data sets.

    python benchmarks/coverage.py [--sets 30] [--profiles 30] [--json FILE]
"""

import itertools
import time

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, write_json
from scipy.special import ndtri
from tqdm import tqdm

import equibacksolve as ebs
from equibacksolve import diagnostics

jax.config.update("jax_enable_x64", True)

LEVELS = np.array([0.6827, 0.9545])
SIGMA, AXES = 0.02, {"flux": jnp.linspace(0, 0.15, 11), "energy": jnp.linspace(-1, 1, 9)}
PROFILED = ((2, 3), (0, 0))
"""A site in the middle, and one in a corner."""


def hidden(simulator):
    """One onsite energy per site."""
    return simulator.sample.onsite.values


def device(values):
    """A wire with this potential in it."""
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(jnp.pi / 2))


TRUTH = device(jnp.asarray(np.random.default_rng(0).uniform(-0.5, 0.5, (6, 6))))


def held(lower, upper, true):
    """Where intervals lie: -1 above the truth, 0 around it, 1 below."""
    return (np.asarray(upper) < true).astype(int) - (np.asarray(lower) > true).astype(int)


def found_in(number):
    """Data set `number`, what is found in it, and its standard errors."""
    observed = ebs.simulated_observations(TRUTH, sigma=SIGMA, key=number, **AXES)
    found = ebs.backsolve(TRUTH, observed, ebs.LevenbergMarquardt(), where=hidden, progress=False)
    known = diagnostics.standard_errors(found.simulator, observed, where=hidden)
    return observed, found, np.asarray(hidden(known.errors))


def linear_intervals(found, errors):
    """What those of all sites make of the truth: (levels, length, width)."""
    values, reach = np.asarray(hidden(found.simulator)), ndtri((1 + LEVELS) / 2)[:, None, None] * errors
    return held(values - reach, values + reach, np.asarray(hidden(TRUTH)))


def profile_intervals(observed, found):
    """What those of some sites make of the truth: (levels, sites)."""
    interval = lambda site: diagnostics.profile_interval(found.simulator, observed, site, where=hidden, levels=LEVELS)
    ends = [(interval(site), float(hidden(TRUTH)[site])) for site in PROFILED]
    return np.stack([held(one.lower, one.upper, true) for one, true in ends], axis=1)


def share(made):
    """The share of intervals (sets, sites) that hold the truth, its error, and how many lie above and below it."""
    of_sets = np.mean(made == 0, axis=1)
    error = np.std(of_sets, ddof=1) / np.sqrt(len(of_sets)) if len(of_sets) > 1 else np.nan
    return float(of_sets.mean()), float(error), int(np.sum(made == -1)), int(np.sum(made == 1))


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--sets", type=int, default=30, help="of data")
    parser.add_argument("--profiles", type=int, default=30, help="sets of which profiles are made as well")
    arguments = parser.parse_args()
    sets, profiles = (3, 1) if arguments.short else (arguments.sets, arguments.profiles)
    began, linear, profile, costs, errors = time.perf_counter(), [], [], [], []
    for number in tqdm(range(sets)):
        observed, found, of_sites = found_in(number)
        linear.append(linear_intervals(found, of_sites))
        costs.append(float(found.cost))
        errors.append(of_sites.mean())
        if number < profiles:
            profile.append(profile_intervals(observed, found))
    linear, profile = np.asarray(linear), np.asarray(profile)
    beside = np.stack([linear[:profiles, :, *site] for site in PROFILED], axis=2)
    of_kinds = {"linear, all sites": linear.reshape(sets, 2, -1)}
    if profile.size:
        of_kinds |= {"linear, two sites": beside, "profile, the same": profile}
    told = f"standard errors of {np.mean(errors):.3f} hoppings, chi-squared per datum {np.mean(costs):.2f}"
    print(f"{sets} data sets: {told}")
    print(f"{'interval':<22}{'level':>8}{'holds the truth':>20}{'above':>8}{'below':>8}{'of':>8}")
    rows = []
    for (kind, made), (row, level) in itertools.product(of_kinds.items(), enumerate(LEVELS)):
        held_share, error, above, below = share(made[:, row])
        counts = {"above": above, "below": below, "of": made[:, row].size}
        rows.append({"interval": kind, "level": float(level), "share": held_share, "error": error, **counts})
        shown = f"{held_share:.3f} +- {error:.3f}"
        print(f"{kind:<22}{level:>8.3f}{shown:>20}" + "".join(f"{count:>8}" for count in counts.values()))
    print(f"seconds: {time.perf_counter() - began:.0f}")
    write_json(arguments.json, {"sets": sets, "sigma": SIGMA, "rows": rows})


if __name__ == "__main__":
    main()
