"""Atoms that show a given S(Q) and g(r), in three dimensions: what reverse Monte Carlo is used for.

1000 atoms of amorphous silicon (data/make_amorphous_silicon.py) are hidden behind their S(Q) and g(r), with noise. From
a shaken lattice, `AnnealedLangevin` looks for atoms that show the same curves, keep their distance, and have four
neighbours at tetrahedral angles: 88 % do, of the truth 94 %. The curves alone do not tell: then a third has four, and
many bonds close triangles, though two models agree with each other.

    python examples/amorphous_silicon.py                  # a minute or two of one core for each model
    python examples/amorphous_silicon.py --curves-only    # nothing is known of neighbours and angles
"""

import argparse
import pathlib

import jax
import numpy as np

import equibacksolve as ebs
from equibacksolve import atoms, plotting
from equibacksolve.methods import AnnealedLangevin

TRUTH = pathlib.Path(__file__).parent / "data" / "amorphous_silicon.xyz"
BOND = 2.85  # angstrom: the first minimum of g(r)
Q, R = np.arange(0.6, 18.0, 0.06), np.arange(1.0, 10.0, 0.05)
SIGMA_OF_S, SIGMA_OF_G = 0.01, 0.02


def observables(structure, constraints):
    """The measured curves, and what a chemist knows."""
    known = {"apart": atoms.ExcludedDistances(2.1)}
    if constraints:
        known["near"] = atoms.Coordination(4, within=BOND, softness=0.25)
        known["angles"] = atoms.BondAngles(109.47, within=BOND, softness=0.25)
    return atoms.Observables(
        structure,
        S=atoms.ReciprocalSpaceCurve(Q, reach=12.0),
        g=atoms.RealSpaceCurve(R, width=0.08),
        **known,
    )


def measured(truth, constraints, key):
    """Data with noise; and zeros with the deviations that are allowed: half a neighbour, and 15 degrees an angle."""
    seen = truth.predictions()
    noise = [jax.random.normal(one, seen[name].shape) for one, name in zip(jax.random.split(key), "Sg")]
    data = {"S": (seen["S"] + SIGMA_OF_S * noise[0], SIGMA_OF_S), "g": (seen["g"] + SIGMA_OF_G * noise[1], SIGMA_OF_G)}
    known = {"apart": (0.0, 0.02)} | ({"near": (0.0, 0.3), "angles": (0.0, 0.5)} if constraints else {})
    return truth.observations(**data, **known)


def model_of(truth, observed, arguments, key):
    """One model, from random positions."""
    of_start, of_search = jax.random.split(key)
    # A lattice of points, shaken by its own spacing: crowds would make the first steps of all atoms short.
    along = round(len(truth.species) ** (1 / 3))
    points = np.stack(np.meshgrid(*[np.arange(along)] * 3), axis=-1).reshape(-1, 3)
    positions = (points + jax.random.uniform(of_start, points.shape)) / along @ truth.box.vectors
    start = atoms.Structure(positions, truth.box, truth.species)
    method = AnnealedLangevin(0.3, 0.02, steps=arguments.steps, together=min(50, arguments.steps))
    search = {"where": lambda s: s.positions, "key": of_search, "polish": False, "seconds": 1e9}
    return ebs.backsolve(observables(start, not arguments.curves_only), observed, method, **search)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000, help="of the annealing; more of them end lower")
    parser.add_argument("--models", type=int, default=2, help="independent models, two or more")
    parser.add_argument("--curves-only", action="store_true", help="nothing is known of neighbours and angles")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/amorphous_silicon.png"))
    arguments = parser.parse_args()

    truth = observables(atoms.read_structure(TRUTH), not arguments.curves_only)
    of_noise, *keys = jax.random.split(jax.random.key(arguments.seed), 1 + arguments.models)
    observed = measured(truth, not arguments.curves_only, of_noise)
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
    figure = plotting.structure_figure(found.simulator, observed, spread, truth=true, unit="Å")
    figure.savefig(arguments.picture, dpi=110)
    print(f"chi2_S={misfits['S']:.3f} chi2_g={misfits['g']:.3f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
