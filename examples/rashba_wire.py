"""Spin-orbit strength, g-factor and potential of a wire with a Rashba coupling, hidden together.

Each site has two orbitals, spin up and down. The Hamiltonian depends linearly on both strengths: each is a
`LinearTerm`, a list of entries times a trainable number. The Zeeman energy has a setting as well, the magnetic field
in the plane, along the wire: data are taken against energy and field. The leads are a metal that has neither.

    python examples/rashba_wire.py            12 x 4 sites
    python examples/rashba_wire.py --small    4 x 2 sites: a quick look
"""

import argparse
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

ONE, SX, SY = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]]])


def rashba_wire(length, width, spin_orbit, zeeman, potential):
    """H = hopping + spin_orbit (sin k_x sigma_y - sin k_y sigma_x) + zeeman field sigma_x + potential."""
    bare = ebs.samples.square_sample(length, width)
    row, column, area = (np.asarray(getattr(bare.entries, name)) for name in ("row", "column", "area"))
    x, y = (np.asarray(bare.positions)[row] - np.asarray(bare.positions)[column]).T[:, :, None, None]
    sites = np.arange(length * width)
    spin_orbit = ebs.samples.LinearTerm(
        spin_orbit, ebs.samples.Entries.of_blocks(row, column, 0.5j * (x * SY - y * SX), area)
    )
    zeeman = ebs.samples.LinearTerm(
        zeeman, ebs.samples.Entries.of_blocks(sites, sites, SX, 0.0 * sites), setting="field"
    )
    onsite, hoppings = (
        ebs.samples.SplinePotential(potential, bare.positions),
        ebs.samples.Entries.of_blocks(row, column, ONE, area),
    )
    sample = ebs.samples.TightBinding(onsite, hoppings, bare.positions, np.repeat(sites, 2), (spin_orbit, zeeman))
    metals = [metal(width, 0, -0.3), metal(width, (length - 1) * width, 0.4)]
    return ebs.Conductance(ebs.TightBindingDevice(sample, metals))


def metal(width, first, onsite):
    """A ribbon without spin-orbit coupling and Zeeman energy that touches `width` sites from `first` on."""
    y = np.arange(width)
    cell = ebs.samples.Entries.of_blocks(
        np.append(y[1:], y[:-1]), np.append(y[:-1], y[1:]), ONE, np.zeros(2 * width - 2)
    )
    hopping = ebs.samples.Entries.of_blocks(y, y, ONE, np.zeros(width))
    return ebs.Terminal(
        ebs.leads.PeriodicLead(cell, hopping, hopping, 2 * width, onsite=onsite), 2 * first + np.arange(2 * width)
    )


def hidden(simulator):
    sample = simulator.device.sample
    return sample.terms[0].strength, sample.terms[1].strength, sample.onsite.coefficients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sigma", type=float, default=0.01, help="error of a reading, e2/h")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/rashba_wire.png"))
    arguments = parser.parse_args()
    size, potential = ((4, 2), [0.05, -0.1]) if arguments.small else ((12, 4), [0.05, -0.1, 0.15, 0.1])
    truth = rashba_wire(*size, 0.4, 0.1, jnp.array(potential)[:, None])
    axes = {"field": jnp.arange(3.0), "energy": jnp.linspace(-2.85, -1.05, 31), "flux": jnp.zeros(1)}
    observed = ebs.simulated_observations(truth, sigma=arguments.sigma, key=jax.random.key(0), **axes)
    start = rashba_wire(*size, 0.3, 0.07, jnp.zeros((len(potential), 1)))
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=hidden)
    flat = lambda simulator: np.concatenate([np.asarray(leaf).ravel() for leaf in hidden(simulator)])
    print(f"{found.reason}\ntruth: {flat(truth)}\nfound: {flat(found.simulator).round(4)}")

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    fitted = found.simulator.predict(**observed.variables).reshape(3, -1)
    left.plot(axes["energy"], fitted.T, "-", label=[f"found, field {field:.0f} T" for field in axes["field"]])
    left.plot(axes["energy"], observed.values.reshape(3, -1).T, "k.", markersize=3)
    left.set(xlabel="energy (hopping)", ylabel="G (e²/h)")
    names = ["spin-orbit", "Zeeman (1/T)", *(f"v{i}" for i in range(len(potential)))]
    for one, mark, name in ((start, "x", "start"), (truth, "s", "truth"), (found.simulator, ".", "found")):
        right.plot(names, flat(one), mark, label=name, fillstyle="none", markersize=9)
    left.legend(frameon=False)
    right.legend(frameon=False)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    error = np.abs(flat(found.simulator) - flat(truth)).max()
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
