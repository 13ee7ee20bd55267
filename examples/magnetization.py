"""A hidden magnetization from a magnetoconductance map: Fig. 3 of the paper.

Kwant computed the map. Every site carries a moment in the x-z plane, at an angle theta from the z axis, to which the
electrons couple with J = 0.5; spins up and down have wavenumbers 0.5 and 0.25 in the leads. What is shown is
m_z = cos theta. The map is blind to the mirrors and to theta -> -theta: the error is taken over these images.

    python examples/magnetization.py                one start
    python examples/magnetization.py --seeds 10     ten starts, each reported, none chosen
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve.plotting import reconstruction_figure

jax.config.update("jax_enable_x64", True)

HERE = pathlib.Path(__file__).parent
BUDGET = 180.0  # seconds a start, restarts inside included


def hidden(simulator):
    """The leaf to be found: one angle per site."""
    return simulator.sample.onsite.angle


def magnet(angle):
    """The device, with these angles."""
    onsite = ebs.ExchangeField(angle, coupling=0.5)
    return ebs.Magnetoconductance(ebs.SquareLattice(onsite), ebs.WireLead(jnp.array([0.5, 0.25])))


def main():
    arguments = parse()
    data = np.load(HERE / "data" / "exchange_smooth_12x12.npz")
    observed = ebs.Observations.on_grid(flux=data["flux"], energy=data["energy"], values=data["G"])
    images = (ebs.Mirror(hidden, 0), ebs.Mirror(hidden, 1), ebs.Negation(hidden))
    truth = magnet(data["angle"])
    succeeded = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        key = jax.random.key(seed)
        # The start: moments that lie across, but for a small random part.
        guess = jnp.pi / 2 + 0.3 * jax.random.uniform(key, data["angle"].shape, minval=-1.0, maxval=1.0)
        began = time.perf_counter()
        found = ebs.backsolve(
            magnet(guess), observed, where=hidden, key=key, tolerance=1e-6, steps=arguments.steps, seconds=BUDGET
        )
        seconds = time.perf_counter() - began
        nearest = ebs.inverse.closest_image(found.simulator, images, truth, lambda s: jnp.cos(hidden(s)))
        error = float(jnp.max(jnp.abs(jnp.cos(hidden(nearest)) - np.cos(data["angle"]))))
        succeeded += found.converged
        starts, evaluations = found.history.start.max() + 1, found.history.evaluations[-1]
        print(
            f"seed {seed}: cost={float(found.cost):.1e} largest m_z error={error:.1e} "
            f"starts={starts} simulations={evaluations} seconds={seconds:.1f}",
            flush=True,
        )
    picture = draw(arguments.picture, data["angle"], observed, found, nearest, images)
    print(f"succeeded={succeeded}/{arguments.seeds} last: cost={float(found.cost):.2e} picture={picture}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first random start")
    parser.add_argument("--seeds", type=int, default=1, help="number of starts, one after another")
    parser.add_argument("--steps", type=int, default=None, help="most steps a start, for a quick look")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/magnetization.png"))
    return parser.parse_args()


def draw(path, truth, observed, found, nearest, images):
    """m_z of the guess turning into the result, each in the image closest to the result."""
    m_z = lambda simulator: np.cos(np.asarray(hidden(simulator)))
    evolution = []
    for step, leaves in found.history.course(5):
        then = ebs.inverse.closest_image(
            ebs.inverse.with_leaves(found.simulator, leaves), images, nearest, lambda s: jnp.cos(hidden(s))
        )
        evolution.append((f"step {step + 1}, cost {found.history.cost[step]:.0e}", m_z(then)))
    figure = reconstruction_figure(np.cos(truth), observed, evolution, found.history, "m_z = cos θ")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


if __name__ == "__main__":
    main()
