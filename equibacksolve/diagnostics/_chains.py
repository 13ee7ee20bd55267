"""Chains of the No-U-Turn sampler, by BlackJAX (the extra `samples`)."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Key, PRNGKeyArray, UInt32

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._posterior_frame import Frame, box_of, log_density
from equibacksolve.inverse import Hidden, Problem

Keys = Key[Array, " chains"] | UInt32[Array, "chains words"]

FIRST_STEP = 0.5
"""In whitened numbers, where it is about right for a normal distribution."""


class Chains(NamedTuple):
    """What the sampler gives: draws of all chains, and how each step went."""

    unknowns: Float[Array, "chains draws unknowns"]
    minus_log_density: Float[Array, "chains draws"]
    diverged: Bool[Array, "chains draws"]
    acceptance: Float[Array, "chains draws"]
    step: Float[Array, " chains"]


def blackjax() -> Any:
    """The package. Raises ImportError if it is not installed."""
    try:
        import blackjax
        import blackjax.adaptation.step_size
        import blackjax.diagnostics
    except ImportError as error:
        raise ImportError(
            'posterior_samples needs blackjax; run pip install "equibacksolve[samples]".', name="blackjax"
        ) from error
    return blackjax


@eqx.filter_jit
def run_chains(
    problem: Problem,
    like: Hidden,
    frames: Frame,
    keys: Keys,
    acceptance: Scalar,
    warmup: int,
    draws: int,
) -> Chains:
    """One chain for each frame (all have one more axis in front), one after another.

    The length of a step is adapted in `warmup` steps (dual averaging: Hoffman and Gelman, J. Mach. Learn. Res. 15, 1593
    (2014)), which are thrown away. The mass is that of the frame.
    """
    sampler = blackjax()
    kernel = sampler.nuts.build_kernel()
    begin, update, final = sampler.adaptation.step_size.dual_averaging_adaptation(acceptance)
    box, unravel = box_of(problem, like), ravel_pytree(like)[1]

    def one_chain(frame_and_key):
        frame, key = frame_and_key
        density = lambda whitened: log_density(problem, box, unravel, frame, whitened)
        start, keys = jax.random.split(key)
        state = sampler.nuts.init(_start(density, start, frame.center), density)

        def step(carry, key_and_number):
            (state, adapted), (key, number) = carry, key_and_number
            warming = number < warmup
            length = jnp.exp(jnp.where(warming, adapted.log_step_size, adapted.log_step_size_avg))
            state, told = kernel(key, state, density, length, jnp.ones_like(frame.center))
            changed = update(adapted, told.acceptance_rate)
            adapted = jax.tree.map(lambda new, old: jnp.where(warming, new, old), changed, adapted)
            free = frame.free(state.position)
            height = box.log_volume(free) - state.logdensity
            return (state, adapted), (box.inside(free), height, told.is_divergent, told.acceptance_rate)

        numbered = jax.random.split(keys, warmup + draws), jnp.arange(warmup + draws)
        adapted = begin(jnp.asarray(FIRST_STEP, frame.center.dtype))
        (_, adapted), drawn = jax.lax.scan(step, (state, adapted), numbered)
        unknowns, height, diverged, acceptance = (part[warmup:] for part in drawn)
        return Chains(unknowns, height, diverged, acceptance, final(adapted))

    return jax.lax.map(one_chain, (frames, keys))


def _start(density: Any, key: PRNGKeyArray, center: Float[Array, " unknowns"]) -> Float[Array, " unknowns"]:
    """Drawn from the normal distribution of the frame; its center, where the model says nothing at that place."""
    drawn = jax.random.normal(key, center.shape, center.dtype)
    return jnp.where(jnp.isfinite(density(drawn)), drawn, 0.0)
