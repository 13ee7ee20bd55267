"""Where are the antidots, and how high? A few parameters behind a map of 144 sites, from a magnetofingerprint.

An onsite term of one's own: positions and heights, and a smooth map from them to the sites. Everything else is the
package's. What no datum can tell: which antidot is which, and the two mirrors, which here act on the positions.

    python examples/antidots.py            three antidots on 12 x 12 sites
    python examples/antidots.py --small    one on 5 x 4: a quick look
"""

import argparse
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting

jax.config.update("jax_enable_x64", True)


# With a few parameters a start costs little, and whether it is in the right valley shows soon: many short ones.
ONCE = ebs.Continuation(ebs.LevenbergMarquardt(steps=12), ebs.LevenbergMarquardt(steps=40), ebs.brisk_schedule())
METHOD = ebs.Restarts(ONCE, (ONCE,), starts=200)


class Antidots(ebs.AbstractOnsite):
    """Smooth discs of a radius of 1.5 sites; centres in sites, heights in hoppings."""

    center: Float[Array, "antidots 2"] = eqx.field(metadata={"smooth": False})
    height: Float[Array, " antidots"] = eqx.field(metadata={"smooth": False})
    shape: tuple[int, int] = eqx.field(static=True)
    orbitals: int = eqx.field(static=True, default=1)

    def blocks(self):
        sites = jnp.stack(jnp.meshgrid(*(jnp.arange(n) for n in self.shape), indexing="ij"), axis=-1)
        squared = jnp.sum((sites[:, :, None] - self.center) ** 2, axis=-1)
        return jnp.sum(self.height * jax.nn.sigmoid(1.5**2 - squared), axis=-1)[..., None, None]


class MirroredAntidots(ebs.AbstractSymmetry):
    """Antidots at length - 1 - x (axis 0), or width - 1 - y (axis 1)."""

    axis: int = eqx.field(static=True)

    def __call__(self, simulator):
        flip = lambda center: center.at[:, self.axis].set(
            simulator.sample.onsite.shape[self.axis] - 1 - center[:, self.axis]
        )
        return eqx.tree_at(lambda s: s.sample.onsite.center, simulator, replace_fn=flip)


def hidden(simulator):
    return simulator.sample.onsite.center, simulator.sample.onsite.height


def device(center, height, shape):
    antidots = Antidots(jnp.asarray(center, float), jnp.asarray(height, float), shape)
    return ebs.Magnetoconductance(ebs.SquareLattice(antidots), ebs.WireLead(jnp.pi / 2), interval=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=0, help="of the random start")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/antidots.png"))
    arguments = parser.parse_args()
    shape = (5, 4) if arguments.small else (12, 12)
    truth = device([[1.2, 2.1]], [2.5], shape) if arguments.small else TRUE
    axes = {"flux": np.linspace(0, 0.15, 31), "energy": np.linspace(-1, 1, 11)}
    observed = ebs.simulated_observations(truth, sigma=0.01, key=jax.random.key(1), **axes)

    # Anywhere, and two hoppings high.
    count, ends = hidden(truth)[1].size, jnp.array(shape) - 1.0
    anywhere = ends * jax.random.uniform(jax.random.key(arguments.seed), (count, 2))
    bounds = (jnp.zeros((count, 2)), jnp.zeros(count)), (jnp.tile(ends, (count, 1)), jnp.full(count, 5.0))
    began = time.perf_counter()
    start, key = device(anywhere, jnp.full(count, 2.0), shape), jax.random.key(arguments.seed)
    found = ebs.backsolve(start, observed, METHOD, where=hidden, bounds=bounds, key=key)
    seconds = time.perf_counter() - began
    print(found.reason)

    # Compared as maps, the antidots need no names.
    landscape = lambda s: s.sample.onsite.blocks()[..., 0, 0]
    nearest = ebs.closest_image(found.simulator, [MirroredAntidots(0), MirroredAntidots(1)], truth, landscape)
    error = float(jnp.max(jnp.abs(landscape(nearest) - landscape(truth))))
    figure = Figure(figsize=(11, 3), layout="constrained")
    panels = figure.subplots(1, 4)
    mesh = observed.values.reshape(observed.grid)
    plotting.draw_data(panels[0], axes["flux"], axes["energy"], mesh, "magnetofingerprint, G (e²/h)")
    for panel, name, simulator in zip(panels[1:], ("truth", "found"), (truth, nearest)):
        plotting.draw_landscape(panel, landscape(simulator), 4.0, name)
        panel.plot(*hidden(simulator)[0].T, "k+")
    plotting.draw_history(panels[3], found.history, "chi-squared per reading")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} {seconds=:.1f} picture={arguments.picture}")


TRUE = device([[2.3, 8.1], [6.4, 3.2], [9.2, 7.7]], [3.0, 3.5, 2.2], (12, 12))

if __name__ == "__main__":
    main()
