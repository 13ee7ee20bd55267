"""Which atoms are near each other: on the host, for what is only counted."""

import itertools

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from equibacksolve.atoms._structure import Structure


def bonds_within(
    structure: Structure, within: float
) -> tuple[Int[np.ndarray, " bonds"], Int[np.ndarray, " bonds"], Float[np.ndarray, "bonds components"]]:
    """Of all bonds up to this length, each seen from both of its ends: from which atom, to which, and the vector."""
    box = structure.box
    atoms = np.asarray(box.wrapped(structure.positions), float)
    vectors, heights = np.asarray(box.vectors, float), np.asarray(box.heights, float)
    fractions = np.asarray(box.fractions(atoms), float)
    several = [range(-int(within // h) - 1, int(within // h) + 2) if p else [0] for h, p in zip(heights, box.periodic)]
    images, owners = [], []
    for shift in itertools.product(*several):
        moved = fractions + shift
        near = ((moved > -within / heights) & (moved < 1 + within / heights)) | ~np.array(box.periodic)
        images.append((atoms + np.array(shift) @ vectors)[near.all(axis=1)])
        owners.append(np.flatnonzero(near.all(axis=1)))
    images, owners = np.concatenate(images), np.concatenate(owners)
    found = KDTree(atoms).sparse_distance_matrix(KDTree(images), within, output_type="ndarray")
    first, second = found["i"], owners[found["j"]]
    other = (first != second) | (found["v"] > 1e-6 * within)
    return first[other], second[other], (images[found["j"]] - atoms[first])[other]
