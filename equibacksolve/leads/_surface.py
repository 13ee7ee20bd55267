"""The end of a periodic lead: its Green's function and its open modes, on the host by ordered Schur forms.

Cells n = 1, 2, ... count away from the sample, V = <n+1|H|n>. A wave obeys

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


class NoSurface(Exception):
    """The energy is at a band edge: waves cannot be told apart as outgoing and incoming."""


def surface(cell: Square, hopping: Square, energy: float) -> Surface:
    """The surface of a lead at one energy. Raises NoSurface at a band edge."""
    size, scale = len(cell), max(np.linalg.norm(hopping, 2), 1e-300)
    eye, zero = np.eye(size), np.zeros((size, size))
    a = np.block([[zero, eye], [-hopping / scale, (energy * eye - cell) / scale]])
    b = np.block([[eye, zero], [zero, hopping.conj().T / scale]])
    decaying = lambda alpha, beta: np.abs(alpha) < (1 - ON_CIRCLE) * np.abs(beta)
    *_, alpha, beta, _, vectors = scipy.linalg.ordqz(a, b, sort=decaying, output="complex")
    basis = [vectors[:, : int(np.sum(decaying(alpha, beta)))]]
    propagating = int(np.sum(np.abs(np.abs(alpha) - np.abs(beta)) <= ON_CIRCLE * np.abs(beta)))
    outgoing, slowest = _outgoing(a, b, hopping / scale, propagating) if propagating else (vectors[:, :0], np.inf)
    basis = np.hstack([*basis, outgoing])
    if basis.shape[1] != size:
        raise NoSurface
    transfer = scipy.linalg.solve(basis[:size].T, basis[size:].T).T
    green = scipy.linalg.inv(energy * eye - cell - hopping.conj().T @ transfer)
    return Surface(green, outgoing.shape[1], slowest)


def _outgoing(a, b, hopping, count):
    """The outgoing waves among `count` propagating ones, and the smallest velocity of all."""
    if count % 2:
        raise NoSurface
    size = len(hopping)
    on_circle = lambda alpha, beta: np.abs(np.abs(alpha) - np.abs(beta)) <= ON_CIRCLE * np.abs(beta)
    vectors = scipy.linalg.ordqz(a, b, sort=on_circle, output="complex")[-1][:, :count]
    # Within the space that these span, the pencil is small, and a wave is an eigenvector.
    image = scipy.linalg.qr(np.hstack([a @ vectors, b @ vectors]), mode="economic", pivoting=True)[0][:, :count]
    phase, mixed = scipy.linalg.eig(image.conj().T @ a @ vectors, image.conj().T @ b @ vectors)
    waves = vectors @ mixed
    waves = waves / np.linalg.norm(waves[:size], axis=0)
    back = lambda w: w[:size].conj().T @ hopping.conj().T @ w[size:]
    current = lambda w: 1j * (back(w) - back(w).conj().T)
    found, slowest = [], np.inf
    for group in _groups(phase):
        space = scipy.linalg.orth(waves[:, group], rcond=1e-10) if len(group) > 1 else waves[:, group]
        if np.linalg.norm(space[size:] - phase[group[0]] * space[:size], 2) > NO_WAVE:
            raise NoSurface
        velocity, turned = scipy.linalg.eigh(current(space))
        slowest = min(slowest, np.abs(velocity).min())
        found.append((space @ turned)[:, velocity > 0])
    return np.hstack(found), slowest


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
