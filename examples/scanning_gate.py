"""A hidden potential from scanning-gate microscopy: G against the position of a tip that is moved over the sample.

The tip adds a Lorentzian hill under itself. Field and energies stay few; where the tip is tells where the sample is
sensitive. Unlike a map over flux and energy, which four mirror images share, this one has a single solution: the tip
knows left from right. The height of the tip's hill is hidden, too.

    python examples/scanning_gate.py            12 x 12 sites, 12 x 12 positions, three energies
    python examples/scanning_gate.py --small    4 x 3 sites: a quick look
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


class ScanningGate(ebs.AbstractSimulator):
    """Conductance with a tip above (x, y), in sites, at an energy; its hill is `height` high and `width` sites wide."""

    device: ebs.Magnetoconductance
    height: Float[Array, ""]
    width: float
    flux: float

    def observe(self, *, x, y, energy):
        values = potential(self.device)
        i, j = jnp.meshgrid(*(jnp.arange(n) for n in values.shape), indexing="ij")
        hill = self.height / (1 + ((i - x) ** 2 + (j - y) ** 2) / self.width**2)
        return eqx.tree_at(potential, self.device, values + hill).observe(flux=jnp.asarray(self.flux), energy=energy)


def potential(device):
    return device.sample.onsite.values


def microscope(values, height):
    sample = ebs.SquareLattice(ebs.Potential(values))
    return ScanningGate(ebs.Magnetoconductance(sample, ebs.WireLead(jnp.pi / 2)), jnp.asarray(height, float), 1.5, 0.03)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sigma", type=float, default=0.01, help="error of a reading, e2/h")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/scanning_gate.png"))
    arguments = parser.parse_args()
    shape = (4, 3) if arguments.small else (12, 12)
    x, y = jnp.meshgrid(*(jnp.arange(float(n)) for n in shape), indexing="ij")
    wells = [(0.25, 0.3, 0.9), (0.7, 0.75, -0.8), (0.75, 0.15, 0.6)]  # centre, as a fraction of the sample, and height
    far = lambda a, b: (x - a * shape[0]) ** 2 + (y - b * shape[1]) ** 2
    truth = microscope(sum(h * jnp.exp(-far(a, b) / (0.04 * shape[0] * shape[1])) for a, b, h in wells), 0.8)
    axes = {"x": x[:, 0], "y": y[0], "energy": jnp.array([-0.7, 0.1, 0.6])}
    observed = ebs.simulated_observations(truth, sigma=arguments.sigma, key=jax.random.key(1), **axes)

    guess = microscope(0.1 * jax.random.uniform(jax.random.key(0), shape, minval=-1.0), 0.5)
    found = ebs.backsolve(guess, observed, where=lambda s: (potential(s.device), s.height))
    seconds = found.history.seconds[-1]
    error = float(jnp.sqrt(jnp.mean((potential(found.simulator.device) - potential(truth.device)) ** 2)))
    print(found.reason)

    figure = Figure(figsize=(11, 5.5), layout="constrained")
    panels = figure.subplots(2, 3)
    maps = jnp.moveaxis(observed.values.reshape(observed.grid), -1, 0)
    for panel, energy, values in zip(panels[0], axes["energy"], maps):
        drawn = panel.imshow(values.T, origin="lower")
        panel.set_title(f"G (e²/h) against the tip, E = {energy:.1f}", fontsize=9)
        figure.colorbar(drawn, ax=panel)
    plotting.draw_landscape(panels[1, 0], potential(truth.device), 1.0, "truth (hopping)")
    plotting.draw_landscape(panels[1, 1], potential(found.simulator.device), 1.0, f"found, rms error {error:.3f}")
    plotting.draw_history(panels[1, 2], found.history, "chi-squared per reading")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} rms_error={error:.4f} {seconds=:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
