"""Amorphous silicon by melting and quenching: the truth of examples/amorphous_silicon.py, 1000 atoms.

The potential is that of Stillinger and Weber, Phys. Rev. B 31, 5262 (1985), with angles 1.5 times as stiff: so a fast
quench has few defects (Vink, Barkema, van der Weg and Mousseau, J. Non-Cryst. Solids 282, 248 (2001)).

    python examples/data/make_amorphous_silicon.py    # some minutes; writes amorphous_silicon.xyz beside itself
"""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial import cKDTree

from equibacksolve import atoms

EDGE = 27.155  # angstrom: 5 x 5 x 5 cells of diamond
SIGMA, EPSILON, MASS = 2.0951, 2.1683, 28.0855  # angstrom, eV, atomic mass units
A, B, CUTOFF, STIFFNESS, GAMMA = 7.049556277, 0.6022245584, 1.80, 31.5, 1.20
NEIGHBOURS, SKIN = 24, 0.6  # of the lists, which are made anew every 10 steps
BOLTZMANN = 8.617333e-5 / EPSILON  # in units of epsilon a kelvin
STEP = 0.025  # of sigma sqrt(m / epsilon) = 0.0766 ps
FRICTION = 0.02


def energy(positions, neighbours):
    """In units of epsilon; lengths are in units of sigma. Neighbours (atoms, NEIGHBOURS), the atom itself if fewer."""
    vectors = positions[neighbours] - positions[:, None]
    vectors -= EDGE / SIGMA * jnp.round(vectors * SIGMA / EDGE)
    squared = jnp.sum(vectors**2, axis=-1)
    near = (squared > 0) & (squared < (0.999 * CUTOFF) ** 2)
    r = jnp.sqrt(jnp.where(near, squared, 1.0))
    of_pairs = jnp.where(near, A * (B * r**-4 - 1) * jnp.exp(1 / (r - CUTOFF)), 0.0)
    weight = jnp.where(near, jnp.exp(GAMMA / (r - CUTOFF)), 0.0)
    directions = vectors / r[..., None]
    cosines = jnp.einsum("ija,ika->ijk", directions, directions)
    apart = 1 - jnp.eye(NEIGHBOURS)
    of_angles = jnp.sum(weight[:, :, None] * weight[:, None, :] * (cosines + 1 / 3) ** 2 * apart)
    return jnp.sum(of_pairs) / 2 + STIFFNESS * of_angles / 2


@jax.jit
def advance(positions, velocities, neighbours, temperature, key):
    """Ten steps of Langevin dynamics."""

    def one(carry, key):
        positions, velocities = carry
        velocities = velocities - STEP * jax.grad(energy)(positions, neighbours)
        noise = jax.random.normal(key, positions.shape)
        kept = 1 - FRICTION
        velocities = kept * velocities + jnp.sqrt((1 - kept**2) * temperature * BOLTZMANN) * noise
        return (positions + STEP * velocities, velocities), None

    return jax.lax.scan(one, (positions, velocities), jax.random.split(key, 10))[0]


def neighbours_of(positions):
    box = EDGE / SIGMA
    inside = np.mod(np.asarray(positions, float), box) % box
    tree = cKDTree(inside, boxsize=box)
    _, found = tree.query(inside, k=NEIGHBOURS + 1, distance_upper_bound=CUTOFF + SKIN / SIGMA)
    return jnp.asarray(np.where(found[:, 1:] == len(inside), np.arange(len(inside))[:, None], found[:, 1:]))


def main():
    corners = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
    cells = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = jnp.asarray((cells + corners).reshape(-1, 3) * EDGE / 5 / SIGMA)
    velocities, key = jnp.zeros_like(positions), jax.random.key(0)
    hot, quench, cold = np.full(250, 5000.0), np.linspace(4000, 300, 1800), np.full(150, 300.0)
    for number, temperature in enumerate(np.concatenate([hot, quench, cold])):
        key, of_step = jax.random.split(key)
        lists = neighbours_of(positions)
        positions, velocities = advance(positions, velocities, lists, temperature, of_step)
        if number % 200 == 0:
            per_atom = float(energy(positions, lists)) * EPSILON / len(positions)
            print(f"{number:5d} {temperature:6.0f} K {per_atom:8.4f} eV", flush=True)
    box = atoms.Box([EDGE] * 3)
    structure = atoms.Structure(box.wrapped(positions * SIGMA), box, "Si")
    atoms.write_structure(pathlib.Path(__file__).with_name("amorphous_silicon.xyz"), structure)
    found = atoms.statistics(structure, 2.85)
    print(f"neighbours {found.coordination.round(3)}, angles {found.mean_angle:.1f} +- {found.angle_deviation:.1f}")


if __name__ == "__main__":
    main()
