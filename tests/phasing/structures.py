"""Structures whose images the tests of phasing look at: those of examples/amorphous_lattice.py, but smaller."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve import imaging

WIDTH, AREA, SPACING = 0.3, 1600 / 460, 40 / 128


def true_image(atoms, seed, displacement=0.45, unit=1.0, dtype=float, **drawn):
    """A periodic image of atoms displaced from a triangular lattice, lengths in units of `unit`."""
    box = math.sqrt(atoms * AREA)
    pixels = 2 * math.ceil(box / SPACING / 2)
    random = np.random.default_rng(seed)
    positions = imaging.triangular_lattice(atoms, box) + displacement * random.normal(size=(atoms, 2))
    positions = jnp.asarray(imaging.wrapped(positions, box) * unit, dtype)
    return ebs.MomentumImage(positions, WIDTH * unit, box * unit, pixels, periodic=True, **drawn)


def with_atoms(simulator, positions):
    return eqx.tree_at(lambda s: s.positions, simulator, jnp.asarray(positions, simulator.positions.dtype))


def without_knowledge(truth, seed=0):
    """The same simulator with random atoms."""
    shape = truth.positions.shape
    return with_atoms(truth, np.random.default_rng([seed, 1]).uniform(0, float(truth.box_length), shape))


def distance(found, truth):
    box = truth.box_length
    return imaging.matched_distance(imaging.wrapped(found.positions, box), truth.positions, box)
