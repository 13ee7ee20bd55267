"""A model of Kwant's brought in: a honeycomb dot with three leads, and a gate potential hidden in it.

`examples/data/kwant_dot.npz` was written where Kwant is installed; here Kwant is not needed. The file also holds the
transmissions that Kwant found, with which the device is compared first. Then a smooth potential is added to its sites,
as a gate would, and recovered from the conductance between two of the leads.

    python examples/kwant_model.py            239 sites, 3 x 3 coefficients, 180 readings
    python examples/kwant_model.py --small    2 x 1 coefficients, 72 readings: a quick look
"""

import argparse
import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import plotting

jax.config.update("jax_enable_x64", True)

FILE = pathlib.Path(__file__).parent / "data" / "kwant_dot.npz"


def with_gate(device, coefficients):
    """The device with a smooth potential added to the energies of its sites."""
    sample = device.sample
    gate = ebs.samples.SplinePotential(coefficients, sample.positions)
    total = ebs.samples.SumOfEnergies((sample.onsite, gate))
    return ebs.Conductance(eqx.tree_at(lambda d: d.sample.onsite, device, total), to=1, source=0)


def hidden(simulator):
    return simulator.device.sample.onsite.terms[1].coefficients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sigma", type=float, default=0.01, help="error of a reading, e2/h")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/kwant_model.png"))
    arguments = parser.parse_args()
    device = ebs.load_device(FILE)
    with np.load(FILE) as kwant:
        points, expected = {name: kwant[name] for name in ("flux", "energy")}, kwant["T"]
    off = np.abs(ebs.simulators.ConductanceMatrix(device).predict(**points) - expected).max()
    print(f"{len(expected)} points, {expected.shape[1]} leads: the largest difference from Kwant is {off:.0e}")

    shape, mesh = ((2, 1), (2, 36)) if arguments.small else ((3, 3), (5, 36))
    random = np.random.default_rng(4).uniform(-0.1, 0.1, shape) * (0.3 if arguments.small else 1)
    truth, start = (with_gate(device, jnp.asarray(values)) for values in (random, np.zeros(shape)))
    axes = {"flux": np.linspace(0, 0.02, mesh[0]), "energy": np.linspace(0.33, 1.03, mesh[1])}
    observed = ebs.simulated_observations(truth, sigma=arguments.sigma, key=0, **axes)
    print({name: round(value, 2) for name, value in ebs.inverse.coarseness(observed).items()})
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=hidden)
    print(found.reason)
    error = float(jnp.max(jnp.abs(hidden(found.simulator) - random)))

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels, layout = figure.subplots(1, 3), plotting.SiteLayout.of(device)
    for panel, name, one in zip(panels, ("hidden", "found"), (truth, found.simulator)):
        drawn = plotting.draw_sites(panel, layout, one.device.sample.onsite.terms[1].energies(), 0.2, name)
    figure.colorbar(drawn, ax=list(panels[:2]), label="gate potential (hopping)")
    for mark, name, values in (
        (".", "data", observed.values),
        (":", "start", start.predict(**observed.variables)),
        ("-", "found", found.simulator.predict(**observed.variables)),
    ):
        panels[2].plot(axes["energy"], values.reshape(mesh)[0], mark, label=name)
    panels[2].set(xlabel="energy (hopping)", ylabel="G (e²/h)", title="flux 0")
    panels[2].legend(frameon=False)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
