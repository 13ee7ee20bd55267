# ruff: noqa: NPY002 - numba compiles the old random numbers only
"""A fair reverse Monte Carlo for the momentum image: compiled, with incremental updates. Needs numba.

The transform of the image is kept, and a move of one atom changes it by an outer product of two vectors: no image and
no Fourier transform is computed again. The image is real, so half of the momenta suffice. Per move that leaves, for
each of M (M/2 + 1) momenta, two complex multiplications, a square root and a logarithm, all vectorised.
"""

import math
import time
from typing import NamedTuple

import numba
import numpy as np


class Run(NamedTuple):
    """What one run of reverse Monte Carlo leaves behind."""

    positions: np.ndarray  # (atoms, 2), the best that were seen
    seconds: list[float]
    figures: list[float]  # R of the best structure at these times
    moves: int


def run(start, target, width, box, seconds, *, metropolis, seed):
    """Refine `start` (atoms, 2) against the image `target` (pixels, pixels) of a periodic box for so many seconds.

    Greedy: a move that raises the cost is refused. Metropolis: it is accepted with probability exp(-rise / T), where T
    falls geometrically over the whole run, to a thousandth; it starts at the typical rise of a trial move of the start.
    In both, the length of the trial moves follows the acceptance, aiming at 0.3.
    """
    pixels = target.shape[0]
    half = np.ascontiguousarray(target[:, : pixels // 2 + 1], np.float32)
    # Every column but the first and the last stands for its mirror image too.
    weights = np.full(pixels // 2 + 1, 2.0, np.float32)
    weights[[0, -1]] = 1.0
    strength = _alias_strengths(width, box, pixels)
    here = np.array(start, np.float64)
    transform = _transform(here, strength, box, pixels)
    cost = _cost(transform, half, weights, box)
    norm = float((half.astype(float) ** 2 * weights).sum() / pixels**2)
    typical = _typical_rise(here, transform, half, weights, strength, box, cost, seed)
    best, best_cost, step, moves = here.copy(), cost, 0.3, 0
    times, figures, began = [0.0], [math.sqrt(cost / norm)], time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        temperature = typical * 1e-3 ** (elapsed / seconds) if metropolis else 0.0
        transform = _transform(here, strength, box, pixels)  # rounding errors do not pile up
        cost = _cost(transform, half, weights, box)
        best_cost, accepted = _sweep(
            here, best, transform, half, weights, strength, box, cost, best_cost, temperature, step, 2000, seed + moves
        )
        moves += 2000
        step = float(np.clip(step * (1.1 if accepted > 600 else 0.9), 1e-3, box / 4))
        times.append(time.perf_counter() - began)
        figures.append(math.sqrt(best_cost / norm))
    return Run(best, times, figures, moves)


def warm_up(start, target, width, box):
    """Compile, outside the clock."""
    run(start, target, width, box, 1e-3, metropolis=True, seed=0)


def _alias_strengths(width, box, pixels):
    """Strengths (3, pixels) of the transform of a Gaussian drawn on a grid: its own (row 1), and what folds back."""
    order = np.fft.fftfreq(pixels) * pixels
    momenta = 2 * np.pi / box * (order[None, :] + pixels * np.array([[-1], [0], [1]]))
    return math.sqrt(2 * np.pi) * width * pixels / box * np.exp(-0.5 * (momenta * width) ** 2)


@numba.njit(fastmath=True)
def _row(coordinate, strength, box, row):
    """The transform of one factor: exp(-i k x) by repeated multiplication, as sines are what costs here."""
    pixels = row.size
    angle = 2 * math.pi / box * (coordinate - 0.5 * box / pixels)  # the first pixel is half a pixel from the edge
    turn, power = complex(math.cos(angle), -math.sin(angle)), complex(1.0, 0.0)
    fold = complex(math.cos(pixels * angle), -math.sin(pixels * angle))
    for n in range(pixels // 2 + 1):
        back, ahead = n, pixels - n
        if n < pixels // 2:
            row[back] = power * (strength[1, back] + strength[0, back] * fold.conjugate() + strength[2, back] * fold)
        if n > 0:
            folded = strength[0, ahead] * fold.conjugate() + strength[2, ahead] * fold
            row[ahead] = power.conjugate() * (strength[1, ahead] + folded)
        power *= turn


@numba.njit(fastmath=True)
def _transform(positions, strength, box, pixels):
    """Real and imaginary part, (2, pixels, pixels / 2 + 1)."""
    total = np.zeros((2, pixels, pixels // 2 + 1))
    row, column = np.empty(pixels, np.complex128), np.empty(pixels, np.complex128)
    for atom in range(positions.shape[0]):
        _row(positions[atom, 0], strength, box, row)
        _row(positions[atom, 1], strength, box, column)
        for k in range(pixels):
            for m in range(pixels // 2 + 1):
                product = row[k] * column[m]
                total[0, k, m] += product.real
                total[1, k, m] += product.imag
    return total.astype(np.float32)


@numba.njit(fastmath=True)
def _cost_after(transform, old, new, trial, target, weights, box):
    """Write transform + new[0] x new[1] - old[0] x old[1] into `trial`, and give its cost. All in single precision."""
    pixels, edge, total = transform.shape[1], np.float32(box), 0.0
    scale, two = np.float32(4.0 / pixels**2), np.float32(2.0)
    a, b = new[1, : transform.shape[2]], old[1, : transform.shape[2]]
    ar, ai = a.real.astype(np.float32), a.imag.astype(np.float32)
    br, bi = b.real.astype(np.float32), b.imag.astype(np.float32)
    for k in range(pixels):
        cr, ci = np.float32(new[0, k].real), np.float32(new[0, k].imag)
        dr, di = np.float32(old[0, k].real), np.float32(old[0, k].imag)
        part = np.float32(0.0)
        for m in range(transform.shape[2]):
            x = transform[0, k, m] + cr * ar[m] - ci * ai[m] - dr * br[m] + di * bi[m]
            y = transform[1, k, m] + cr * ai[m] + ci * ar[m] - dr * bi[m] - di * br[m]
            trial[0, k, m], trial[1, k, m] = x, y
            q = scale * np.sqrt(x * x + y * y)
            # ln(1 + q) = 2 artanh z: a series that the compiler can vectorise, good to 1e-8 for q <= 1; here q < 0.7.
            z = q / (two + q)
            w = z * z
            series = w * np.float32(1 / 13) + np.float32(1 / 11)
            series = w * (w * (w * series + np.float32(1 / 9)) + np.float32(1 / 7)) + np.float32(1 / 5)
            error = edge * two * z * (w * (w * series + np.float32(1 / 3)) + np.float32(1.0)) - target[k, m]
            part += weights[m] * error * error
        total += part
    return total / pixels**2


def _cost(transform, target, weights, box):
    pixels = transform.shape[1]
    nothing = np.zeros((2, pixels), np.complex128)
    return _cost_after(transform, nothing, nothing, np.empty_like(transform), target, weights, box)


@numba.njit(fastmath=True)
def _propose(here, atom, step, strength, box, old, new):
    place = here[atom] + step * np.random.uniform(-1.0, 1.0, 2)
    place -= box * np.floor(place / box)
    for axis in range(2):
        _row(here[atom, axis], strength, box, old[axis])
        _row(place[axis], strength, box, new[axis])
    return place


@numba.njit(fastmath=True)
def _sweep(here, best, transform, target, weights, strength, box, cost, best_cost, temperature, step, moves, seed):
    np.random.seed(seed)
    pixels = transform.shape[1]
    trial = np.empty_like(transform)
    old, new = np.empty((2, pixels), np.complex128), np.empty((2, pixels), np.complex128)
    accepted = 0
    for _ in range(moves):
        atom = np.random.randint(here.shape[0])
        place = _propose(here, atom, step, strength, box, old, new)
        changed = _cost_after(transform, old, new, trial, target, weights, box)
        if changed < cost or (temperature > 0 and np.random.random() < math.exp((cost - changed) / temperature)):
            transform, trial, cost = trial, transform, changed
            here[atom] = place
            accepted += 1
            if cost < best_cost:
                best_cost = cost
                best[:] = here
    return best_cost, accepted


@numba.njit(fastmath=True)
def _typical_rise(here, transform, target, weights, strength, box, cost, seed):
    """The mean rise of the cost over trial moves of 0.1 from the start that raise it."""
    np.random.seed(seed)
    pixels = transform.shape[1]
    trial = np.empty_like(transform)
    old, new = np.empty((2, pixels), np.complex128), np.empty((2, pixels), np.complex128)
    total, count = 0.0, 1
    for _ in range(200):
        _propose(here, np.random.randint(here.shape[0]), 0.1, strength, box, old, new)
        rise = _cost_after(transform, old, new, trial, target, weights, box) - cost
        if rise > 0:
            total += rise
            count += 1
    return total / count
