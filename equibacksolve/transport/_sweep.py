"""The fast sweep: scattering states carried slice by slice through the sample, many (flux, energy) points at once.

The layer matrix of eq. 6 is never formed. With hopping 1 along the current, Psi_{x+1} = T_x Psi_x reads

    psi_{x+1} = -(h_x - E) psi_x - chi_x,        chi_{x+1} = psi_x,

and h_x is tridiagonal: a stencil. Arrays have the shape (sites, columns, points); one column is one scattering state.

Evanescent waves grow, by a factor of up to g = e^kappa a slice, and swamp the rest. So after every few slices a wire is
attached for a moment: with A and B what it would carry to the left and to the right, the states go on from a unit wave
to the left and its reflection, A = 1 and B = r = B A^-1, and A^-1 is collected for the transmission. Current
conservation, A†A = 1 + B†B, makes r and A^-1 contractions, so that nothing grows. The derivative must pass through r
and A^-1: in exact arithmetic t does not depend on them, but only with them do the tangents stay as tame as the states.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.transport._batched_matrices import Split, divide


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


def sweep(slices: Slices, energy: Float[Array, " points"], incoming: Ends, interval: int) -> tuple[list[Wave], Split]:
    """Carry the left lead's left-going modes through the sample.

    Returns the waves beyond the last slice, one per orbital, and the product X of all A^-1: the true transfer vectors
    are the returned ones times X^-1.
    """
    length, width, orbitals = slices.onsite_real.shape[:3]
    waves = _enter(incoming, width, orbitals, energy)
    passed = _identity(width * orbitals, energy)
    n_normalisations = (length - 1) // interval
    whole = n_normalisations * interval
    head, tail = (jax.tree.map(lambda a: a[part], slices) for part in (slice(whole), slice(whole, None)))

    def segment(carry, part):
        waves, passed = carry
        waves = _cross(waves, part, energy)
        reflection, passed = divide([_carried(waves, 1.0), passed], _carried(waves, -1.0))
        return (_reflected(reflection, width, orbitals), passed), None

    if n_normalisations:
        head = jax.tree.map(lambda a: a.reshape(n_normalisations, interval, *a.shape[1:]), head)
        (waves, passed), _ = jax.lax.scan(segment, (waves, passed), head)
    return _cross(waves, tail, energy), passed


@jax.custom_vjp
def _cross(waves: list[Wave], slices: Slices, energy: Float[Array, " points"]) -> list[Wave]:
    """Carry the waves through consecutive slices."""
    return jax.lax.scan(lambda carry, one: (_step(carry, one, energy), None), waves, slices, unroll=2)[0]


def _cross_forward(waves, slices, energy):
    def step(carry, one):
        return _step(carry, one, energy), [wave.psi for wave in carry]

    beyond, recorded = jax.lax.scan(step, waves, slices, unroll=2)
    return beyond, (recorded, slices, energy)


def _cross_backward(kept, cotangents):
    """The adjoint of a crossing is a crossing in the opposite direction: the textbook sensitivity.

    Let dG = Re Tr(F^T dpsi + K^T dchi) beyond slice x. From dpsi_{x+1} = -dh psi_x - (h - E) dpsi_x - dchi_x and
    dchi_{x+1} = dpsi_x follows, before the slice, (F, K) <- (-(h - E)^T F + K, -F): with chi = -K the forward step
    itself, h transposed, i.e. the flux reversed. And dG = -Re Tr(F^T dh psi_x): a product of the states that came from
    the left and from the right, site by site.
    """
    recorded, slices, energy = kept
    # JAX's cotangents of real and imaginary part are (Re F, -Im F); and chi = -K.
    to_wave = lambda wave: Wave(Split(wave.psi.real, -wave.psi.imag), Split(-wave.chi.real, wave.chi.imag))

    def step(carry, one):
        here, psi = one
        return _step(carry, _transposed(here), energy), _sensitivity([wave.psi for wave in carry], psi, here)

    start = [to_wave(wave) for wave in cotangents]
    waves, (of_slices, of_energy) = jax.lax.scan(step, start, (slices, recorded), reverse=True, unroll=2)
    return [to_wave(wave) for wave in waves], of_slices, jnp.sum(of_energy, axis=0)


_cross.defvjp(_cross_forward, _cross_backward)


def _transposed(one: Slices) -> Slices:
    swap = lambda block: None if block is None else jnp.swapaxes(block, 1, 2)
    return Slices(swap(one.onsite_real), swap(one.onsite_imag), one.cos, -one.sin)


def _sensitivity(f, psi, one: Slices):
    """-Re Tr(F^T dh psi) on one slice, for each number that h is made of."""
    orbitals = range(len(f))
    f = [Split(*(part[1:-1] for part in wave)) for wave in f]
    at = lambda a, shift: Split(*(part[1 + shift : part.shape[0] - 1 + shift] for part in psi[a]))
    pairs = [[_sum_over_modes(f[a], at(b, 0)) for b in orbitals] for a in orbitals]
    blocks = lambda kind: jnp.stack([jnp.stack([getattr(pair, kind) for pair in row], 1) for row in pairs], 1)
    above, below = ([_sum_over_modes(f[a], at(a, shift)) for a in orbitals] for shift in (1, -1))
    of_cos = -sum(jnp.sum(u.real + d.real, axis=0) for u, d in zip(above, below))
    of_sin = -sum(jnp.sum(u.imag - d.imag, axis=0) for u, d in zip(above, below))
    of_energy = sum(jnp.sum(pairs[a][a].real, axis=0) for a in orbitals)
    real = _shaped_like(one.onsite_real, -blocks("real"))
    imag = None if one.onsite_imag is None else _shaped_like(one.onsite_imag, blocks("imag"))
    return Slices(real, imag, of_cos, of_sin), of_energy


def _sum_over_modes(f: Split, psi: Split) -> Split:
    """F^T psi on each site: (sites, points)."""
    return Split(
        jnp.sum(f.real * psi.real - f.imag * psi.imag, axis=1), jnp.sum(f.real * psi.imag + f.imag * psi.real, axis=1)
    )


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


def _enter(incoming, width, orbitals, energy):
    """V of eq. 10: psi = I |2 t sin k|^-1/2, chi = -t e^{-ik} psi, with one row of columns per orbital."""
    waves = []
    for a in range(orbitals):
        columns = jnp.eye(width, width * orbitals, k=a * width, dtype=energy.dtype)
        columns = jnp.pad(columns, ((1, 1), (0, 0)))[..., None] * jnp.ones_like(energy)
        psi = Split(columns * incoming.norm[a], jnp.zeros_like(columns))
        chi = Split(-incoming.real[a] * psi.real, -incoming.imag[a] * psi.real)
        waves.append(Wave(psi, chi))
    return waves


def _identity(modes, energy):
    eye = jnp.eye(modes, dtype=energy.dtype)[..., None] * jnp.ones_like(energy)
    return Split(eye, jnp.zeros_like(eye))


def _carried(waves, direction):
    """(psi -+ i chi) / sqrt 2: what a wire with t = 1, k = pi/2 would carry to the right (+1) or to the left (-1)."""
    parts = [(w.psi.real + direction * w.chi.imag, w.psi.imag - direction * w.chi.real) for w in waves]
    return stacked([Split(*part) for part in parts], 2**-0.5)


def _reflected(r: Split, width, orbitals):
    """Unit waves to the left and their reflection r: psi = (1 + r) / sqrt 2 and chi = -i (1 - r) / sqrt 2."""
    eye = jnp.eye(width * orbitals, dtype=r.real.dtype)[..., None]
    psi = (eye + r.real, r.imag)
    chi = (-r.imag, r.real - eye)
    rows = lambda part, a: jnp.pad(part[a * width : (a + 1) * width] * 2**-0.5, ((1, 1), (0, 0), (0, 0)))
    return [Wave(*(Split(*(rows(part, a) for part in wave)) for wave in (psi, chi))) for a in range(orbitals)]


def stacked(parts: list[Split], factor: float = 1.0) -> Split:
    """Padded rows of every orbital, joined into one square matrix without the empty edge sites."""
    return Split(*(jnp.concatenate([part[1:-1] * factor for part in kind]) for kind in zip(*parts)))
