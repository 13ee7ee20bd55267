"""Claim: continuation finds smooth truths from anywhere, annealing rough ones, Levenberg-Marquardt all from within 0.2.

Basin curves: the share of starts that end at the truth, against the root mean square distance of the start from it,
which is independent noise on every site, the hardest kind. Three truths a family, 12 x 12 sites, the paper's mesh, no
noise in the data; truths and starts follow from their numbers. Levenberg-Marquardt alone, 40 steps, against one
continuation (`coarse_to_fine`, which the default tries second) and one annealing from the same starts.

    python benchmarks/basin.py [--starts 4] [--json FILE] [--picture research/basin.png]
"""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from _hidden_maps import HiddenMap
from _measuring import arguments_of, write_json
from tqdm import tqdm

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

FAMILIES = ("hills 1", "letters", "iid 0.5")
DISTANCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
SEARCH = ebs.LevenbergMarquardt(steps=40)
METHODS = {
    "Levenberg-Marquardt": ebs.methods.Stages((SEARCH,)),
    "continuation": ebs.methods.coarse_to_fine(ebs.LevenbergMarquardt(steps=25), ebs.LevenbergMarquardt(steps=60)),
    "annealing": ebs.methods.Annealing(),
}
STYLES = dict(zip(METHODS, ("-", "--", ":")))


def found_from(hidden_map, method, distance, number) -> bool:
    """Whether a search that starts this far from the truth ends there, or in one of its mirror images."""
    noise = np.random.default_rng([number, 7]).normal(size=hidden_map.truth.shape)
    start = hidden_map.simulator(hidden_map.truth + jnp.asarray(distance * noise / np.sqrt(np.mean(noise**2))))
    found = ebs.backsolve(
        start, hidden_map.observed, method, where=hidden_map.hidden, tolerance=1e-8, seconds=60, progress=False
    )
    return float(found.cost) < 1e-6 and hidden_map.error(found.simulator) < 1e-3


def curves(families, distances, truths, starts):
    """Share of starts that succeed, by method, family and distance."""
    shares = {}
    for family in families:
        maps = [HiddenMap(family, number) for number in range(truths)]
        for name, method in METHODS.items():
            shares[f"{family}, {name}"] = [
                float(np.mean([found_from(one, method, distance, s) for one in maps for s in range(starts)]))
                for distance in tqdm(distances, desc=f"{family}, {name}")
            ]
    return shares


def draw(path, distances, shares):
    """One panel a family, one line a method."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    families = list(dict.fromkeys(name.split(", ")[0] for name in shares))
    figure, panels = plt.subplots(1, len(families), figsize=(9, 3.2), sharey=True, squeeze=False, layout="constrained")
    for axes, family in zip(panels[0], families):
        for method, style in STYLES.items():
            values = 100 * np.array(shares[f"{family}, {method}"])
            axes.plot(distances, values, style, marker="o", label=method, markersize=4)
        axes.set_title(family, fontsize=10)
        axes.set_ylim(-3, 103)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0, 0].set_ylabel("starts that end at the truth (%)")
    panels[0, 0].legend(frameon=False, fontsize=8)
    figure.supxlabel("distance of the start from the truth, rms (hopping)", fontsize=10)
    figure.savefig(path, dpi=150)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--truths", type=int, default=3)
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--picture", type=pathlib.Path)
    arguments = parser.parse_args()
    small = arguments.short
    distances = DISTANCES[1:4:2] if small else DISTANCES
    families = FAMILIES[:1] if small else FAMILIES
    shares = curves(families, distances, 1 if small else arguments.truths, 2 if small else arguments.starts)
    print(f"{'share of starts that succeed':36s}" + "".join(f"{distance:>8.1f}" for distance in distances))
    for name, values in shares.items():
        print(f"{name:36s}" + "".join(f"{100 * value:7.0f}%" for value in values))
    write_json(arguments.json, {"distances": distances, "shares": shares})
    if arguments.picture:
        draw(arguments.picture, distances, shares)


if __name__ == "__main__":
    main()
