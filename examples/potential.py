"""A hidden potential from a magnetoconductance map: Fig. 2 of the paper.

Kwant computed the map. Nothing is known of the potential but that it has a notch, a dip at one corner; that only serves
to choose among four mirror images, which no two-terminal conductance can tell apart.

    python examples/potential.py                    Levenberg-Marquardt under continuation: seconds
    python examples/potential.py --method descent   the paper's rule, gradient descent with a shrinking rate: minutes
    python examples/potential.py --method adam      optax's Adam
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import equibacksolve as ebs
from equibacksolve.plotting import reconstruction_figure

jax.config.update("jax_enable_x64", True)

HERE = pathlib.Path(__file__).parent
METHODS = {
    "continuation": None,
    "descent": ebs.methods.GradientDescent(ebs.backtracking_descent(), steps=6000, patience=1000),
    "adam": ebs.methods.GradientDescent(optax.adam(0.02), steps=3000, patience=1000),
}


def hidden(simulator):
    """The leaf to be found: one onsite energy per site."""
    return simulator.sample.onsite.values


def main():
    arguments = parse()
    data = np.load(HERE / "data" / "wire_two_hills_12x12.npz")
    observed = ebs.Observations.on_grid(flux=data["flux"], energy=data["energy"], values=data["G"])

    # The start: small random numbers, and a lead whose wavenumber is known.
    key = jax.random.key(arguments.seed)
    guess = jax.random.uniform(key, data["potential"].shape, minval=-0.1, maxval=0.1)
    simulator = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(guess)), ebs.WireLead(jnp.pi / 2))

    began = time.perf_counter()
    found = ebs.backsolve(
        simulator,
        observed,
        METHODS[arguments.method],
        where=hidden,
        key=key,
        tolerance=1e-6,
        steps=arguments.steps,
        seconds=600,
    )
    seconds = time.perf_counter() - began

    # All sites were free. Of the four mirror images, the one with the dip in the first corner is shown.
    mirrors = (ebs.Mirror(hidden, 0), ebs.Mirror(hidden, 1))
    notched = ebs.choose_image(found.simulator, mirrors, lambda image: hidden(image)[0, 0])
    largest_error = float(jnp.max(jnp.abs(hidden(notched) - data["potential"])))

    report_stages(found.history)
    print(f"{found.reason}\n{found.history.evaluations[-1]} simulations of {observed.values.size} conductances")
    picture = draw(arguments.picture, data["potential"], observed, found, notched, mirrors)
    print(f"cost={float(found.cost):.2e} largest_error={largest_error:.1e} seconds={seconds:.1f} picture={picture}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", choices=METHODS, default="continuation")
    parser.add_argument("--seed", type=int, default=0, help="of the random start")
    parser.add_argument("--steps", type=int, default=None, help="most steps, for a quick look")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/potential.png"))
    return parser.parse_args()


def report_stages(history):
    """One line per stage of each start: its steps, and the cost that it ended with."""
    runs = np.stack([history.start, history.stage], axis=1)
    for start, stage in np.unique(runs, axis=0):
        mine = (history.start == start) & (history.stage == stage)
        print(f"start {start + 1} stage {stage + 1}: {mine.sum():4d} steps, cost {history.cost[mine][-1]:.2e}")


def draw(path, truth, observed, found, notched, mirrors):
    """The guess turning into the result, each shown in the mirror image closest to the result."""
    evolution = []
    for step, leaves in found.history.course(5):
        then = ebs.inverse.closest_image(ebs.inverse.with_leaves(found.simulator, leaves), mirrors, notched, hidden)
        evolution.append((f"step {step + 1}, cost {found.history.cost[step]:.0e}", np.asarray(hidden(then))))
    figure = reconstruction_figure(truth, observed, evolution, found.history, "potential (hopping)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


if __name__ == "__main__":
    main()
