"""The fast sweep: scattering states carried slice by slice through the sample, many (flux, energy) points at once.

The layer matrix of eq. 6 is never formed. With hopping 1 along the current, Psi_{x+1} = T_x Psi_x reads

    psi_{x+1} = -(h_x - E) psi_x - chi_x,        chi_{x+1} = psi_x,

and h_x is tridiagonal: a stencil. Arrays have the shape (sites, columns, points); one column is one scattering state.

Evanescent waves grow, by a factor of up to g = e^kappa a slice, and swamp the rest. So after every few slices a wire is
attached for a moment: with A and B what it would carry to the left and to the right, the states go on from unit waves
to the left and their reflection, A = Q and B = r Q = B A^-1 Q, and A^-1 Q is collected for the transmission. Current
conservation, A†A = 1 + B†B, makes r and A^-1 contractions, so that nothing grows. The derivative must pass through r
and A^-1: in exact arithmetic t does not depend on them, but only with them do the tangents stay as tame as the states.
Any orthogonal Q would do; one of random orientation makes it safe to invert Q^T A without a search for pivots.
"""

from functools import reduce
from operator import add
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.transport._batched_matrices import Split, divide, random_rotation, rotated
from equibacksolve.transport._stabilisation import segments


class Wave(NamedTuple):
    """One orbital of the transfer vectors (psi_x, chi_x) of eq. 5, with an empty site on either edge.

    The empty sites make the neighbours of a site a plain shift, and the update a write into a fixed place.
    """

    psi: Split
    chi: Split


class Slices(NamedTuple):
    """What the sweep reads, one slice a row: onsite matrices and Peierls phase."""

    onsite_real: Float[Array, "length width orbitals orbitals #points"]
    onsite_imag: Float[Array, "length width orbitals orbitals #points"] | None
    cos: Float[Array, "length points"]
    sin: Float[Array, "length points"]


class Ends(NamedTuple):
    """Lead modes of one propagation direction, eqs. 10 and 11, per orbital: |2 t sin k|^-1/2 and t e^{-ik}."""

    norm: Float[Array, "orbitals #points"]
    real: Float[Array, "orbitals #points"]
    imag: Float[Array, "orbitals #points"]


def sweep(
    slices: Slices, energy: Float[Array, " points"], incoming: Ends, interval: int
) -> tuple[list[Wave], Split | None]:
    """Carry the left lead's left-going modes, in the combinations Q of `random_rotation`, through the sample.

    Returns the waves beyond the last slice, one per orbital, and the product X of all A^-1 Q on the way (None if there
    was none): the transfer vectors of the modes themselves are the returned ones times (Q X)^-1.
    """
    length, width, orbitals = slices.onsite_real.shape[:3]
    rotation = random_rotation(width * orbitals)
    waves, passed = _enter(incoming, rotation, width, orbitals, energy), None
    first, between, last = segments(length, interval)
    part = lambda start, stop: jax.tree.map(lambda a: a[start:stop], slices)

    def segment(waves, passed, crossed):
        waves = _cross(waves, crossed, energy)
        arriving = rotated(rotation, _carried(waves, -1.0))
        reflection, passed = divide([_carried(waves, 1.0), passed], arriving)
        return _reflected(rotation, reflection, width, orbitals), passed

    if first:
        # Nothing has been collected before the first normalisation, so that it is cheaper than the rest.
        waves, passed = segment(waves, None, part(0, first))
    if first + last < length:
        rest = jax.tree.map(lambda a: a.reshape(-1, between, *a.shape[1:]), part(first, length - last))
        (waves, passed), _ = jax.lax.scan(lambda carry, one: (segment(*carry, one), None), (waves, passed), rest)
    return _cross(waves, part(length - last, length), energy), passed


@jax.custom_vjp
def _cross(waves: list[Wave], slices: Slices, energy: Float[Array, " points"]) -> list[Wave]:
    """Carry the waves through consecutive slices."""
    return _crossed(waves, slices, energy)


def _crossed(waves, slices, energy):
    return jax.lax.scan(lambda carry, one: (_step(carry, one, energy), None), waves, slices, unroll=_unroll(slices))[0]


def _unroll(slices: Slices) -> int:
    """Steps in one turn of the loop: a pair, unless a step were left over, or all of them done in a single turn.

    XLA writes out what is outside the loop and computes it anew for every entry that needs it: twice the time.
    """
    length = slices.cos.shape[0]
    return 2 if length % 2 == 0 and length >= 4 else 1


def _cross_forward(waves, slices, energy):
    beyond = _crossed(waves, slices, energy)
    return beyond, (beyond, slices, energy)


def _cross_backward(kept, cotangents):
    """The adjoint of a crossing is a crossing in the opposite direction: the textbook sensitivity.

    Let dG = Re Tr(F^T dpsi + K^T dchi) beyond slice x. From dpsi_{x+1} = -dh psi_x - (h - E) dpsi_x - dchi_x and
    dchi_{x+1} = dpsi_x follows, before the slice, (F, K) <- (-(h - E)^T F + K, -F): with chi = -K the forward step
    itself, h transposed, i.e. the flux reversed. And dG = -Re Tr(F^T dh psi_x): a product of the states that came from
    the left and from the right, site by site.

    The states from the left are carried back as well, psi_{x-1} = -(h - E) psi_x - psi_{x+1}, and not recorded: a step
    costs less than writing and reading one. What rounding that adds is of the order of what the sweep has anyway, the
    square of the growth.
    """
    beyond, slices, energy = kept
    # JAX's cotangents of real and imaginary part are (Re F, -Im F); and chi = -K.
    to_wave = lambda wave: Wave(Split(wave.psi.real, -wave.psi.imag), Split(-wave.chi.real, wave.chi.imag))
    turned = lambda waves: [Wave(wave.chi, wave.psi) for wave in waves]

    def step(carry, one):
        adjoint, back = carry
        # `back` holds psi_x as psi and psi_{x+1} as chi.
        change = _sensitivity([wave.psi for wave in adjoint], [wave.psi for wave in back], one)
        return (_step(adjoint, _transposed(one), energy), _step(back, one, energy)), change

    start = [to_wave(wave) for wave in cotangents], turned(beyond)
    (waves, _), (of_slices, of_energy) = jax.lax.scan(step, start, slices, reverse=True, unroll=_unroll(slices))
    return [to_wave(wave) for wave in waves], of_slices, jnp.sum(of_energy, axis=0)


_cross.defvjp(_cross_forward, _cross_backward)


def _transposed(one: Slices) -> Slices:
    swap = lambda block: jnp.swapaxes(block, 1, 2)
    imag = None if one.onsite_imag is None else swap(one.onsite_imag)
    return Slices(swap(one.onsite_real), imag, one.cos, -one.sin)


def _sensitivity(f, psi, one: Slices):
    """-Re Tr(F^T dh psi) on one slice, for each number that h is made of."""
    orbitals = range(len(f))
    f = [Split(*(part[1:-1] for part in wave)) for wave in f]
    at = lambda a, shift: Split(*(part[1 + shift : part.shape[0] - 1 + shift] for part in psi[a]))
    pairs = [[_sum_over_modes(f[a], at(b, 0)) for b in orbitals] for a in orbitals]
    blocks = lambda kind: jnp.stack([jnp.stack([getattr(pair, kind) for pair in row], 1) for row in pairs], 1)
    above, below = ([_sum_over_modes(f[a], at(a, shift)) for a in orbitals] for shift in (1, -1))
    of_cos = -reduce(add, (jnp.sum(u.real + d.real, axis=0) for u, d in zip(above, below)))
    of_sin = -reduce(add, (jnp.sum(u.imag - d.imag, axis=0) for u, d in zip(above, below)))
    of_energy = sum(jnp.sum(pairs[a][a].real, axis=0) for a in orbitals)
    real = _shaped_like(one.onsite_real, -blocks("real"))
    imag = None if one.onsite_imag is None else _shaped_like(one.onsite_imag, blocks("imag"))
    return Slices(real, imag, of_cos, of_sin), of_energy


def _sum_over_modes(f: Split, psi: Split) -> Split:
    """F^T psi on each site: (sites, points)."""
    return Split(
        _over_columns(f.real * psi.real - f.imag * psi.imag), _over_columns(f.real * psi.imag + f.imag * psi.real)
    )


def _over_columns(products):
    """The sum over columns, begun by adding one half to the other: XLA's reduction alone takes twice as long."""
    half = products.shape[1] // 2
    folded = products[:, :half] + products[:, half : 2 * half]
    return jnp.sum(folded, axis=1) + jnp.sum(products[:, 2 * half :], axis=1)


def _shaped_like(block, sensitivity):
    """Onsite matrices that all points share collect the sensitivities of all points."""
    shared = block.shape[-1] == 1
    return jnp.sum(sensitivity, axis=-1, keepdims=True) if shared else sensitivity


def _step(waves, one: Slices, energy):
    """One slice: psi <- -(h - E) psi - chi, chi <- psi."""
    orbitals = len(waves)
    return [
        Wave(_write(waves[a].chi, *_applied(waves, one, energy, a, range(orbitals))), waves[a].psi)
        for a in range(orbitals)
    ]


def _write(chi: Split, real, imag) -> Split:
    """-(h - E) psi - chi, written where chi was."""
    new = [part.at[1:-1].set(-applied - part[1:-1]) for part, applied in zip(chi, (real, imag))]
    return Split(*new)


def _applied(waves, one, energy, a, orbitals):
    """Rows of (h - E) psi for orbital a: neighbours across with their Peierls phase (eq. 14), then the onsite block."""
    re, im = waves[a].psi
    sum_re, sum_im = re[2:] + re[:-2], im[2:] + im[:-2]
    difference_re, difference_im = re[2:] - re[:-2], im[2:] - im[:-2]
    real = one.cos * sum_re + one.sin * difference_im - energy * re[1:-1]
    imag = one.cos * sum_im - one.sin * difference_re - energy * im[1:-1]
    for b in orbitals:
        re, im = (part[1:-1] for part in waves[b].psi)
        block = one.onsite_real[:, None, a, b]
        real, imag = real + block * re, imag + block * im
        if one.onsite_imag is not None:
            block = one.onsite_imag[:, None, a, b]
            real, imag = real - block * im, imag + block * re
    return real, imag


def _enter(incoming, rotation, width, orbitals, energy):
    """V of eq. 10: psi = I |2 t sin k|^-1/2, chi = -t e^{-ik} psi, with rotated columns."""
    waves = []
    for a in range(orbitals):
        columns = jnp.asarray(rotation[a * width : (a + 1) * width], energy.dtype)
        columns = jnp.pad(columns, ((1, 1), (0, 0)))[..., None] * jnp.ones_like(energy)
        psi = Split(columns * incoming.norm[a], jnp.zeros_like(columns))
        chi = Split(-incoming.real[a] * psi.real, -incoming.imag[a] * psi.real)
        waves.append(Wave(psi, chi))
    return waves


def _carried(waves, direction):
    """(psi -+ i chi) / sqrt 2: what a wire with t = 1, k = pi/2 would carry to the right (+1) or to the left (-1)."""
    parts = [(w.psi.real + direction * w.chi.imag, w.psi.imag - direction * w.chi.real) for w in waves]
    return stacked([Split(*part) for part in parts], 2**-0.5)


def _reflected(rotation, r: Split, width, orbitals):
    """Unit waves to the left, in combinations Q, and their reflection r (here r Q).

    psi = (1 + r) Q / sqrt 2 and chi = -i (1 - r) Q / sqrt 2.
    """
    ones = jnp.asarray(rotation, r.real.dtype)[..., None]
    psi = (ones + r.real, r.imag)
    chi = (-r.imag, r.real - ones)
    rows = lambda part, a: jnp.pad(part[a * width : (a + 1) * width] * 2**-0.5, ((1, 1), (0, 0), (0, 0)))
    return [Wave(*(Split(*(rows(part, a) for part in wave)) for wave in (psi, chi))) for a in range(orbitals)]


def stacked(parts: list[Split], factor: float = 1.0) -> Split:
    """Padded rows of every orbital, joined into one square matrix without the empty edge sites."""
    return Split(*(jnp.concatenate([part[1:-1] * factor for part in kind]) for kind in zip(*parts)))
