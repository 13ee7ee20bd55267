"""Where are the antidots, and how high? A few parameters behind a map of 144 sites, from a magnetofingerprint.

An onsite term of one's own: positions and heights, and a smooth map from them to the sites. Everything else is the
package's. What no datum can tell: which antidot is which, and the two mirrors, which here act on the positions.
`python examples/antidots.py [--small]`: three antidots on 12 x 12 sites, or one on 5 x 4.
"""

import argparse
import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting

jax.config.update("jax_enable_x64", True)

# With a few parameters a start costs little, and whether it is in the right valley shows soon: many short ones.
ONCE = ebs.methods.coarse_to_fine(ebs.LevenbergMarquardt(steps=12), ebs.LevenbergMarquardt(steps=40), length=1.0)
METHOD = ebs.methods.Restarts(ONCE, (ONCE,), starts=200)


class Antidots(ebs.samples.AbstractOnsite):
    """Smooth discs of a radius of 1.5 sites; centres in sites, heights in hoppings."""

    center: Float[Array, "antidots 2"] = eqx.field(metadata={"smooth": False})
    height: Float[Array, " antidots"] = eqx.field(metadata={"smooth": False})
    shape: tuple[int, int] = eqx.field(static=True)
    orbitals: int = eqx.field(static=True, default=1)

    def blocks(self):
        sites = jnp.stack(jnp.meshgrid(*(jnp.arange(n) for n in self.shape), indexing="ij"), axis=-1)
        squared = jnp.sum((sites[:, :, None] - self.center) ** 2, axis=-1)
        return jnp.sum(self.height * jax.nn.sigmoid(1.5**2 - squared), axis=-1)[..., None, None]


class MirroredAntidots(ebs.inverse.AbstractSymmetry):
    axis: int = eqx.field(static=True)

    def __call__(self, simulator):
        end = simulator.sample.onsite.shape[self.axis] - 1
        flip = lambda center: center.at[:, self.axis].set(end - center[:, self.axis])
        return eqx.tree_at(lambda s: s.sample.onsite.center, simulator, replace_fn=flip)


def device(center, height, shape):
    antidots = Antidots(jnp.asarray(center), jnp.asarray(height), shape)
    return ebs.Magnetoconductance(ebs.SquareLattice(antidots), ebs.WireLead(jnp.pi / 2), interval=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/antidots.png"))
    arguments = parser.parse_args()
    one, three = ([[1.2, 2.1]], [2.5], (5, 4)), ([[2.3, 8.1], [6.4, 3.2], [9.2, 7.7]], [3.0, 3.5, 2.2], (12, 12))
    truth = device(*(one if arguments.small else three))
    axes = {"flux": jnp.linspace(0, 0.15, 31), "energy": jnp.linspace(-1, 1, 11)}
    observed = ebs.simulated_observations(truth, sigma=0.01, key=jax.random.key(1), **axes)

    (count, _), shape, key = truth.sample.onsite.center.shape, truth.sample.onsite.shape, jax.random.key(0)
    ends = jnp.tile(jnp.array(shape) - 1.0, (count, 1))
    start = device(ends * jax.random.uniform(key, (count, 2)), jnp.full(count, 2.0), shape)  # anywhere, and 2 high
    hidden = lambda s: (s.sample.onsite.center, s.sample.onsite.height)
    bounds = (jnp.zeros((count, 2)), jnp.zeros(count)), (ends, jnp.full(count, 5.0))
    found = ebs.backsolve(start, observed, METHOD, where=hidden, bounds=bounds, key=key)

    landscape = lambda s: s.sample.onsite.blocks()[..., 0, 0]  # compared as maps, antidots need no names
    nearest = ebs.inverse.closest_image(found.simulator, [MirroredAntidots(0), MirroredAntidots(1)], truth, landscape)
    error = float(jnp.max(jnp.abs(landscape(nearest) - landscape(truth))))
    figure = Figure(figsize=(11, 3), layout="constrained")
    left, *panels, right = figure.subplots(1, 4)
    plotting.draw_data(left, *axes.values(), observed.values.reshape(observed.grid), "magnetofingerprint, G (e²/h)")
    for panel, name, simulator in zip(panels, ("truth", "found"), (truth, nearest)):
        plotting.draw_landscape(panel, landscape(simulator), 4.0, name)
        panel.plot(*simulator.sample.onsite.center.T, "k+")
    plotting.draw_history(right, found.history, "chi-squared per reading")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"{found.reason}; {found.history.seconds[-1]:.1f} seconds")
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
