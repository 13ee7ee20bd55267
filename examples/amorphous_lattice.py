"""Find atoms that show a given momentum image (Sec. V, eqs. 16, 17, Fig. 5 of the paper).

460 atoms, displaced from a triangular lattice by 0.45 (Gaussian, each coordinate), are hidden behind the modulus of the
Fourier transform of their blurred image. We start from the same lattice, displaced by 0.1 otherwise, and move all atoms
along the gradient of the mean squared error. Descent alone ends in the nearest of very many minima, R = 0.19. Atoms
that are shaken, less and less, end lower: `AnnealedLangevin` is Langevin dynamics whose temperature falls.

    python examples/amorphous_lattice.py                # R = 0.174 after 2 s on two cores
    python examples/amorphous_lattice.py --steps 40000  # patience: lower

R = sqrt(cost / mean s^2). The image fixes the atoms up to a translation and the inversion, but very many structures
show nearly the same image, and a gradient ends at one of those: look at g(r), not at single atoms. true_atoms.py finds
the true ones, if they are fewer.
"""

import argparse
import pathlib

import jax
import jax.numpy as jnp
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import equibacksolve as ebs
from equibacksolve import atoms, imaging
from equibacksolve.methods import AnnealedLangevin

ATOMS, BOX, WIDTH, PIXELS = 460, 40.0, 0.3, 128


def annealing(steps):
    """Atoms wander by a fifth of their distance at first, and by a fiftieth in the end."""
    return AnnealedLangevin(0.2, 0.02, steps=steps)


def recover(start, target, method, key):
    """The simulator that was found, R on the way, and the seconds that it took, without compiling."""
    observed, hidden = ebs.Observations(target), lambda s: s.positions
    search = {"where": hidden, "key": key, "polish": False, "seconds": 1e9}
    ebs.backsolve(start, observed, method, **search, steps=1, progress=False)  # compile
    found = ebs.backsolve(start, observed, method, **search)
    history = np.sqrt(found.history.cost / np.mean(np.asarray(target) ** 2))
    return found.simulator, history, found.history.seconds


def report(name, positions, truth, distances):
    """One line of structural quality: a low R with two atoms on one spot is not a good model."""
    g_distance = np.sqrt(np.mean((pair_distribution(positions, distances) - pair_distribution(truth, distances)) ** 2))
    order = imaging.bond_orientation(positions, BOX, periodic=True)
    psi = f"{float(order.mean()):.3f} +- {float(order.std()):.3f}"
    print(
        f"{name:>9}: g(r) distance {float(g_distance):.3f}, |psi_6| {psi}, "
        f"closest pair {imaging.closest_approach(positions, BOX, periodic=True):.3f}, "
        f"distance to the truth {imaging.matched_distance(positions, truth, BOX):.3f}"
    )


def pair_distribution(positions, distances):
    """g(r), with the spacing of the distances as its resolution."""
    structure = atoms.Structure(positions, atoms.Box([BOX, BOX]))
    return atoms.Observables(structure, g=atoms.RealSpaceCurve(distances)).predict()


def draw(simulators, history, distances, path):
    """Fig. 5: positions above, momentum images below, for truth, start and result; g(r) and R beside them."""
    figure, axes = plt.subplots(2, 4, figsize=(16, 8), layout="constrained")
    edge = np.pi * PIXELS / BOX
    brightest = np.percentile(simulators["true"].predict(), 99.8)  # the Bragg peaks would hide the rest
    for (name, simulator), top, bottom in zip(simulators.items(), axes[0], axes[1]):
        top.plot(*np.asarray(simulator.positions).T, ".", color="tab:blue", markersize=5)
        top.set(title=name, xlim=(0, BOX), ylim=(0, BOX), aspect="equal", xlabel="x / a", ylabel="y / a")
        image = np.fft.fftshift(np.asarray(simulator.predict())).T
        shown = bottom.imshow(image, origin="lower", extent=(-edge, edge, -edge, edge), vmin=0, vmax=brightest)
        bottom.set(xlabel="$k_x a$", ylabel="$k_y a$")
        g = pair_distribution(simulator.positions, distances)
        axes[0, 3].plot(distances, g, "--" if name == "initial" else "-", label=name)
    figure.colorbar(shown, ax=axes[1, 2], label="$s = L\\,\\ln(q + 1)$")
    axes[0, 3].set(xlabel="r / a", ylabel="g(r)", title="pair distribution")
    axes[0, 3].legend()
    axes[1, 3].semilogy(AnnealedLangevin(1.0, 1.0).together * np.arange(len(history)), history)
    axes[1, 3].set(xlabel="step", ylabel="R = sqrt(cost / mean s²)", title=f"R = {history[-1]:.4f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def problem(seed):
    """The true simulator, the one to start from, and a key for what follows."""
    keys = jax.random.split(jax.random.key(seed), 3)
    lattice = imaging.triangular_lattice(ATOMS, BOX)
    displaced = lambda key, by: imaging.wrapped(lattice + by * jax.random.normal(key, lattice.shape), BOX)
    return simulator_of(displaced(keys[0], 0.45)), simulator_of(displaced(keys[1], 0.1)), keys[2]


def simulator_of(positions):
    """Atoms are drawn out to five widths only: exp(-12.5) = 4e-6."""
    stamp = imaging.stamp_pixels(WIDTH, BOX, PIXELS, reach=5.0)
    return ebs.MomentumImage(positions, WIDTH, BOX, PIXELS, periodic=True, stamp=stamp)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000, help="steps of the annealing, half a millisecond each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/amorphous_lattice.png"))
    arguments = parser.parse_args()

    truth, start, key = problem(arguments.seed)
    found, history, seconds = recover(start, truth.predict(), annealing(arguments.steps), key)
    found = simulator_of(imaging.wrapped(found.positions, BOX))
    misfit = float(jnp.sqrt(jnp.mean((found.predict() - truth.predict()) ** 2) / jnp.mean(truth.predict() ** 2)))

    distances = jnp.linspace(0.1, 10.0, 100)
    simulators = {"true": truth, "initial": start, "predicted": found}
    for name, simulator in simulators.items():
        report(name, simulator.positions, truth.positions, distances)
    draw(simulators, history, distances, arguments.picture)
    atoms.write_structure(
        arguments.picture.with_suffix(".xyz"), atoms.Structure(found.positions, atoms.Box([BOX, BOX]))
    )
    print(f"R={misfit:.4f} seconds={seconds[-1]:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
