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


def dense_conductance(values, wavenumber, flux, energy, present=None):
    """G = Gamma^2 Tr S†S, S = G(L, 1), and dG/dv of every site, from one dense inverse a point; hopping 1 in the wires.

    Shapes (points,) and (points, length, width). Where `present` is False, there is no site. Values may be complex; the
    derivative is then that with respect to their real part.
    """
    values = np.asarray(values)
    present = np.ones(values.shape, bool) if present is None else present
    number = np.cumsum(present).reshape(present.shape) - 1
    wire = -np.exp(1j * np.longdouble(wavenumber))
    outer = [number[x][present[x]] for x in (0, -1)]
    resolvent = [_hamiltonian(values, present, number, f) for f in np.asarray(flux, np.longdouble)]
    for matrix, e in zip(resolvent, np.asarray(energy, np.longdouble)):
        matrix *= -1
        matrix[np.diag_indices(len(matrix))] += e
        for sites in outer:
            matrix[sites, sites] -= wire
    inverse = _inverse(np.stack(resolvent))
    first, last = outer
    across = inverse[:, last][:, :, first]
    gamma = 4 * wire.imag**2
    slopes = 2 * gamma * np.einsum("pab,pai,pib->pi", np.conj(across), inverse[:, last], inverse[:, :, first]).real
    of_sites = np.zeros((len(slopes), *values.shape))
    of_sites[:, present] = slopes
    return (gamma * np.sum(np.abs(across) ** 2, axis=(1, 2))).astype(float), of_sites


def _hamiltonian(values, present, number, flux):
    """Eq. 14 on the sites that are present."""
    matrix = np.diag(values[present].astype(np.clongdouble))
    turn = np.exp(2j * np.arccos(np.longdouble(-1)) * flux)
    for x, y in np.argwhere(present):
        for along, hopping in (((x + 1, y), 1), ((x, y + 1), turn ** (x + 1))):
            if along[0] < len(values) and along[1] < values.shape[1] and present[along]:
                here, there = number[x, y], number[along]
                matrix[there, here], matrix[here, there] = hopping, np.conj(hopping)
    return matrix
