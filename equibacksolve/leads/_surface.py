"""The end of a periodic lead: its Green's function and its open modes, on the host by ordered Schur forms.

Cells n = 1, 2, ... count away from the sample, V = ⟨n+1|H|n⟩. A wave obeys

    V psi_{n-1} + (H0 - E) psi_n + V† psi_{n+1} = 0.

The vectors (psi_{n-1}, psi_n) of waves with psi_n = lambda psi_{n-1} are those of a pencil. The outgoing and decaying
ones, one for each orbital of the cell, span what a sample can send out: psi_n = F psi_{n-1} and

    g = (E - H0 - V† F)^-1 = (E - H0 - V† g V)^-1.

Schur vectors stand for the decaying ones, since V may be singular (lambda = 0, without enough eigenvectors).
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Complex

Square = Complex[np.ndarray, "cell cell"]

ON_CIRCLE = 1e-7
"""A wave with | |lambda| - 1 | below this is a propagating one. A velocity that is refused is much larger."""

SAME = 1e-6
"""Propagating waves with lambda this close are told apart by their velocity together."""

NO_WAVE = 1e-4
"""Where two waves become one, at a band edge, the space that they span holds what is no wave psi_1 = lambda psi_0."""

SLOWEST = 1e-6
"""The slowest wave that is trusted, in units of the hopping between cells; 1e-12 from a band edge."""


class Surface(NamedTuple):
    """g of the first cell, the number of open modes, and the velocity of the slowest in units of the hopping."""

    green: Square
    open_modes: int
    slowest: float


class _Waves(NamedTuple):
    """The pencil by its Schur form: a V = left A, b V = left B with A and B triangular, V the vectors."""

    a: np.ndarray
    b: np.ndarray
    left: np.ndarray
    vectors: np.ndarray


class NoSurface(Exception):
    """The energy is at a band edge: waves cannot be told apart as outgoing and incoming."""


def surface(cell: Square, hopping: Square, energy: float) -> Surface:
    """The surface of a lead at one energy. Raises NoSurface at a band edge."""
    size, scale = len(cell), max(np.linalg.norm(hopping, 2), 1e-300)
    eye, zero = np.eye(size), np.zeros((size, size))
    a = np.block([[zero, eye], [-hopping / scale, (energy * eye - cell) / scale]])
    b = np.block([[eye, zero], [zero, hopping.conj().T / scale]])
    waves = _Waves(*scipy.linalg.qz(a, b, output="complex"))
    alpha, beta = np.abs(np.diagonal(waves.a)), np.abs(np.diagonal(waves.b))
    propagating = np.abs(alpha - beta) <= ON_CIRCLE * beta
    decaying = _first(waves, alpha < (1 - ON_CIRCLE) * beta).vectors
    outgoing, slowest = np.zeros((2 * size, 0)), np.inf
    if propagating.any():
        outgoing, slowest = _outgoing(_first(waves, propagating), hopping / scale)
    basis = np.hstack([decaying, outgoing])
    if basis.shape[1] != size:
        raise NoSurface
    transfer = np.linalg.solve(basis[:size].T, basis[size:].T).T
    green = np.linalg.inv(energy * eye - cell - hopping.conj().T @ transfer)
    return Surface(green, outgoing.shape[1], slowest)


def _first(waves, chosen):
    """The space of the chosen waves: the pencil within it, and the vectors that span it."""
    (reorder,) = scipy.linalg.get_lapack_funcs(("tgsen",), waves[:2])
    a, b, *_, left, vectors, _, _, _, _, failed = reorder(chosen, *waves, ijob=0, lwork=1, liwork=1)
    if failed:
        raise NoSurface
    count = int(np.sum(chosen))
    return _Waves(a[:count, :count], b[:count, :count], left[:, :count], vectors[:, :count])


def _outgoing(propagating, hopping):
    """The outgoing waves among the propagating ones, and the smallest velocity of all."""
    size = len(hopping)
    # Within the space that these span, a wave is an eigenvector.
    phase, mixed = scipy.linalg.eig(propagating.a, propagating.b)[:2]
    waves = propagating.vectors @ mixed
    waves = waves / np.linalg.norm(waves[:size], axis=0)
    groups = _groups(phase)
    alone = np.array([group[0] for group in groups if len(group) == 1], int)
    lone = waves[:, alone]
    found = [(lone, _velocities(lone, hopping))]
    for group in (group for group in groups if len(group) > 1):
        space = scipy.linalg.orth(waves[:, group], rcond=1e-10)
        back = space[:size].conj().T @ hopping.conj().T @ space[size:]
        velocity, turned = scipy.linalg.eigh(1j * (back - back.conj().T))
        if np.linalg.norm(space[size:] - phase[group[0]] * space[:size], 2) > NO_WAVE:
            raise NoSurface
        found.append((space @ turned, velocity))
    slowest = min(np.abs(velocity).min(initial=np.inf) for _, velocity in found)
    return np.hstack([space[:, velocity > 0] for space, velocity in found]), slowest


def _velocities(waves, hopping):
    """The current i (psi_0† V† psi_1 - its conjugate) of each wave, for psi_0 of norm 1."""
    size = len(hopping)
    back = np.sum(waves[:size].conj() * (hopping.conj().T @ waves[size:]), axis=0)
    return -2 * back.imag


def _groups(phase):
    """Waves with the same lambda: only a superposition of them has a velocity of its own."""
    order = np.argsort(np.angle(phase))
    groups, current = [], [order[0]]
    for i in order[1:]:
        if abs(phase[i] - phase[current[-1]]) < SAME:
            current.append(i)
        else:
            groups.append(current)
            current = [i]
    groups.append(current)
    if len(groups) > 1 and abs(phase[groups[0][0]] - phase[groups[-1][-1]]) < SAME:
        groups[0] = groups.pop() + groups[0]
    return groups


def amplitudes(self_energy: Square, open_modes: int | None, channels: int) -> Complex[np.ndarray, "interface channels"]:
    """W with W W† = i (Sigma - Sigma†): a column for each open mode (None: all), then columns of zeros."""
    broadening = 1j * (self_energy - self_energy.conj().T)
    values, vectors = np.linalg.eigh((broadening + broadening.conj().T) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    count = min(len(values), channels if open_modes is None else open_modes)
    found = np.zeros((len(values), channels), complex)
    found[:, :count] = vectors[:, :count] * np.sqrt(np.maximum(values[:count], 0))
    return found
