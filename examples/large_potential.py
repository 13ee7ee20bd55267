"""A large hidden potential, 32 x 32 sites, from a noisy magnetoconductance map: 1024 unknowns from 651 readings.

The sample has grown and the mesh has shrunk with it: a flux quantum through the whole sample, and the energy that a
wave needs to turn by one radian on its way through, are what a map resolves. The landscape varies over a sixth of the
sample, and the prior of the continuation is told so. Of each stage the cost is a chi-squared per datum: 1 is the noise.
Of the seeds 0 to 7, continuation alone brings 0 to the noise, and ends at 1.5 to 9.6 for the others, in local minima.
Hops from there lead all eight below 1.1, in 70 to 329 simulations (39 to 182 s on one core), with rms errors of 0.005
to 0.009 on landscapes of rms 0.07 to 0.11. Kicks need luck: with another key, seed 7 ended at 3.4 after all its hops.

    python examples/large_potential.py              32 x 32: one to three minutes, below 1 GiB
    python examples/large_potential.py --sites 64   64 x 64: 4096 unknowns; ten minutes did not solve it
"""

import argparse
import pathlib
import resource
import time

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve.plotting import reconstruction_figure

jax.config.update("jax_enable_x64", True)

NOISE = 0.03  # e^2/h


def hidden(simulator):
    """The leaf to be found: one onsite energy per site."""
    return simulator.sample.onsite.values


MIRRORS = (ebs.Mirror(hidden, 0), ebs.Mirror(hidden, 1))
"""No datum tells a potential from its images."""


def device(potential):
    """A sample with this potential between two leads of known wavenumber."""
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(jnp.pi / 2))


def landscape(sites, random):
    """Five hills and dips, an eighth to a fifth of the sample wide; waves turn by up to ten radians on their way."""
    x, y = np.meshgrid(np.arange(sites), np.arange(sites), indexing="ij")
    potential = np.zeros((sites, sites))
    for _ in range(5):
        center, width = random.uniform(0, sites - 1, 2), random.uniform(sites / 8, sites / 5)
        hill = np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / (2 * width**2))
        potential += random.uniform(0.5, 1) * random.choice([-1, 1]) * hill
    return jnp.asarray(potential * 9.6 / sites / np.abs(potential).max())


def measured(truth, points, random):
    """What an instrument would show: a map on a mesh that suits the sample, with noise."""
    sites = truth.shape[0]
    flux, energy = np.linspace(0, 0.15 * (12 / sites) ** 2, points[0]), np.linspace(-12, 12, points[1]) / sites
    settings = [jnp.asarray(axis.ravel()) for axis in np.meshgrid(flux, energy, indexing="ij")]
    values = device(truth).predict(flux=settings[0], energy=settings[1]).reshape(points)
    values = values + NOISE * random.normal(size=points)
    return ebs.Observations.on_grid(flux=flux, energy=energy, values=values, sigma=NOISE)


def search(length):
    """Coarse to fine; then, from where that ends, with a part mirrored or with kicks, until the data are explained."""
    stage, last, short = (ebs.LevenbergMarquardt(steps) for steps in (12, 25, 15))
    smooth = ebs.methods.coarse_to_fine(stage, last, length)
    again = ebs.methods.finished(short, length=length, last=short)
    return ebs.methods.Restarts(smooth, (again,), guesses=ebs.specialists.Kicks(MIRRORS, length))


def main():
    arguments = parse()
    random = np.random.default_rng(arguments.seed)
    truth = landscape(arguments.sites, random)
    observed = measured(truth, arguments.points, random)
    start = device(jnp.asarray(random.uniform(-0.05, 0.05, truth.shape)))

    method = search(arguments.sites / 6)
    budget = {"steps": arguments.steps, "seconds": arguments.seconds, "tolerance": 1.1}
    began = time.perf_counter()
    found = ebs.backsolve(start, observed, method, where=hidden, **budget)
    seconds = time.perf_counter() - began

    # Of the images, the one closest to the truth is shown.
    nearest = ebs.inverse.closest_image(found.simulator, MIRRORS, device(truth), hidden)
    error = float(jnp.sqrt(jnp.mean((hidden(nearest) - truth) ** 2)))
    evolution = []
    for step, leaves in found.history.course(5):
        then = ebs.inverse.closest_image(ebs.inverse.with_leaves(found.simulator, leaves), MIRRORS, nearest, hidden)
        evolution.append((f"step {step + 1}, cost {found.history.cost[step]:.3g}", np.asarray(hidden(then))))
    figure = reconstruction_figure(np.asarray(truth), observed, evolution, found.history, "potential (hopping)")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=150)

    gibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{found.reason}\n{found.history.evaluations[-1]} simulations of {observed.values.size} conductances")
    print(
        f"cost={float(found.cost):.3f} rms_error={error:.4f} seconds={seconds:.0f} peak_GiB={gibibytes:.2f} "
        f"picture={arguments.picture}"
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=32, help="along each edge")
    parser.add_argument("--points", type=int, nargs=2, default=(31, 21), help="fluxes and energies")
    parser.add_argument("--seed", type=int, default=0, help="of the landscape, the noise and the start")
    parser.add_argument("--steps", type=int, default=None, help="most steps, for a quick look")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/large_potential.png"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
