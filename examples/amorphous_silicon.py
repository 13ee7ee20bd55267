"""Atoms that show a given S(Q) and g(r), in three dimensions: what reverse Monte Carlo is used for.

1000 atoms of amorphous silicon (data/make_amorphous_silicon.py) are hidden behind their S(Q) and g(r), with noise. From
random positions, `AnnealedLangevin` looks for atoms that show the same curves, keep their distance, have four
neighbours each, and bonds at the angle of a tetrahedron on average. Several models of the same data tell what of the
structure the data fix, and what they leave open.

    python examples/amorphous_silicon.py                       # two models
    python examples/amorphous_silicon.py --curves-only         # as plain reverse Monte Carlo: the curves fit, but
                                                               # half of the atoms do not have four neighbours
"""

import argparse
import pathlib

import jax
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import equibacksolve as ebs
from equibacksolve import atoms
from equibacksolve.methods import AnnealedLangevin

TRUTH = pathlib.Path(__file__).parent / "data" / "amorphous_silicon.xyz"
BOND = 2.85  # angstrom: the first minimum of g(r)
Q, R = np.arange(0.6, 18.0, 0.06), np.arange(1.0, 10.0, 0.05)
SIGMA_OF_S, SIGMA_OF_G = 0.01, 0.02


def observables(structure, curves_only):
    """The measured curves, and what a chemist knows."""
    known = {"apart": atoms.ExcludedDistances(2.1)}
    if not curves_only:
        known["near"] = atoms.Coordination(4, within=BOND, softness=0.25)
        known["angles"] = atoms.BondAngles(109.47, within=BOND, softness=0.25)
    return atoms.Observables(
        structure,
        S=atoms.ReciprocalSpaceCurve(Q, reach=12.0),
        g=atoms.RealSpaceCurve(R, width=0.08),
        **known,
    )


def measured(truth, curves_only, key):
    """Data with noise; and zeros with the deviations that are allowed: half a neighbour, and 15 degrees an angle."""
    seen = truth.predictions()
    noise = [jax.random.normal(one, seen[name].shape) for one, name in zip(jax.random.split(key), "Sg")]
    data = {"S": (seen["S"] + SIGMA_OF_S * noise[0], SIGMA_OF_S), "g": (seen["g"] + SIGMA_OF_G * noise[1], SIGMA_OF_G)}
    known = {"apart": (0.0, 0.02)} | ({} if curves_only else {"near": (0.0, 0.3), "angles": (0.0, 0.5)})
    return truth.observations(**data, **known)


def model_of(truth, observed, arguments, key):
    """One model, from random positions."""
    of_start, of_search = jax.random.split(key)
    count, edge = len(truth.species), float(truth.box.vectors[0, 0])
    # A lattice of points, shaken by its own spacing, has no crowds: cells of atoms may be small.
    points = np.stack(np.meshgrid(*[np.arange(round(count ** (1 / 3)))] * 3), axis=-1).reshape(-1, 3)
    spread = points + jax.random.uniform(of_start, points.shape)
    start = atoms.Structure(spread * edge / round(count ** (1 / 3)), truth.box, "Si")
    method = AnnealedLangevin(0.3, 0.02, steps=arguments.steps)
    search = {"where": lambda s: s.positions, "key": of_search, "polish": False, "seconds": 1e9}
    return ebs.backsolve(observables(start, arguments.curves_only), observed, method, **search)


def draw(truth, spread, observed, seen, path):
    """Data and models above, coordination and angles beside the truth below; bars are deviations between models."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained")
    pieces = np.split(np.asarray(observed.values), np.cumsum([len(one) for one in seen.values()])[:-1])
    data = dict(zip(seen, pieces))
    for panel, name, places, label in ((axes[0, 0], "S", Q, "Q (1/Å)"), (axes[0, 1], "g", R, "r (Å)")):
        panel.plot(places, data[name], ".", color="0.6", markersize=3, label="data")
        panel.plot(places, seen[name], color="tab:blue", linewidth=1, label="model")
        panel.set(xlabel=label, ylabel=f"{name}({label[0]})")
        panel.legend()
    mean, deviation = spread.mean, spread.deviation
    bars = {"yerr": deviation.coordination[:9], "capsize": 3, "color": "tab:blue"}
    axes[1, 0].bar(mean.neighbours[:9] + 0.2, mean.coordination[:9], 0.4, label=f"{spread.models} models", **bars)
    axes[1, 0].bar(truth.neighbours[:9] - 0.2, truth.coordination[:9], 0.4, color="0.6", label="truth")
    axes[1, 0].set(xlabel="neighbours within 2.85 Å", ylabel="share of the atoms")
    low, high = mean.bond_angles - deviation.bond_angles, mean.bond_angles + deviation.bond_angles
    axes[1, 1].fill_between(mean.angles, low, high, color="tab:blue", alpha=0.3)
    axes[1, 1].plot(mean.angles, mean.bond_angles, color="tab:blue", label=f"{spread.models} models")
    axes[1, 1].plot(truth.angles, truth.bond_angles, "--", color="0.3", label="truth")
    axes[1, 1].set(xlabel="angle between bonds (degrees)", ylabel="density (1/degree)", xlim=(30, 180))
    for panel in axes[1]:
        panel.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500, help="of the annealing; more of them end lower")
    parser.add_argument("--models", type=int, default=2, help="independent models, two or more")
    parser.add_argument("--curves-only", action="store_true", help="neither coordination nor angles are known")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/amorphous_silicon.png"))
    arguments = parser.parse_args()

    truth = observables(atoms.read_structure(TRUTH), arguments.curves_only)
    of_noise, *keys = jax.random.split(jax.random.key(arguments.seed), 1 + arguments.models)
    observed = measured(truth, arguments.curves_only, of_noise)
    several = []
    for number, key in enumerate(keys):
        found = model_of(truth, observed, arguments, key)
        misfits = found.simulator.misfits(observed)
        told = ", ".join(f"{name} {value:.2f}" for name, value in misfits.items())
        print(f"model {number}: {found.history.seconds[-1]:.0f} s, chi-squared per datum: {told}", flush=True)
        several.append(atoms.statistics(found.simulator.structure(), BOND))
        file = arguments.picture.with_name(f"{arguments.picture.stem}_{number}.xyz")
        file.parent.mkdir(parents=True, exist_ok=True)
        atoms.write_structure(file, found.simulator.structure())
    true, spread = atoms.statistics(truth.structure(), BOND), atoms.spread_over_models(several)
    print(spread)
    print(f"truth: {true.mean_coordination:.3f} neighbours, {100 * true.coordination[4]:.1f} % have 4", end=", ")
    print(f"angles {true.mean_angle:.1f} +- {true.angle_deviation:.1f}")
    draw(true, spread, observed, found.simulator.predictions(), arguments.picture)
    print(f"chi2_S={misfits['S']:.3f} chi2_g={misfits['g']:.3f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
