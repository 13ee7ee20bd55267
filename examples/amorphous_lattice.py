"""Find atoms that show a given momentum image (Sec. V, eqs. 16, 17, Fig. 5 of the paper).

460 atoms, displaced from a triangular lattice by 0.45 (Gaussian, each coordinate), are hidden behind the modulus of the
Fourier transform of their blurred image. We start from the same lattice, displaced by 0.1 otherwise, and move all atoms
along the gradient of the mean squared error. Descent alone ends in the nearest of very many minima, R = 0.19. Atoms
that are shaken, less and less, end lower: the steps below are those of Langevin dynamics whose temperature falls.

    python examples/amorphous_lattice.py                # R = 0.175 after 5 s on two cores
    python examples/amorphous_lattice.py --steps 40000  # patience: lower

R = sqrt(cost / mean s^2). The image fixes the atoms up to a translation and the inversion, but very many structures
show nearly the same image, and a gradient ends at one of those: look at g(r), not at single atoms. true_atoms.py finds
the true ones, if they are fewer.
"""

import argparse
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import optax
from tqdm import tqdm

import equibacksolve  # noqa: F401 - checks the shapes of all that follows
from equibacksolve import imaging
from equibacksolve.simulators import MomentumImage

ATOMS, BOX, WIDTH, PIXELS = 460, 40.0, 0.3, 128
STEPS_AT_ONCE = 100


def annealing(steps, key, step_size=18.0, friction=0.03, hottest=8e-5, coldest=1.3e-6):
    """Langevin dynamics as an optimizer: v <- (1 - friction) (v - dt grad) + noise, x <- x + dt v.

    - `step_size`: dt, in units in which an atom has the mass 1. The stiffest direction of the cost has the curvature
      3e-3 (power iteration at R = 0.2): dt sqrt(3e-3) = 1, half of where the dynamics becomes unstable.
    - `hottest`, `coldest`: the temperature falls geometrically from six times to a tenth of 1.3e-5, by which the cost
      rises, on average, when one atom is moved by 0.1. The last 7 % of the steps are taken without noise.
    """
    kept = 1.0 - friction

    def init(positions):
        return jax.tree.map(jnp.zeros_like, positions), jnp.zeros((), int)

    def update(gradient, state, positions=None):
        velocity, step = state
        progress = step / (0.93 * steps)
        temperature = jnp.where(progress < 1, hottest * (coldest / hottest) ** progress, 0.0)
        noise = optax.tree.random_like(jax.random.fold_in(key, step), velocity, jax.random.normal)
        push = jnp.sqrt((1 - kept**2) * temperature)
        velocity = jax.tree.map(lambda v, g, n: kept * (v - step_size * g) + push * n, velocity, gradient, noise)
        return jax.tree.map(lambda v: step_size * v, velocity), (velocity, step + 1)

    return optax.GradientTransformation(init, update)


def recover(start, target, optimizer, steps):
    """The simulator after so many steps, R on the way, and the seconds it took, without compiling."""
    is_hidden = eqx.tree_at(lambda s: s.positions, jax.tree.map(lambda _: False, start), True)
    hidden, known = eqx.partition(start, is_hidden)

    def cost(hidden):
        return jnp.mean((eqx.combine(hidden, known).predict() - target) ** 2)

    @jax.jit
    def advance(hidden, state):
        def one(carry, _):
            hidden, state = carry
            value, gradient = jax.value_and_grad(cost)(hidden)
            updates, state = optimizer.update(gradient, state)
            return (optax.apply_updates(hidden, updates), state), value

        (hidden, state), costs = jax.lax.scan(one, (hidden, state), length=STEPS_AT_ONCE)
        return hidden, state, jnp.sqrt(costs / jnp.mean(target**2))

    state = optimizer.init(hidden)
    jax.block_until_ready(advance(hidden, state))  # compile
    history, began = [], time.perf_counter()
    with tqdm(total=steps, unit="step") as bar:
        for _ in range(0, steps, STEPS_AT_ONCE):
            hidden, state, misfits = advance(hidden, state)
            history.append(np.asarray(misfits))
            bar.update(STEPS_AT_ONCE)
            bar.set_postfix(R=f"{history[-1][-1]:.4f}")
    seconds = time.perf_counter() - began
    return eqx.combine(hidden, known), np.concatenate(history), seconds


def report(name, positions, truth, distances):
    """One line of structural quality: a low R with two atoms on one spot is not a good model."""
    g_distance = imaging.pair_distribution_distance(positions, truth, distances, BOX, periodic=True)
    order = imaging.bond_orientation(positions, BOX, periodic=True)
    psi = f"{float(order.mean()):.3f} +- {float(order.std()):.3f}"
    print(
        f"{name:>9}: g(r) distance {float(g_distance):.3f}, |psi_6| {psi}, "
        f"closest pair {imaging.closest_approach(positions, BOX, periodic=True):.3f}, "
        f"distance to the truth {imaging.matched_distance(positions, truth, BOX):.3f}"
    )


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
        g = imaging.pair_distribution(simulator.positions, distances, BOX, periodic=True)
        axes[0, 3].plot(distances, g, "--" if name == "initial" else "-", label=name)
    figure.colorbar(shown, ax=axes[1, 2], label="$s = L\\,\\ln(q + 1)$")
    axes[0, 3].set(xlabel="r / a", ylabel="g(r)", title="pair distribution")
    axes[0, 3].legend()
    axes[1, 3].semilogy(history)
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
    return MomentumImage(positions, WIDTH, BOX, PIXELS, periodic=True, stamp=stamp)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000, help="steps of the annealing, a millisecond each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/amorphous_lattice.png"))
    arguments = parser.parse_args()
    steps = -(-max(1, arguments.steps) // STEPS_AT_ONCE) * STEPS_AT_ONCE

    truth, start, key = problem(arguments.seed)
    found, history, seconds = recover(start, truth.predict(), annealing(steps, key), steps)
    found = simulator_of(imaging.wrapped(found.positions, BOX))
    misfit = float(jnp.sqrt(jnp.mean((found.predict() - truth.predict()) ** 2) / jnp.mean(truth.predict() ** 2)))

    distances = jnp.linspace(0.1, 10.0, 100)
    simulators = {"true": truth, "initial": start, "predicted": found}
    for name, simulator in simulators.items():
        report(name, simulator.positions, truth.positions, distances)
    draw(simulators, history, distances, arguments.picture)
    imaging.write_extended_xyz(arguments.picture.with_suffix(".xyz"), found.positions, BOX, periodic=True)
    print(f"R={misfit:.4f} seconds={seconds:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
