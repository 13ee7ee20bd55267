"""Inverse design: a potential whose conductance follows a wanted curve, here a straight line: a linear field sensor.

Nothing is measured. The target plays the part of the data; how close one wants to come is its sigma. The potential is
bounded, as gates can do no more. There are 144 unknowns for 26 numbers: many solutions, of which the search finds one
that is smooth, as its prior prefers; another seed gives another. What no potential does is not found: G is even in the
flux, so that the line cannot go through zero field.

    python examples/inverse_design.py            12 x 12 sites
    python examples/inverse_design.py --small    4 x 4 sites: a quick look
"""

import argparse
import pathlib

import jax
import jax.numpy as jnp
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting

jax.config.update("jax_enable_x64", True)


def hidden(simulator):
    return simulator.sample.onsite.values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=0, help="of the random start: each gives another design")
    parser.add_argument("--within", type=float, default=0.02, help="wanted accuracy, e2/h")
    parser.add_argument("--bound", type=float, default=1.5, help="largest potential, hoppings")
    parser.add_argument("--steps", type=int, default=None, help="most steps, for a quick look")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/inverse_design.png"))
    arguments = parser.parse_args()
    shape = (4, 4) if arguments.small else (12, 12)

    # Wanted: G rises by 2 e2/h, from a quarter of what a clean wire conducts, in proportion to the flux.
    flux = jnp.linspace(0.02, 0.12, 26)
    wanted = shape[1] / 4 + 20 * (flux - 0.02)
    target = ebs.Observations(wanted, flux=flux, energy=jnp.zeros_like(flux), sigma=arguments.within)

    key = jax.random.key(arguments.seed)
    start = 0.3 * jax.random.uniform(key, shape, minval=-1.0)
    blank = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(start)), ebs.WireLead(jnp.pi / 2))
    bounds = (-arguments.bound, arguments.bound)
    found = ebs.backsolve(blank, target, where=hidden, bounds=bounds, key=key, steps=arguments.steps)
    seconds = found.history.seconds[-1]
    print(found.reason)

    finer = jnp.linspace(-0.15, 0.15, 301)
    design = lambda energy: found.simulator.predict(flux=finer, energy=jnp.full_like(finer, energy))
    error = float(jnp.max(jnp.abs(found.simulator.predict(**target.variables) - wanted)))
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for energy in (-0.05, 0.05, 0.0):
        left.plot(finer, design(energy), label=f"design, E = {energy}", linewidth=1.5 if energy == 0 else 0.7)
    left.plot(flux, wanted, "k.", markersize=3, label="wanted, E = 0")
    left.set(xlabel="flux per plaquette (h/e)", ylabel="G (e²/h)")
    left.legend(fontsize=7)
    plotting.draw_landscape(middle, hidden(found.simulator), arguments.bound, "the potential (hopping)")
    figure.colorbar(middle.images[0], ax=middle)
    plotting.draw_history(right, found.history, "mean squared deviation over sigma²")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} largest_deviation={error:.4f} {seconds=:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
