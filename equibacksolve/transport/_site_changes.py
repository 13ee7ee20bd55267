"""What the conductance becomes if one onsite energy changes, by any amount, for every site at the price of one sweep.

A change d on site i is a perturbation of rank one, for which Dyson's equation has a closed solution: with the T-matrix
tau = d / (1 - d g), g = G(i, i), the Green's function between the leads becomes G(L, 1) + tau l r^T, with l = G(L, i)
and r = G(i, 1). For equal wires of broadening Gamma, the conductance Gamma^2 Tr G(L, 1)†G(L, 1) grows by
2 Re(tau a) + |tau|^2 b, where a = Gamma^2 l^T G(L, 1)* r and b = Gamma^2 |l|^2 |r|^2: over one denominator,

    G(d) = G + (2 d Re a + d^2 (b - 2 Re a g*)) / |1 - d g|^2.

Four numbers for each site and point know everything: no further sweep is needed, however large d is.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._per_datum import in_chunks
from equibacksolve.transport._batched_matrices import Split, divide, product, squared_norm
from equibacksolve.transport._conductance import Device

_CHUNK = {"float64": 24, "float32": 96}
"""Points that travel together: whole vector registers, and states that stay in the cache of a core."""

Sites = Float[Array, "length width points"]


class SiteResponse(NamedTuple):
    """How the conductance G answers to a change on each site alone: Re a, b - 2 Re a g*, and g of the text above."""

    conductance: Float[Array, " points"]
    linear: Sites
    quadratic: Sites
    local: Split

    def changed(self, change: Float[Array, "length width"]) -> Sites:
        """The conductance for onsite energies that differ by `change` on one site and nowhere else, site by site."""
        d = change[..., None]
        # The imaginary part of g is negative, so that the denominator never vanishes.
        denominator = (1 - d * self.local.real) ** 2 + (d * self.local.imag) ** 2
        return self.conductance + d * (2 * self.linear + d * self.quadratic) / denominator


def site_response(device: Device, flux: Float[Array, " points"], energy: Float[Array, " points"]) -> SiteResponse:
    """How the conductance of a device with one orbital a site answers to a change of any onsite energy.

    `flux` per plaquette in h/e, `energy` in units of the hopping.
    """
    return in_chunks(lambda part: _response(device, *part), (flux, energy), _CHUNK[energy.dtype.name])


def _response(device, flux, energy):
    """Surface functions g_x = (E - h_x - g_{x-1})^-1 are grown from either side; with both, G(x, x) is known.

    From the right, all matrices are transposed, i.e. the flux is reversed: so that rows are modes everywhere.
    """
    length, width = device.onsite_real.shape[:2]
    angle = 2 * jnp.pi * flux * jnp.arange(1, length + 1, dtype=flux.dtype)[:, None]
    slices = device.onsite_real[:, :, 0, 0], jnp.cos(angle), jnp.sin(angle)
    reversed_flux = slices[0], slices[1], -slices[2]
    # The self-energy -t e^{i|k|} of the wires stands where a surface function of the sample would.
    wire = Split(*(-part[0] * jnp.ones_like(energy) for part in (device.phase_real, device.phase_imag)))
    edge = Split(*(part * jnp.eye(width, dtype=flux.dtype)[..., None] for part in wire))

    def grow(surface, slice_):
        grown = _inverse_of(slice_, energy, surface)
        return grown, grown

    left = jax.lax.scan(grow, edge, slices)[1]
    right = jax.lax.scan(grow, edge, reversed_flux, reverse=True)[1]
    before = jax.tree.map(lambda e, g: jnp.concatenate([e[None], g[:-1]]), edge, left)
    beyond = jax.tree.map(lambda g, e: jnp.concatenate([jnp.swapaxes(g[1:], 1, 2), e[None]]), right, edge)
    whole = jax.lax.map(lambda one: _inverse_of(one[0], energy, *one[1:]), (slices, before, beyond))
    gamma = -2 * wire.imag
    ends = jax.tree.map(lambda g: jnp.swapaxes(g[0], 0, 1), whole), _some(whole, -1)
    # The broadening enters before anything is squared: squares of G alone vanish where contacts are strong.
    at_first, at_last = (Split(*(part * jnp.sqrt(gamma) for part in end)) for end in ends)
    to_first = _carried(at_first, _some(right, slice(1, None)))
    to_last = _carried(at_last, _some(left, slice(-2, None, -1)))
    return _overlaps(gamma, to_first, _some(to_last, slice(None, None, -1)), whole)


def _carried(end: Split, surfaces: Split) -> Split:
    """G between an end and each slice: G(x, 1)^T = G(x-1, 1)^T d_x^T, and G(L, x) = G(L, x+1) g_x likewise."""

    def carry(across: Split, surface: Split) -> tuple[Split, Split]:
        there = product(across, surface)
        return there, there

    further = jax.lax.scan(carry, end, surfaces)[1]
    return jax.tree.map(lambda one, more: jnp.concatenate([one[None], more]), end, further)


def _overlaps(gamma, to_first: Split, to_last: Split, whole: Split) -> SiteResponse:
    """Rows of `to_first` are modes on the left, rows of `to_last` modes on the right; both hold sqrt(Gamma) G."""
    across = Split(*(part * jnp.sqrt(gamma) for part in _some(to_last, 0)))

    def on_slice(parts):
        left, right, local = parts
        back = product(across, right, adjoint_a=True)
        a_real = jnp.sum(back.real * left.real - back.imag * left.imag, axis=0)
        a_imag = jnp.sum(back.real * left.imag + back.imag * left.real, axis=0)
        b = jnp.sum(left.real**2 + left.imag**2, axis=0) * jnp.sum(right.real**2 + right.imag**2, axis=0)
        g = Split(*(jnp.diagonal(part).T for part in local))
        return a_real, b - 2 * (a_real * g.real + a_imag * g.imag), g

    return SiteResponse(squared_norm(across), *jax.lax.map(on_slice, (to_first, to_last, whole)))


def _inverse_of(slice_, energy, *surfaces: Split) -> Split:
    """(E - h_x - surfaces)^-1 for one slice; the hopping from y to y + 1 is cos + i sin (eq. 14)."""
    onsite, cos, sin = slice_
    eye, up, down = (jnp.eye(onsite.shape[0], k=k, dtype=cos.dtype)[..., None] for k in (0, -1, 1))
    real = eye * (energy - onsite[:, None, None]) - (up + down) * cos - sum(one.real for one in surfaces)
    [inverse] = divide([None], Split(real, (down - up) * sin - sum(one.imag for one in surfaces)))
    return inverse


def _some(tree, part):
    return jax.tree.map(lambda array: array[part], tree)
