"""The recursive Green's function in NumPy's long double (64 bits of mantissa on x86): slower, and beyond doubt.

In double precision the reference itself loses digits where the sample localises: how many depends on the processor.
"""

import numpy as np


def _inverse(matrices):
    """Gauss-Jordan with row pivots, for what LAPACK has no routine."""
    size = matrices.shape[-1]
    work = np.concatenate([matrices, np.broadcast_to(np.eye(size, dtype=matrices.dtype), matrices.shape)], axis=-1)
    each = np.arange(len(work))
    for k in range(size):
        pivot = k + np.argmax(np.abs(work[:, k:, k]), axis=1)
        work[each, k], work[each, pivot] = work[each, pivot].copy(), work[each, k].copy()
        work[:, k] /= work[:, k, k, None]
        others = np.arange(size) != k
        work[:, others] -= work[:, others, k, None] * work[:, None, k]
    return work[..., size:]


def slopes_of_log_conductance(values, wavenumber, flux, energy):
    """d ln G / d v at each site, (points, length, width), and d ln G / dE, for wires with hopping 1.

    With S = G(L, 1): G ~ Tr S†S, and a change dv of site i changes S by G(L, i) dv G(i, 1). A change of energy is the
    opposite change on all sites, for the wires of the leads do not see it.
    """
    values, flux, energy = (np.asarray(a, np.longdouble) for a in (values, flux, energy))
    (length, width), eye = values.shape, np.eye(values.shape[1], dtype=np.clongdouble)
    wire = -np.exp(1j * np.asarray(wavenumber, np.longdouble))
    turns = 2 * np.arccos(np.longdouble(-1)) * flux
    surface, slices, across = wire * eye, [], eye
    for x in range(length):
        hopping = np.exp(1j * turns * (x + 1))[:, None, None] * np.eye(width, k=-1)
        hamiltonian = np.diag(values[x]) + hopping + np.conj(np.swapaxes(hopping, 1, 2))
        slices.append(energy[:, None, None] * eye - hamiltonian)
    left, right = [None] * length, [None] * length
    for x in range(length):
        surface = _inverse(slices[x] - surface - (wire * eye if x == length - 1 else 0))
        left[x], across = surface, surface @ across
    surface = wire * eye
    for x in reversed(range(length)):
        surface = _inverse(slices[x] - surface - (wire * eye if x == 0 else 0))
        right[x] = surface
    to_first, to_last = [right[0]], [left[-1]]
    for x in range(1, length):
        to_first.append(right[x] @ to_first[-1])
        to_last.append(to_last[-1] @ left[length - 1 - x])
    slopes = [
        2 * np.real(np.einsum("pab,pai,pib->pi", np.conj(across), from_site, to_site))
        for from_site, to_site in zip(reversed(to_last), to_first)
    ]
    of_sites = np.stack(slopes, axis=1) / np.sum(np.abs(across) ** 2, axis=(1, 2))[:, None, None]
    return of_sites.astype(float), -of_sites.sum(axis=(1, 2)).astype(float)
