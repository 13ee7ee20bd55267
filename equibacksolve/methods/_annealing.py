"""Annealing: wander through landscapes that explain the data roughly, until one of them leads to the truth."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import (
    Hidden,
    Problem,
    center_of_leaves,
    detectable_heights,
    draw_statistics,
    residuals_of_statistics,
)
from equibacksolve.methods._method import AbstractMethod, State, check_counts, check_momentum, judged, outer_state
from equibacksolve.methods._noise_level import noise_level
from equibacksolve.methods._search_methods import finished, short_heavy_ball
from equibacksolve.methods._step_equations import Unknowns, columns, over_leaves

_MOST_WRONG = 1 / 16
"""The share of the unknowns that may be wrong while a chain still feels the data."""


class Chain(NamedTuple):
    """Where the wanderer stands: its leaves, its last step, recent means of leaves and J^T J, random state, passes."""

    hidden: Hidden
    velocity: Unknowns
    mean: Hidden
    curvature: Float[Array, "unknowns unknowns"]
    key: PRNGKeyArray
    passes: Int[Array, ""]


def _polish() -> AbstractMethod:
    # Steps with momentum find the truth from farther away than those without.
    return finished(short_heavy_ball())


class Annealing(AbstractMethod):
    """Langevin dynamics with inertia and a Gauss-Newton metric, on random parts of the data.

    The chain samples exp(-U), U = |r|^2 / (2 s^2) + |h|^2 / 2: r are the residuals, s a noise level, h what a
    smoothness prior holds. Length and height of that prior are drawn anew in each step from what the landscape of the
    moment says of them: nothing about the truth needs to be known.

    The noise level follows from how many of the M unknowns may be wrong: w of them misfit N data of standard deviation
    D by about |r|^2 = (w / M) N D^2. A chain keeps U = 1/2 for each unknown that the data hold (equipartition), that
    is |r|^2 = min(M, N) s^2, so that s = D sqrt(w max(1, N / M) / M). Twice as dense a mesh, which says little more,
    leaves the chain as warm as it was. w goes from `hot` to `cold` in each sweep; by default it stays, for a chain at
    the right level finds as much as one that is cooled. One step is

        v <- b v - e A^-1 grad U + sqrt(e (1 - b) (2 - e / (1 + b))) A^(-1/2) xi,    x <- x + v,

    with A = ⟨J^T J⟩ / s^2 + (dh/dx)^T dh/dx, gradient and J from a random part of the data and ⟨⟩ a running mean
    (stochastic gradient Langevin dynamics, Welling and Teh 2011, preconditioned, with inertia). The factor before the
    noise gives a quadratic U the right temperature at any e and b: in units of A^(-1/2), x is there an autoregression,
    x_t = (1 + b - e) x_(t-1) - b x_(t-2) + noise, whose variance it makes 1. From time to time, `polish` is started
    from the chain's recent mean. That is much closer to the truth than the chain itself, once the chain has found the
    right valley.

    **Fields**

    - `polish`: the method that ends the search.
    - `passes`: through the data, in all.
    - `pause`: passes between two polishes, the last of which comes at the end.
    - `wrong`: how many unknowns may be wrong, w, but never more than a sixteenth of them. s is never below sigma, if
      that is known.
    - `rate`, `momentum`: e and b.
    - `reach`: the most by which the downhill part of a step exceeds thermal motion.
    - `share`: a step sees one part in `share` of the data, a pass all but a few that are left over.

    **Raises** ValueError for numbers below 1 of `passes`, `pause` and `share`, for `wrong` not above 0, and for a
    `rate` and `momentum` with which the chain would run away.
    """

    polish: AbstractMethod = eqx.field(default_factory=_polish)
    passes: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=340)
    pause: Int[Array, ""] = eqx.field(converter=jnp.asarray, default=85)
    wrong: Float[Array, ""] = eqx.field(converter=float_array, default=2.0)
    rate: Float[Array, ""] = eqx.field(converter=float_array, default=0.2)
    momentum: Float[Array, ""] = eqx.field(converter=float_array, default=0.8)
    reach: Float[Array, ""] = eqx.field(converter=float_array, default=3.0)
    share: int = eqx.field(static=True, default=5)

    def __check_init__(self):
        check_counts(self, "passes", "pause", "share")
        if not np.asarray(self.wrong) > 0:
            raise ValueError(f"wrong is {self.wrong:g}; give a number of unknowns above 0.")
        check_momentum(self.momentum)
        # Beyond, the autoregression is unstable.
        fastest = 2 * (1 + np.asarray(self.momentum))
        if not 0 < np.asarray(self.rate) < fastest:
            raise ValueError(f"rate is {self.rate:g}; give more than 0, less than {fastest:g}, or the chain runs away.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        unknowns = ravel_pytree(hidden)[0]
        nothing = jnp.zeros((unknowns.size,) * 2, unknowns.dtype)
        chain = Chain(hidden, jnp.zeros_like(unknowns), hidden, nothing, key, jnp.zeros((), jnp.int32))
        polishing = self.polish.init(problem, hidden, key)
        cost, penalty = judged(problem, hidden)
        return outer_state(hidden, cost, (chain, polishing, jnp.asarray(False)), 1, done=False, penalty=penalty)

    def step(self, problem: Problem, state: State) -> State:
        chain, polishing, at_polish = state.inner
        if bool(at_polish):
            return self._polished(problem, state, chain, polishing)
        chain = _pass(self, problem, chain)
        due = int(chain.passes) % int(self.pause) == 0 or self._is_over(chain)
        if due:
            polishing = self.polish.init(problem, problem.within_bounds(chain.mean), chain.key)
        inner = chain, polishing, jnp.asarray(due)
        return outer_state(state.hidden, state.cost, inner, state.evaluations + 1, done=False, penalty=state.penalty)

    def _polished(self, problem, state, chain, polishing):
        found = self.polish.step(problem, polishing)
        best = found if (better := bool(found.objective <= state.objective)) else state
        ended = bool(found.done)
        done = ended and (self._is_over(chain) or bool(problem.explained(found.cost)))
        evaluations = state.evaluations + found.evaluations - polishing.evaluations
        inner, flags = (chain, found, jnp.asarray(not ended)), {"done": done, "settled": better & found.settled}
        return outer_state(best.hidden, best.cost, inner, evaluations, **flags, penalty=best.penalty)

    def _is_over(self, chain: Chain) -> bool:
        return int(chain.passes) >= int(self.passes)


def _level(method: Annealing, problem: Problem, chain: Chain) -> Scalar:
    """s, in units of the residuals."""
    unknowns = chain.velocity.size
    data_an_unknown = jnp.maximum(1.0, problem.observed.count / unknowns)
    return noise_level(problem, jnp.sqrt(jnp.minimum(method.wrong / unknowns, _MOST_WRONG) * data_an_unknown))


@eqx.filter_jit
def _pass(method: Annealing, problem: Problem, chain: Chain) -> Chain:
    """One pass through the data: a step of the chain for each part of them."""
    key, of_parts, of_steps = jax.random.split(chain.key, 3)
    level = _level(method, problem, chain)
    if not problem.observed.is_divisible:
        chain = _wander(method, problem, 1.0, level, of_steps, chain)
    else:
        size = problem.observed.values.size
        share = min(method.share, size)
        # Simulations go in chunks of whole vector registers: 128 readings fill four of 32, 130 take a fifth one.
        parts = problem.observed.random_parts(of_parts, share, multiple=8)

        def wander(chain, of_part):
            chosen, key = of_part
            some = eqx.tree_at(lambda p: p.observed, problem, problem.observed.at(chosen))
            return _wander(method, some, size / some.observed.values.size, level, key, chain), None

        chain, _ = jax.lax.scan(wander, chain, (parts, jax.random.split(of_steps, share)))
    return chain._replace(key=key, passes=chain.passes + 1)


def _wander(method: Annealing, some: Problem, scale: float, level: Scalar, key: PRNGKeyArray, chain: Chain) -> Chain:
    """One step of the chain on some of the data, which stand for `scale` times as many."""
    of_statistics, of_noise = jax.random.split(key)
    flat, unravel = ravel_pytree(chain.hidden)
    level = level.astype(flat.dtype)
    residual, jacobian = _linearized(lambda x: some.residuals(unravel(x)), flat)
    forget = jnp.where(jnp.all(chain.curvature == 0), 1.0, 0.1).astype(flat.dtype)
    curvature = (1 - forget) * chain.curvature + forget * scale * (jacobian.T @ jacobian)
    center = center_of_leaves(chain.hidden, some.kinds)
    # The curvature is that of all the data, the variance that of some.
    seen = detectable_heights(some, unravel(jnp.diagonal(curvature) / scale))
    least = jax.tree.map(lambda height: 0.1 * jnp.sum(height**-2) ** -0.5, seen)
    statistics = draw_statistics(of_statistics, chain.hidden, center, least, some.kinds)
    held, pull = _linearized(lambda x: _held(some, unravel(x), center, statistics), flat)
    metric = curvature / level**2 + pull.T @ pull
    # Sites that neither data nor prior hold would be thrown far away.
    metric = metric + jnp.diag(1e-3 * over_leaves(some, chain.hidden, jnp.diagonal(metric)))
    gradient = scale * (jacobian.T @ residual) / level**2 + pull.T @ held
    step = _langevin_step(method, metric, gradient, chain.velocity, of_noise, _groups(some.kinds, unravel))
    hidden = some.within_bounds(unravel(flat + step))
    # What a bound has stopped has no inertia left.
    velocity = ravel_pytree(hidden)[0] - flat
    mean = jax.tree.map(lambda old, new: old + 0.02 * (new - old), chain.mean, hidden)
    return Chain(hidden, velocity, mean, curvature, chain.key, chain.passes)


def _held(problem, hidden, center, statistics):
    """What the prior with the drawn statistics holds, and what the priors hold that are known."""
    return jnp.concatenate(
        [residuals_of_statistics(hidden, center, statistics, problem.kinds), problem.prior_residuals(hidden)]
    )


def _langevin_step(method, metric, gradient, velocity, key, groups):
    rate, momentum, reach = (n.astype(metric.dtype) for n in (method.rate, method.momentum, method.reach))
    factor = jnp.linalg.cholesky(metric)
    downhill = -jax.scipy.linalg.cho_solve((factor, True), gradient)
    white = jax.random.normal(key, gradient.shape, gradient.dtype)
    noise = jax.scipy.linalg.solve_triangular(factor, white, trans=1, lower=True)
    # Far from the data the model is not to be trusted: the downhill part must not exceed thermal motion by much.
    pairs = zip(groups(noise, metric), groups(downhill, metric))
    ratios = jnp.stack([jnp.sqrt(jnp.mean(thermal**2) / jnp.mean(driven**2)) for thermal, driven in pairs])
    downhill = downhill * jnp.minimum(1.0, reach * jnp.nan_to_num(jnp.min(ratios), nan=1.0))
    heat = rate * (1 - momentum) * (2 - rate / (1 + momentum))
    step = momentum * velocity + rate * downhill + jnp.sqrt(heat) * noise
    return jnp.where(jnp.all(jnp.isfinite(step)), step, 0.0)


def _groups(kinds, unravel):
    """Splits unknowns into groups of one unit: each map; and all other entries, in units of their own deviation."""

    def split(unknowns, metric):
        leaves = list(zip(jax.tree.leaves(unravel(unknowns)), jax.tree.leaves(unravel(jnp.diagonal(metric))), kinds))
        others = [(leaf * jnp.sqrt(of_leaf)).reshape(-1) for leaf, of_leaf, kind in leaves if not kind.is_map]
        return [leaf for leaf, _, kind in leaves if kind.is_map] + ([jnp.concatenate(others)] if others else [])

    return split


def _linearized(function, flat):
    value, push = jax.linearize(function, flat)
    return value, columns(push, flat)
