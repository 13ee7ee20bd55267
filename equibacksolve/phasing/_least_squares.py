"""The finish: Levenberg-Marquardt on the positions, with the Jacobian of a sum of products.

The image of an atom is a product of a row along x and one along y, and so is its transform: F = sum_i X_i(kx) Y_i(ky).
A column of the Jacobian of abs(F) is then Re(conj(F / abs(F)) X_i'(kx) Y_i(ky)): no transform of an image is taken.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from equibacksolve._axes import Flag, Scalar
from equibacksolve.phasing._atom_shape import HalfPlane


class Target(NamedTuple):
    """What is fitted: the residuals are weights (u - observed), u = log1p(b abs(F)) / b, or abs(F) itself at b = 0."""

    observed: HalfPlane
    weights: HalfPlane
    bend: Scalar


def squared(target: Target) -> Scalar:
    """The sum of squares of what is observed, weighted."""
    return jnp.sum((target.weights * target.observed) ** 2)


class Box(eqx.Module):
    """How the simulator draws atoms; `stamp` is the edge of the window outside which it leaves them out, or None."""

    width: Scalar
    box_length: Scalar
    pixels: int = eqx.field(static=True)
    periodic: bool = eqx.field(static=True)
    stamp: int | None = eqx.field(static=True)


class Fit(NamedTuple):
    """Positions (atoms, 2), the sum of squared residuals there, and by how much a full step would lower it."""

    positions: Float[Array, "atoms 2"]
    squares: Scalar
    decrease: Scalar


class _Walk(NamedTuple):
    here: Float[Array, "atoms 2"]
    change: Float[Array, "atoms 2"]
    squares: Scalar
    gradient: Float[Array, " unknowns"]
    normal: Float[Array, "unknowns unknowns"]
    damping: Scalar
    stalled: Int[Array, ""]
    done: Flag
    steps: Int[Array, ""]
    expected: Scalar


@eqx.filter_jit
def fitted(
    positions: Float[Array, "atoms 2"],
    free: Float[Array, " atoms"],
    target: Target,
    box: Box,
    steps: Int[Array, ""],
    least_gain: Scalar,
) -> Fit:
    """Positions at the minimum beside the given ones, after at most so many steps.

    `free`: 1 for atoms that move, 0 for those that stay. No atom goes farther than its width in one step. It ends when
    a step is so short that the next one is rounding, or when six steps have each lowered the sum of squares by less
    than the part `least_gain`.
    """
    eps = jnp.finfo(positions.dtype).eps
    moving = jnp.repeat(free, 2)
    one, none, still = jnp.ones((), positions.dtype), jnp.zeros((), jnp.int32), jnp.zeros_like(positions)
    # The first step leads nowhere, looks at the start, and takes it: one model is compiled, not two.
    unseen = (jnp.inf * one, jnp.zeros_like(moving), jnp.zeros((moving.size,) * 2, moving.dtype))
    start = _Walk(positions, still, *unseen, 1e-3 * one, none, jnp.zeros((), bool), none, 0 * one)

    def step(now: _Walk) -> _Walk:
        there = now.here + now.change
        squares, gradient, normal = _model(there, moving, target, box)
        better = squares < now.squares
        gained = jnp.where(better, 1 - squares / now.squares, 0.0)
        stalled = jnp.where(gained < least_gain, now.stalled + 1, 0)
        arrived = (jnp.max(jnp.abs(now.change)) < jnp.sqrt(eps) * box.width) & (now.steps > 0)
        newer = lambda new, old: jnp.where(better, new, old)
        damping = jnp.clip(jnp.where(better, now.damping / 8, now.damping * 6), 1e-12, 1e6)
        here, gradient, normal = newer(there, now.here), newer(gradient, now.gradient), newer(normal, now.normal)
        done = arrived | (stalled >= 6)
        # The last step of all is the full one, which tells how far the minimum is.
        change = _step(gradient, normal, moving, jnp.where(done | (now.steps + 1 >= steps), 100 * eps, damping))
        longest = jnp.maximum(jnp.max(jnp.abs(change)), jnp.finfo(eps.dtype).tiny)
        expected = -(gradient @ change)
        change = (change * jnp.minimum(1.0, box.width / longest)).reshape(-1, 2)
        squares = newer(squares, now.squares)
        return _Walk(here, change, squares, gradient, normal, damping, stalled, done, now.steps + 1, expected)

    end = lax.while_loop(lambda now: ~now.done & (now.steps < steps), step, start)
    return Fit(end.here, end.squares, end.expected)


def _step(gradient, normal, moving, damping):
    """The solution of (J^T J + m diag(J^T J)) dp = -J^T r for what moves."""
    scale = jnp.where(jnp.diagonal(normal) > 0, jnp.diagonal(normal), 1.0)
    damped = normal + jnp.diag(damping * scale + (1 - moving))
    change = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(damped), -gradient)
    return jnp.where(jnp.all(jnp.isfinite(change)), change, 0.0)


@eqx.filter_jit
def difference_map(positions: Float[Array, "atoms 2"], target: Target, box: Box) -> Float[Array, "pixels pixels"]:
    """The map of weights (observed - calculated moduli), with the phases of the atoms."""
    (x, _), (y, _) = (_rows(coordinates, box) for coordinates in positions.T)
    modulus, unit = _modulus_and_phase(jnp.fft.fft(x).T @ jnp.fft.rfft(y))
    return jnp.fft.irfft2(target.weights * (target.observed - modulus) * unit, s=(box.pixels, box.pixels))


def _model(positions, moving, target: Target, box: Box):
    """The sum of squared residuals, J^T r and J^T J."""
    (x, dx), (y, dy) = (_rows(coordinates, box) for coordinates in positions.T)
    x, dx = jnp.fft.fft(x), jnp.fft.fft(dx)
    y, dy = jnp.fft.rfft(y), jnp.fft.rfft(dy)
    modulus, unit = _modulus_and_phase(x.T @ y)
    bent = target.bend > 0
    bend = jnp.where(bent, target.bend, 1.0)
    seen = jnp.where(bent, jnp.log1p(bend * modulus) / bend, modulus)
    slope = target.weights * jnp.where(bent, 1 / (1 + bend * modulus), 1.0)
    residuals = (target.weights * (seen - target.observed)).reshape(-1)
    towards = slope * jnp.conj(unit)
    column = lambda a, b: ((towards * a[:, :, None]) * b[:, None, :]).real.reshape(a.shape[0], -1)
    jacobian = jnp.stack([column(dx, y), column(x, dy)], axis=1).reshape(moving.size, -1) * moving[:, None]
    return residuals @ residuals, jacobian @ residuals, jacobian @ jacobian.T


def _modulus_and_phase(transform):
    """abs(F), and F / abs(F), which is 0 where F is."""
    modulus = jnp.abs(transform)
    return modulus, jnp.where(modulus > 0, transform / jnp.where(modulus > 0, modulus, 1.0), 0.0)


def _rows(coordinates: Float[Array, " atoms"], box: Box):
    """The Gaussian of each atom along one axis of the grid, and its derivative with respect to the coordinate."""
    spacing = box.box_length / box.pixels
    pixel = jnp.arange(box.pixels)
    if box.stamp is None:
        distance = (pixel.astype(coordinates.dtype) + 0.5) * spacing - coordinates[:, None]
        if not box.periodic:
            return _gaussian(distance, box.width)
        nearest = distance - box.box_length * jnp.round(distance / box.box_length)
        images = [_gaussian(nearest + turn * box.box_length, box.width) for turn in (-1, 0, 1)]
        return tuple(sum(parts) for parts in zip(*images))
    corner = jnp.ceil(coordinates / spacing - 0.5 - box.stamp / 2).astype(pixel.dtype)[:, None]
    inside = jnp.mod(pixel - corner, box.pixels) if box.periodic else pixel - corner
    distance = (corner + inside).astype(coordinates.dtype) * spacing + spacing / 2 - coordinates[:, None]
    drawn = (inside >= 0) & (inside < box.stamp)
    return tuple(jnp.where(drawn, part, 0.0) for part in _gaussian(distance, box.width))


def _gaussian(distance, width):
    row = jnp.exp(-0.5 * (distance / width) ** 2)
    return row, row * distance / width**2
