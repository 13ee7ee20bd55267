"""Draws from the posterior: errors and intervals that take neither the model as linear nor the cost as a parabola."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from equibacksolve._arrays import random_key
from equibacksolve.diagnostics._chains import blackjax, run_chains
from equibacksolve.diagnostics._labelled_draws import labelled_draws
from equibacksolve.diagnostics._levels import probabilities
from equibacksolve.diagnostics._posterior_frame import frame_at
from equibacksolve.diagnostics._told_of_chains import modes_of, told_of_chains
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import (
    AbstractObservations,
    AbstractPrior,
    Hidden,
    Problem,
    Symmetries,
    images,
    make_problem,
    symmetries_of,
    with_leaves,
)
from equibacksolve.simulators import AbstractSimulator


class PosteriorSamples(eqx.Module):
    """Draws of the hidden leaves, several chains of them.

    **Fields**

    - `hidden`: the hidden leaves, each with two more axes in front: chains and draws.
    - `found`: the simulator that the first chain began at.
    - `minus_log_density`: half of chi-squared, and minus the logarithm of the priors.
    - `diverged`: steps at which the sampler met a place too steep for its steps.
    - `acceptance`: of each step; `step`: the length of the steps of each chain, in whitened unknowns.
    - `r_hat`, `effective`: the hidden leaves, replaced by split R-hat and by how many independent draws the chains are
      worth (rank-normalised: A. Vehtari et al., Bayesian Analysis 16, 667 (2021)). R-hat is 1 where chains agree.
    """

    hidden: Hidden
    found: AbstractSimulator
    minus_log_density: Float[Array, "chains draws"]
    diverged: Bool[Array, "chains draws"]
    acceptance: Float[Array, "chains draws"]
    step: Float[Array, " chains"]
    r_hat: Hidden
    effective: Hidden

    @property
    def told(self) -> list[str]:
        """How far to believe the draws, in sentences."""
        r_hat, effective = ravel_pytree(self.r_hat)[0], ravel_pytree(self.effective)[0]
        return told_of_chains(r_hat, effective, self.diverged, self.modes, self.minus_log_density)

    @property
    def modes(self) -> list[list[int]]:
        """The numbers of the chains in groups: more than one says that chains are around different minima."""
        chains = self.diverged.shape[0]
        flat = [np.asarray(leaf).reshape(*self.diverged.shape, -1) for leaf in jax.tree.leaves(self.hidden)]
        return modes_of(np.concatenate(flat, axis=2)) if chains > 1 else [[0]]

    def of(self, quantity: Callable[[Any], Any]) -> PyTree[Float[Array, "chains draws ..."]]:
        """What a function of the simulator is in each draw."""
        flat = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), self.hidden)
        arrays = lambda hidden: jax.tree.map(jnp.asarray, quantity(with_leaves(self.found, hidden)))
        values = eqx.filter_jit(jax.lax.map)(arrays, flat)
        return jax.tree.map(lambda value: value.reshape(*self.diverged.shape, *value.shape[1:]), values)

    def interval(
        self, quantity: Callable[[Any], Any], levels: Sequence[float] | Float[Any, " levels"] = (0.683, 0.954)
    ) -> tuple[PyTree[Float[Array, "levels ..."]], PyTree[Float[Array, "levels ..."]]]:
        """Lower and upper ends between which a quantity is with these probabilities, as much left out on each side.

        Raises ValueError for levels that are no probabilities.
        """
        tails = (1 - probabilities(levels)) / 2
        ends = lambda at: jax.tree.map(lambda value: jnp.quantile(value, at, axis=(0, 1)), self.of(quantity))
        return ends(tails), ends(1 - tails)

    def to_xarray(self) -> Any:
        """An `xarray.DataTree` with the groups `posterior` and `sample_stats`: what ArviZ takes.

        Raises ImportError without xarray (extra `data`).
        """
        told = {"diverging": self.diverged, "acceptance_rate": self.acceptance, "lp": -self.minus_log_density}
        return labelled_draws(self.hidden, told)


def posterior_samples(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    *,
    where: Selector,
    bounds: Any = None,
    prior: AbstractPrior | Sequence[AbstractPrior] = (),
    symmetries: Symmetries = (),
    starts: Sequence[AbstractSimulator] = (),
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 500,
    acceptance: float = 0.8,
    key: Any = None,
) -> PosteriorSamples:
    """Draw the hidden leaves from their posterior, with the density exp(-chi-squared / 2) times that of the priors.

        samples = diagnostics.posterior_samples(found.simulator, observed, where=hidden)
        print(*samples.told, sep="\\n")
        lower, upper = samples.interval(lambda s: s.rate)

    The sampler is NUTS of BlackJAX (extra `samples`), in unknowns that are whitened by J^T J and the priors at what was
    found. Within bounds the prior is flat: a transform takes unknowns to where there are none. The smoothness under
    which the default search ends is its own, and no prior: pass `Smoothness` to count it. Each draw costs some ten
    simulations with their gradients.

    **Arguments**

    - `simulator`: what a search found, at its minimum; `observed`: the data, with sigma; `where`, `bounds`, `prior`: as
      in the search.
    - `symmetries`: each draw is replaced by that of its images that is closest to what was found.
    - `starts`: what other searches found: chains begin at `simulator` and at these in turn. `modes` then says which
      chains are around one minimum. How probable one is against another, chains that never cross cannot tell.
    - `chains`, `draws`, `warmup`: how many chains, of how many draws each, after how many that are thrown away.
    - `acceptance`: wanted of the steps; nearer to 1 makes them smaller, where draws diverge. `key`: a key or a seed.

    **Raises** ImportError without blackjax. ValueError if sigma is unknown, if data, prior and bounds leave some
    unknown undetermined, for fewer than 2 chains or 10 draws, and what `backsolve` says of where, bounds and start.
    """
    sampler = blackjax().diagnostics
    _check(observed, chains, draws, warmup, acceptance)
    problem, hidden = make_problem(simulator, observed, where, bounds, None, prior)
    if problem.tolerance.dtype != jnp.result_type(float):
        raise ValueError(
            f"the hidden leaves are {problem.tolerance.dtype}, in which BlackJAX does not sample while JAX has x64 "
            "enabled; make them float64."
        )
    starting = [hidden, *(problem.within_bounds(problem.hidden_of(one)) for one in starts)]
    frames = [frame_at(problem, one, where) for one in starting]
    in_turn = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(frames[n % len(frames)] for n in range(chains)))
    keys = jax.random.split(random_key(key), chains)
    level = jnp.asarray(acceptance, problem.tolerance.dtype)
    drawn = run_chains(problem, hidden, in_turn, keys, level, warmup, draws)
    unravel, unknowns = ravel_pytree(hidden)[1], drawn.unknowns
    if chosen := symmetries_of(symmetries):
        unknowns = _nearest_images(problem, chosen, hidden, jnp.std(unknowns, axis=(0, 1)), unknowns)
    told = (unravel(jax.jit(of)(unknowns).reshape(-1)) for of in (sampler.rhat, sampler.ess_bulk))
    return PosteriorSamples(jax.vmap(jax.vmap(unravel))(unknowns), problem.simulator(hidden), *drawn[1:], *told)


@eqx.filter_jit
def _nearest_images(problem: Problem, symmetries, found: Hidden, unit, unknowns):
    """Of each draw the image that is closest to what was found, each unknown counted in its own `unit`."""
    flat, unravel = ravel_pytree(found)

    def nearest(draw):
        made = images(problem.simulator(unravel(draw)), symmetries)
        of_images = jnp.stack([ravel_pytree(problem.hidden_of(one))[0] for one in made])
        return of_images[jnp.argmin(jnp.sum(((of_images - flat) / unit) ** 2, axis=1))]

    return jax.vmap(jax.vmap(nearest))(unknowns)


def _check(observed: AbstractObservations, chains: int, draws: int, warmup: int, acceptance: float) -> None:
    if observed.sigma is None:
        raise ValueError(
            "observed has no sigma, without which the posterior has no width; pass sigma= to Observations, or the "
            "observed of diagnostics.estimated_noise."
        )
    if chains < 2 or draws < 10 or warmup < 0:
        raise ValueError(
            f"posterior_samples got chains={chains}, draws={draws}, warmup={warmup}; give 2 chains of 10 draws or more."
        )
    if not 0 < acceptance < 1:
        raise ValueError(f"acceptance is {acceptance}; give a share between 0 and 1.")
