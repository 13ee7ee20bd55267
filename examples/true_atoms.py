"""The true atoms from a momentum image, where gradients end in a look-alike (Sec. V, eqs. 16, 17 of the paper).

The phases are lost, but the number of atoms and their shape are known. Alternating projections find 110 atoms from
nothing, up to what no image tells: a translation, and the inversion. 460 atoms are too many for that; if 40 % of them
are known, the others follow. `python examples/true_atoms.py [--small]`
"""

import argparse
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

import equibacksolve as ebs
from equibacksolve import imaging, phasing

jax.config.update("jax_enable_x64", True)


def hidden_structure(atoms, random):
    """Atoms displaced from a triangular lattice by 0.45, in the order of chance."""
    box = float(np.sqrt(atoms * 40.0**2 / 460))
    displaced = imaging.triangular_lattice(atoms, box) + 0.45 * random.normal(size=(atoms, 2))
    positions = random.permutation(imaging.wrapped(displaced, box))
    return ebs.MomentumImage(positions, width=0.3, box_length=box, pixels=2 * round(1.6 * box), periodic=True)


def find(truth, random, known=0):
    """All atoms but the known ones start anywhere; the image is the only other thing that is given."""
    anywhere = random.uniform(0, float(truth.box_length), truth.positions.shape)
    start = eqx.tree_at(lambda s: s.positions, truth, jnp.asarray(anywhere).at[:known].set(truth.positions[:known]))
    observed, began = ebs.Observations(values=truth.predict()), time.perf_counter()
    method = phasing.AlternatingProjections(known=known)
    found = ebs.backsolve(start, observed, method, where=lambda s: s.positions, key=0, progress=False)
    positions, farthest = laid_over(np.asarray(found.simulator.positions), truth)
    misfit, steps = float(jnp.sqrt(found.cost / observed.mean_square())), found.history.evaluations[-1]
    print(
        f"{len(positions)} atoms, {known} known: R={misfit:.1e} farthest atom={farthest:.1e} iterations={steps}",
        end=" ",
    )
    print(f"seconds={time.perf_counter() - began:.1f}: {found.reason}")
    return positions


def laid_over(found, truth):
    """The found atoms, moved and inverted so that most of them lie on true ones; and how far off the last one is."""
    box, there, best = float(truth.box_length), np.asarray(truth.positions), (np.inf, np.inf, found)
    tree = cKDTree(there, boxsize=box)
    for atoms in (found, -found):
        for target in there:
            moved = np.mod(atoms + target - atoms[0], box) % box
            distances = tree.query(moved)[0]
            best = min(best, (np.median(distances), distances.max(), moved), key=lambda one: one[0])
    return best[2], best[1]


def draw(panels, path):
    figure = Figure(figsize=(13, 6.8), layout="constrained")
    for axes, (truth, found, known, title) in zip(figure.subplots(1, 2), panels):
        axes.plot(*np.asarray(truth.positions).T, "o", mfc="none", color="tab:blue", ms=9, label="true")
        axes.plot(*found[known:].T, ".", color="tab:red", ms=5, label="found")
        axes.plot(*found[:known].T, "s", color="0.3", ms=4, label="known") if known else None
        axes.set(title=title, xlabel="x / a", ylabel="y / a", aspect="equal")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="20 and 56 atoms")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/true_atoms.png"))
    arguments = parser.parse_args()
    random, panels = np.random.default_rng(0), []
    for atoms, part in ((20, 0), (56, 0.4)) if arguments.small else ((110, 0), (460, 0.4)):
        truth, known = hidden_structure(atoms, random), round(part * atoms)
        title = f"{atoms} atoms, {known} of them known" if known else f"{atoms} atoms from nothing but the image"
        panels.append((truth, find(truth, random, known), known, title))
    draw(panels, arguments.picture)
    print(f"picture={arguments.picture}")


if __name__ == "__main__":
    main()
