"""Makes dot.csv, a measurement as a cryostat would leave it, and dot_truth.npz, what was hidden in it.

A sample of 6 x 6 sites of 20 nm (GaAs: t = hbar^2 / (2 m a^2) = 1.42 meV), a smooth potential without mirror symmetry,
wires with k = pi/2. The field runs from -0.25 to 1.5 T, a gate of 0.05 eV/V by +-28 mV about -0.42 V. Each conductance
has Gaussian noise of 0.4 uS (0.01 e^2/h); six points were not recorded. The simulator is this package's own.

    python examples/data/make_dot.py [FOLDER]
"""

import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve import measurements

CELL_AREA, HOPPING, LEVER_ARM, OFFSET = 400e-18, 1.42e-3, 0.05, -0.42  # m^2, eV, eV/V, V
NOISE, MISSING = 0.4e-6, 6  # S, points


def potential():
    """A hill near one corner, a hollow beyond the middle, and a slope; no mirror leaves it as it is."""
    x, y = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    hill = 0.9 * np.exp(-((x - 1.2) ** 2 + (y - 3.8) ** 2) / 4)
    hollow = 0.7 * np.exp(-((x - 3.9) ** 2 + (y - 1.1) ** 2) / 5)
    return hill - hollow + 0.06 * (x - 2.5) - 0.04 * (y - 2.5)


def main(folder):
    """Simulate, add noise, lose a few points, write both files."""
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(2026)
    hidden = potential()
    field, gate = np.meshgrid(np.linspace(-0.25, 1.5, 15), np.linspace(-0.448, -0.392, 11), indexing="ij")
    simulator = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(hidden)), ebs.WireLead(jnp.pi / 2))
    exact = simulator.predict(
        flux=jnp.asarray(measurements.flux_per_plaquette(field.ravel(), CELL_AREA)),
        energy=jnp.asarray(measurements.energy_in_hoppings(gate.ravel(), LEVER_ARM, HOPPING, OFFSET)),
    )
    measured = measurements.siemens(np.asarray(exact)) + NOISE * rng.normal(size=field.size)
    measured[rng.choice(field.size, MISSING, replace=False)] = np.nan
    rows = [
        f"{b:.3f},{v:.4f},{'' if np.isnan(g) else f'{g * 1e6:.3f}'}"
        for b, v, g in zip(field.ravel(), gate.ravel(), measured)
    ]
    (folder / "dot.csv").write_text("\n".join(["B (T),Vg (V),G (uS)", *rows]) + "\n")
    np.savez(folder / "dot_truth.npz", potential=hidden, conductance=np.asarray(exact), noise=NOISE)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
