"""The couplings of a quantum spin chain from its energy levels. There is no transport in it.

H = sum_i J_i S_i . S_i+1, spins 1/2 on an open chain, J_i > 0 (antiferromagnetic). Measured: the levels of the smallest
total S_z, where every multiplet shows once, above the ground state. Reversed, the chain has the same levels (mirror
isospectrality): two solutions. With one spin turned over there are only as many levels as couplings, the eigenvalues of
one tridiagonal matrix: enough to count, but more chains than the two mirror images share them.
`python examples/spin_chain.py [--small]`: eight spins and 69 levels, or four.
"""

import argparse
import itertools
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


class SpinChain(ebs.AbstractSimulator):
    """Levels above the lowest, among the states with `up` spins up."""

    coupling: Float[Array, " bonds"] = eqx.field(metadata={"smooth": False})
    up: int = eqx.field(static=True)

    def predict(self):
        bonds = jnp.asarray(bond_matrices(self.coupling.size + 1, self.up))
        levels = jnp.linalg.eigvalsh(jnp.tensordot(self.coupling, bonds, axes=1))
        return levels[1:] - levels[0]


def bond_matrices(spins, up):
    """S_i . S_i+1 = (exchange of the two spins) / 2 - 1 / 4 between the states with `up` spins up, bond by bond."""
    states = list(itertools.combinations(range(spins), up))
    matrices = np.zeros((spins - 1, len(states), len(states)))
    for bond, (column, state) in itertools.product(range(spins - 1), enumerate(states)):
        swapped = tuple(sorted({bond: bond + 1, bond + 1: bond}.get(site, site) for site in state))
        matrices[bond, states.index(swapped), column] += 1 / 2
        matrices[bond, column, column] -= 1 / 4
    return matrices


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/spin_chain.png"))
    arguments = parser.parse_args()
    spins = 4 if arguments.small else 8
    coupling = jnp.asarray(np.random.default_rng(4).uniform(0.5, 1.5, spins - 1))
    hidden, began, groups = (lambda chain: chain.coupling), time.perf_counter(), {}
    mirrors = [ebs.Mirror(hidden, 0)]
    for up, name in ((spins // 2, "all multiplets"), (1, "one spin turned over")):
        truth = SpinChain(coupling, up)
        observed, starts = ebs.simulated_observations(truth), []
        for seed in range(3 if arguments.small else 8):
            key = jax.random.key(seed)
            guess = SpinChain(jax.random.uniform(key, coupling.shape, minval=0.5, maxval=1.5), up)
            options = {"where": hidden, "bounds": (0.05, 3.0), "key": key, "tolerance": 1e-16, "seconds": 60}
            starts.append(ebs.backsolve(guess, observed, **options))
        explained = [found.simulator for found in starts if found.converged]
        groups[name] = ebs.inverse.distinct_solutions(explained, mirrors, hidden, within=1e-4)
        print(f"{name}: {len(explained)} of {len(starts)} explained; {len(groups[name])} solutions but for the mirror")

    figure = Figure(figsize=(11, 3), layout="constrained")
    left, *panels = figure.subplots(1, 3)
    left.hlines(SpinChain(coupling, spins // 2).predict(), 0, 1, linewidth=0.6)
    left.hlines(observed.values, 1.2, 2.2, linewidth=0.6)
    left.set(xticks=[0.5, 1.7], xticklabels=groups, title="levels above the lowest")
    for panel, (name, found) in zip(panels, groups.items()):
        nearest = [hidden(ebs.inverse.closest_image(group[0], mirrors, truth, hidden)) for group in found]
        error = min(float(jnp.max(jnp.abs(one - coupling))) for one in nearest)
        print(f"{name}: the nearest is off by {error:.1e}")
        panel.plot(jnp.stack(nearest, axis=1), ".-", linewidth=0.8)
        panel.plot(coupling, "k*")
        panel.set(title=f"{name}: {len(found)} solution(s)", xlabel="bond (stars: the truth)", ylabel="J")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"seconds={time.perf_counter() - began:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
