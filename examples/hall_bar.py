"""A hidden density from a Hall bar: R_xx and R_xy together, in one cost.

Six terminals: the current flows along the bar, four probes carry none. The density varies over the bar, as a smooth
potential with a few coefficients. Both resistances at a flux and energy come from one solution. As these are two
readings a point, the simulator holds its settings, and `predict` gives the table of all readings.

    python examples/hall_bar.py            17 x 6 sites, 3 x 2 coefficients, 88 readings
    python examples/hall_bar.py --small    8 x 3 sites, 2 x 1 coefficients: a quick look
"""

import argparse
import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting

jax.config.update("jax_enable_x64", True)


class HallMeasurement(ebs.AbstractSimulator):
    """R_xx and R_xy, in h/e2, at the points of a mesh of fluxes and energies."""

    resistance: ebs.simulators.FourTerminalResistance
    flux: Float[Array, " points"]
    energy: Float[Array, " points"]

    def predict(self):
        return self.resistance.predict(flux=self.flux, energy=self.energy)


def hall_bar(length, width, arms, probe, potential):
    """Terminals 0 and 1 at the ends, 2 and 4 on the upper edge, 3 and 5 on the lower; each `probe` sites wide."""
    sample = ebs.samples.square_sample(
        length, width, lambda positions: ebs.samples.SplinePotential(potential, positions)
    )
    ends = [ebs.samples.ribbon_lead(sample, (side, 0)) for side in (-1, 1)]
    strip = lambda first: lambda x, y: (x >= first) & (x < first + probe)
    probes = [ebs.samples.ribbon_lead(sample, (0, side), within=strip(first)) for first in arms for side in (1, -1)]
    return ebs.simulators.FourTerminalResistance(
        ebs.TightBindingDevice(sample, ends + probes), (0, 1), ((2, 4), (3, 2))
    )


def hidden(simulator):
    return simulator.resistance.device.sample.onsite.coefficients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sigma", type=float, default=0.001, help="error of a reading, h/e2")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/hall_bar.png"))
    arguments = parser.parse_args()
    length, width, arms, probe = (8, 3, (1, 6), 2) if arguments.small else (17, 6, (4, 11), 3)
    potential = jnp.array([[0.08], [-0.05]] if arguments.small else [[0.08, -0.05], [-0.1, 0.06], [0.04, 0.1]])
    fluxes, energies = jnp.linspace(0.01, 0.06, 11), jnp.array([-2.5, -2.2, -1.9, -1.6])
    flux, energy = (axis.ravel() for axis in jnp.meshgrid(fluxes, energies, indexing="ij"))
    truth = HallMeasurement(hall_bar(length, width, arms, probe, potential), flux, energy)
    observed = ebs.simulated_observations(truth, sigma=arguments.sigma, key=jax.random.key(1))

    start = eqx.tree_at(hidden, truth, jnp.zeros_like(potential))
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=hidden)
    error = float(jnp.max(jnp.abs(hidden(found.simulator) - potential)))
    print(found.reason)
    for name, one in (("truth", truth), ("found", found.simulator)):
        print(f"{name}: {np.asarray(hidden(one)).round(4).tolist()}")

    figure = Figure(figsize=(11, 6), layout="constrained")
    upper, lower = figure.subplots(2, 2)
    layout = plotting.SiteLayout.of(truth.resistance.device)
    for axes, name, one in ((upper[0], "truth", truth), (upper[1], "found", found.simulator)):
        drawn = plotting.draw_sites(axes, layout, one.resistance.device.sample.onsite.energies(), 0.12, name)
    figure.colorbar(drawn, ax=list(upper), label="potential (hopping)")
    marks, tables = (".", ":", "-"), (observed.values, start.predict(), found.simulator.predict())
    for axes, name, pair in ((lower[0], "R_xx (h/e²)", 0), (lower[1], "R_xy (h/e²)", 1)):
        for label, mark, table in zip(("data", "start", "found"), marks, tables):
            axes.plot(fluxes, table.reshape(11, 4, 2)[:, 1, pair], mark, label=label)
        axes.set(xlabel="flux (h/e per plaquette)", ylabel=name, title=f"E = {energies[1]:.1f}")
    lower[0].legend(frameon=False)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
