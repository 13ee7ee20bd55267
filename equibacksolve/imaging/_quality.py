"""How good is a recovered structure, beside the misfit of its image?

A low misfit with two atoms on one spot is not good. These figures are for looking at: they run on the host, have no
derivative, and need numbers, not tracers. scipy comes with JAX.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from equibacksolve.imaging._box import Number, check_count, check_structure, real_array, wrapped
from equibacksolve.imaging._real_space import unchecked_image


def closest_approach(positions: Any, box_length: Number, *, periodic: bool = False) -> float:
    """The smallest distance between two atoms (length); infinite for a single one.

    Raises `ValueError` for an empty structure, atoms that are not finite, and a box length that is not positive. Atoms
    may lie outside the box.
    """
    positions = _structure(positions, box_length)
    if positions.shape[0] < 2:
        return float("inf")
    return float(_neighbours(positions, box_length, periodic, 1)[1].min())


def bond_orientation(
    positions: Any, box_length: Number, *, periodic: bool = False, neighbours: int = 6
) -> Float[Array, " atoms"]:
    """The bond-orientational order |psi_6| of each atom, over its six nearest neighbours.

    psi_6 = sum_j exp(6 i angle_j) / 6, angle_j the direction to neighbour j: 1 on a triangular lattice, near
    1 / sqrt(6) = 0.41 where the directions are random. Another number of `neighbours` m gives |psi_m|.

    Raises `ValueError` if there are too few atoms to have so many neighbours, for atoms that are not finite, and a box
    length that is not positive. Atoms may lie outside the box.
    """
    positions = _structure(positions, box_length)
    check_count("neighbours", neighbours)
    if positions.shape[0] <= neighbours:
        raise ValueError(f"positions has {positions.shape[0]} atoms, but {neighbours} neighbours each need more.")
    vectors, distances = _neighbours(positions, box_length, periodic, neighbours)
    # A neighbour on the same spot has no direction and counts as none.
    unit = (vectors[..., 0] + 1j * vectors[..., 1]) / np.where(distances > 0, distances, 1.0)
    return jnp.asarray(np.abs(np.mean(unit**neighbours, axis=-1)))


def matched_distance(positions: Any, truth: Any, box_length: Number, *, candidates: int = 8) -> float:
    """The root mean square distance of the atoms from the true ones, modulo what a momentum image cannot see.

    The box is periodic. Each atom is assigned to a true one so that the sum of squared distances is least, and the
    least is taken over inversion and translations. The translations start from the `candidates` highest peaks of the
    correlation of the two real-space images, and follow the assignment until it no longer changes.

    For orientation: two independently displaced triangular lattices come out at 0.4 spacings, ideal gases at 0.8.

    Raises `ValueError` if a structure is empty, not finite or outside the box, or if one has more atoms than the other.
    """
    positions, truth = (_structure(atoms, box_length, inside=True) for atoms in (positions, truth))
    if len(positions) != len(truth):
        raise ValueError(f"positions has {len(positions)} atoms, truth {len(truth)}; give two structures of as many.")
    check_count("candidates", candidates)
    box, here, there = float(box_length), np.asarray(positions, float), np.asarray(truth, float)
    found = []
    for structure in (here, box - here):
        for shift in _likely_shifts(structure, there, box, candidates):
            found.append(_assigned_distance(structure + shift, there, box))
    return min(found)


def _structure(positions, box_length, inside=False):
    """The positions as an array, checked."""
    positions = real_array(positions, "positions", "atoms 2")
    check_structure(positions, box_length, inside=inside)
    return positions


def _neighbours(positions, box_length, periodic, neighbours):
    """Vectors (atoms, neighbours, 2) and distances (atoms, neighbours) to the nearest neighbours."""
    box = float(box_length)
    atoms = np.asarray(wrapped(positions, box) if periodic else positions, float)
    tree = KDTree(atoms, boxsize=box if periodic else None)
    # One more than asked for, as each atom finds itself; where two share a spot it may find the other one first.
    distances, index = (np.asarray(found) for found in tree.query(atoms, k=neighbours + 1))
    itself = index == np.arange(len(atoms))[:, None]
    itself[~itself.any(axis=1), -1] = True
    shape = (len(atoms), neighbours)
    vectors = atoms[index[~itself].reshape(shape)] - atoms[:, None, :]
    if periodic:
        vectors -= box * np.round(vectors / box)
    return vectors, distances[~itself].reshape(shape)


def _likely_shifts(structure, truth, box, candidates):
    """Shifts (candidates, 2) of the structure at the peaks of the correlation of its image with that of the truth."""
    pixels = min(512, 8 * int(np.ceil(np.sqrt(len(truth)))))
    image = lambda atoms: unchecked_image(
        jnp.asarray(atoms % box), 2 * box / pixels, box, pixels, periodic=True, stamp=min(12, pixels), chunk=4096
    )
    spectra = [np.fft.fft2(np.asarray(image(atoms))) for atoms in (structure, truth)]
    correlation = np.fft.ifft2(spectra[0].conj() * spectra[1]).real
    # A peak is higher than its eight neighbours; the rest of its slope would only repeat it.
    around = [np.roll(correlation, (n, m), (0, 1)) for n in (-1, 0, 1) for m in (-1, 0, 1) if (n, m) != (0, 0)]
    peaks = np.where(correlation >= np.max(around, axis=0), correlation, -np.inf)
    best = np.argsort(peaks, axis=None)[::-1][:candidates]
    return np.stack(np.unravel_index(best, peaks.shape), axis=-1) * (box / pixels)


def _assigned_distance(structure, truth, box, rounds=20):
    """Root mean square distance after assignment, the structure following its own mean displacement."""
    before = np.inf
    for _ in range(rounds):
        vectors = truth[None, :, :] - structure[:, None, :]
        vectors -= box * np.round(vectors / box)
        rows, columns = linear_sum_assignment(np.sum(vectors**2, axis=-1))
        displacement = vectors[rows, columns]
        now = float(np.sqrt(np.mean(np.sum(displacement**2, axis=-1))))
        if now >= before - 1e-12:
            break
        before = now
        structure = structure + displacement.mean(axis=0)
    return before
