"""Alternating projections between the measured moduli and atoms: one iteration, and a search that stops by itself.

With P_A the projection onto the moduli, P_B the one onto atoms, and R_A = 2 P_A - 1 the reflection,

    Z <- r Z + s (P_B R_A Z - P_A Z) + (1 - r) P_A Z.

- r = s = b: relaxed averaged alternating reflections, RAAR (Luke, Inverse Problems 21, 37 (2005)).
- r = 1: relaxed reflections, RRR (Elser, Lai and Bendory, SIAM J. Imaging Sci. 11, 2429 (2018)).
- r = s = 1: the difference map at b = 1 (Elser, JOSA A 20, 40 (2003)).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex, Float, Int, Key, PRNGKeyArray, UInt32

from equibacksolve._axes import Scalar
from equibacksolve.phasing._atom_shape import AtomShape
from equibacksolve.phasing._atoms import Transform, onto_atoms, peaks
from equibacksolve.phasing._moduli import Moduli, onto_moduli

Keys = Key[Array, " starts"] | UInt32[Array, "starts words"]
"""Keys of JAX, of either style."""

MEMORY, BEGINNING, SETTLING = 300, 50, 40
"""Iterations over which the mean gap is taken, before it is trusted, and below it before a search has stopped."""


class Rule(NamedTuple):
    """The two numbers of the iteration, r and s, and the part of its mean to which the gap must fall."""

    relaxation: Scalar
    step: Scalar
    fall: Scalar


class Search(NamedTuple):
    """Where searches stand, one entry a start.

    - `transforms`: Z.
    - `gap`: abs(P_B - P_A) / abs(A), and `mean`, its mean over the latest iterations.
    - `age`, `below`: iterations so far, and how many of the latest had a gap far below the mean.
    """

    transforms: Complex[Array, "starts pixels half"]
    gap: Float[Array, " starts"]
    mean: Float[Array, " starts"]
    age: Int[Array, " starts"]
    below: Int[Array, " starts"]


class Data(NamedTuple):
    """What a search is given: the moduli, the shape of an atom, and the transform of the atoms that are known."""

    moduli: Moduli
    shape: AtomShape
    known: Transform


def iterate(transform: Transform, data: Data, count: int, relaxation: Scalar, step: Scalar) -> tuple[Transform, Scalar]:
    """One iteration (the formula above), and the gap between its two projections, abs(P_B - P_A) / abs(P_A).

    - `transform`: Z, shape (pixels, pixels // 2 + 1), sharpened.
    - `data`: the moduli, the shape of an atom, and the transform of known atoms (zeros if there are none).
    - `count`: so many peaks are drawn beside the known atoms, some more than there are atoms.
    - `relaxation`, `step`: r and s.
    """
    on_moduli = onto_moduli(transform, data.moduli)
    on_atoms = onto_atoms(2 * on_moduli - transform, count, data.shape, data.known)
    apart = on_atoms - on_moduli
    moved = relaxation * transform + step * apart + (1 - relaxation) * on_moduli
    return moved, jnp.sqrt(_square(apart, data) / _square(on_moduli, data))


def _square(transform: Transform, data: Data) -> Scalar:
    """Over the whole plane, where it was measured: all columns but those of their own mirror images count twice."""
    squared = jnp.where(data.moduli.measured, transform.real**2 + transform.imag**2, 0.0)
    own = jnp.sum(squared[:, 0]) + (jnp.sum(squared[:, -1]) if data.shape.pixels % 2 == 0 else 0.0)
    return 2 * jnp.sum(squared) - own


def random_transform(key: PRNGKeyArray, data: Data) -> Transform:
    """Random phases, those of white noise, with the measured moduli; the part of the known atoms has theirs."""
    pixels = data.shape.pixels
    noise = jnp.fft.rfft2(jax.random.normal(key, (pixels, pixels), data.moduli.values.dtype))
    missing = jnp.sqrt(jnp.maximum(data.moduli.values**2 - jnp.abs(data.known) ** 2, 0.0))
    unknown = onto_moduli(noise, Moduli(missing, data.moduli.measured))
    return onto_moduli(data.known + unknown, data.moduli)


@eqx.filter_jit
def begun(keys: Keys, data: Data) -> Search:
    """Searches that start from random phases, one for each key."""
    return begun_from(jax.vmap(lambda key: random_transform(key, data))(keys))


def begun_from(transforms: Complex[Array, "starts pixels half"]) -> Search:
    """Searches that start from these transforms."""
    starts = transforms.shape[0]
    high, none = jnp.ones(starts, transforms.real.dtype), jnp.zeros(starts, jnp.int32)
    return Search(transforms, high, high, none, none)


def with_start(search: Search, start: int, other: Search) -> Search:
    """The searches, with the first one of `other` in place of this one."""
    return Search(*(mine.at[start].set(theirs[0]) for mine, theirs in zip(search, other)))


def put_off(search: Search, start: int) -> Search:
    """The searches, of which this one goes on for five times as long before it counts as stopped again."""
    return search._replace(below=search.below.at[start].set(-4 * SETTLING))


def has_fallen(search: Search) -> Bool[Array, " starts"]:
    """Which searches have stopped: their gap has been far below its mean for a while. Nothing of the truth is used."""
    return search.below >= SETTLING


@eqx.filter_jit
def searched(search: Search, data: Data, count: int, rule: Rule, iterations: Int[Array, ""]) -> Search:
    """So many iterations of all searches, fewer if one of them stops by itself."""
    one = jax.vmap(lambda transform: iterate(transform, data, count, rule.relaxation, rule.step))

    def step(carry):
        now, done = carry
        transforms, gap = one(now.transforms)
        low = (gap < rule.fall * now.mean) & (now.age >= BEGINNING)
        # The mean of the beginning is the plain one, and it does not follow a fall.
        rate = 1.0 / (1.0 + jnp.minimum(now.age, MEMORY).astype(gap.dtype))
        mean = jnp.where(low, now.mean, now.mean + rate * (gap - now.mean))
        return Search(transforms, gap, mean, now.age + 1, jnp.where(low, now.below + 1, 0)), done + 1

    go_on = lambda carry: ~jnp.any(has_fallen(carry[0])) & (carry[1] < iterations)
    return lax.while_loop(go_on, step, (search, jnp.zeros_like(iterations)))[0]


@eqx.filter_jit
def atoms_seen(
    search: Search, start: Int[Array, ""], data: Data, count: int
) -> tuple[Float[Array, "peaks 2"], Float[Array, " peaks"]]:
    """The peaks that one search projects onto next, highest first, and their heights.

    They are those of R_A Z, where false peaks are lowest. Cycles of plain projections P_B P_A would raise them again.
    """
    transform = search.transforms[start]
    rest = 2 * onto_moduli(transform, data.moduli) - transform - data.known
    return peaks(jnp.fft.irfft2(rest, s=(data.shape.pixels,) * 2), count, data.shape)
