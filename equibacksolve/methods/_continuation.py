"""Coarse to fine: the same search on blurred data under a strong prior first, on sharp data without it at last."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from equibacksolve._arrays import float_array
from equibacksolve.inverse import (
    Composed,
    Hidden,
    Problem,
    Smoothing,
    SmoothnessPrior,
    Weighted,
    center_of_leaves,
    evening_weights,
)
from equibacksolve.methods._levels import detectable_heights_at, sensitivity_of_data
from equibacksolve.methods._method import AbstractMethod, State, around
from equibacksolve.methods._suitable_equations import FEW_UNKNOWNS


def _entries(values: Any) -> Shaped[Array, "..."]:
    return float_array(np.asarray(values))


class Schedule(eqx.Module):
    """The stages of a continuation, one entry a stage.

    **Fields**

    - `width`: of the blur, as a fraction of the range of the settings.
    - `strength`: of the prior, against the mean curvature of the cost at the start: a map that by the linear model
      changes the data by their standard deviation adds `strength` times their variance to the cost.
    - `length`: over which the prior expects the map to vary, in entries of the leaf.
    - `evened`: whether data that depend on the unknowns more than others count less (`evening_weights`, at the guess
      with which the stage begins); left out, never.
    """

    width: Float[Array, " stages"] = eqx.field(converter=_entries)
    strength: Float[Array, " stages"] = eqx.field(converter=_entries)
    length: Float[Array, ""] = eqx.field(converter=float_array)
    evened: tuple[bool, ...] = eqx.field(static=True)

    def __init__(self, width: Any, strength: Any, length: Any, evened: Sequence[bool] | None = None):
        self.width, self.strength, self.length = width, strength, length
        self.evened = (False,) * np.size(width) if evened is None else tuple(map(bool, evened))

    def __check_init__(self):
        if len({self.width.shape, self.strength.shape, (len(self.evened),)}) > 1:
            raise ValueError(
                f"a schedule got {self.width.shape[0]} widths, {self.strength.shape[0]} strengths and "
                f"{len(self.evened)} of evened; give one of each a stage."
            )


def brisk_schedule(length: float = 1.0) -> Schedule:
    """Four stages for landscapes that vary over a few entries, then evened data and data as they are."""
    return _with_even_end([0.15, 0.075, 0.0375, 0.0], [8e-4, 8e-5, 8e-6, 8e-7], length)


def patient_schedule(length: float = 2.0) -> Schedule:
    """The same with five stages that keep the blur longer under a weaker prior, for higher and smoother landscapes."""
    return _with_even_end([0.15, 0.15, 0.075, 0.0375, 0.0], [8e-5, 8e-6, 8e-6, 8e-7, 8e-8], length)


def single_stage(length: float = 1.0) -> Schedule:
    """Sharp data, and no prior but the one that noise calls for."""
    return Schedule([0.0], [0.0], length)


def even_first(length: float = 1.0) -> Schedule:
    """Evened data, for which a start may be ten times as far away, then data as they are."""
    return _with_even_end([], [], length)


def two_stages(length: float = 1.0) -> Schedule:
    """`method` finds the valley, and `last` goes to its bottom: of evened data, then of data as they are."""
    return _with_even_end([0.0], [0.0], length)


def _with_even_end(width: list[float], strength: list[float], length: float) -> Schedule:
    """Three stages more, of sharp data without a prior: evened, evened anew from a better guess, and as they are."""
    sharp = [0.0, 0.0, 0.0]
    return Schedule(width + sharp, strength + sharp, length, [False] * len(width) + [True, True, False])


class Continuation(AbstractMethod):
    """Run `method` stage after stage, each from where the last one ended.

    The prior is centred on the mean of each leaf at the start. If sigma is known, and the problem has no prior of its
    own, it never gets weaker than noise calls for: the posterior density is exp(-(chi-squared + c^T P c / s^2) / 2),
    with s the height of the landscape, so its weight against chi-squared per datum is 1/(N s^2). s is taken from the
    landscape that the stage begins with.

    **Fields** `method`: run in each stage; `last`: run in the last stage and in those of evened data; `schedule`: the
    stages.
    """

    method: AbstractMethod
    last: AbstractMethod
    schedule: Schedule

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        center = center_of_leaves(hidden, problem.kinds)
        heights = self.heights(problem, hidden)
        strength = self.strength(problem, hidden, center, heights, 0)
        weights = self.weights(problem, hidden, 0)
        inner = self.method_of(0).init(self.staged(problem, center, strength, weights, 0), hidden, key)
        looked = inner.evaluations + self.asks_for_heights(problem) + self.looks_at_data(hidden, 0)
        return around(inner, (center, heights, strength, weights, key), looked, done=False, stage=0)

    def step(self, problem: Problem, state: State) -> State:
        inner, (center, heights, strength, weights, key) = state.inner
        stage, looked = int(state.stage), 0
        explained = bool(problem.explained(inner.cost))
        if bool(inner.done) or (explained and stage < self._last_stage):
            # Data that are explained already need no stage but the last, which leads to the minimum.
            stage = self._last_stage if explained else stage + 1
            strength = self.strength(problem, inner.hidden, center, heights, stage)
            weights, looked = self.weights(problem, inner.hidden, stage), self.looks_at_data(inner.hidden, stage)
        staged = self.staged(problem, center, strength, weights, stage)
        if stage != int(state.stage):
            inner = self.method_of(stage).init(staged, inner.hidden, key)
        found = self.method_of(stage).step(staged, inner)
        used = state.evaluations + found.evaluations - inner.evaluations + looked
        done = bool(found.done) and stage == self._last_stage
        return around(found, (center, heights, strength, weights, key), used, done=done, stage=stage)

    @property
    def _last_stage(self):
        return self.schedule.width.shape[0] - 1

    def method_of(self, stage: int) -> AbstractMethod:
        """What runs in this stage."""
        return self.last if stage == self._last_stage or self.schedule.evened[stage] else self.method

    def asks_for_heights(self, problem: Problem) -> bool:
        """Whether a prior of some stage needs to know how high the maps are."""
        return problem.has_landscape and bool(jnp.any(self.schedule.strength > 0))

    def heights(self, problem: Problem, hidden: Hidden) -> Float[Array, " leaves"]:
        """The unit in which the prior counts each leaf: `detectable_heights`, at the start."""
        if not self.asks_for_heights(problem):
            return jnp.ones(len(problem.kinds), ravel_pytree(hidden)[0].dtype)
        return jnp.stack([jnp.min(height) for height in jax.tree.leaves(detectable_heights_at(problem, hidden))])

    def strength(
        self, problem: Problem, hidden: Hidden, center: Hidden, heights: Float[Array, " leaves"], stage: int
    ) -> Float[Array, " leaves"]:
        """The weight of the prior on each leaf in this stage, if it begins at `hidden`."""
        scheduled = self.schedule.strength[stage].astype(heights.dtype) * problem.spread / heights**2
        if problem.observed.sigma is None or problem.priors:
            return scheduled
        length = self.schedule.length.astype(heights.dtype)
        unit = SmoothnessPrior(jnp.ones_like(heights[0]), length, center, problem.maps)
        return jnp.maximum(scheduled, 1 / (problem.observed.count * unit.squared_heights(hidden)))

    def looks_at_data(self, hidden: Hidden, stage: int) -> bool:
        """Whether this stage begins with a simulation, for its weights."""
        return self.schedule.evened[stage] and sum(leaf.size for leaf in jax.tree.leaves(hidden)) <= FEW_UNKNOWNS

    def weights(self, problem: Problem, hidden: Hidden, stage: int) -> Float[Array, " data"]:
        """The weight of each datum in this stage, if it begins at `hidden`."""
        if self.looks_at_data(hidden, stage):
            return evening_weights(sensitivity_of_data(problem, hidden))
        return jnp.ones(problem.observed.values.size, jax.tree.leaves(hidden)[0].dtype)

    def staged(
        self,
        problem: Problem,
        center: Hidden,
        strength: Float[Array, " leaves"],
        weights: Float[Array, " data"],
        stage: int,
    ) -> Problem:
        """The problem as this stage sees it."""
        prior = SmoothnessPrior(strength, self.schedule.length.astype(strength.dtype), center, problem.maps)
        blurred = Smoothing(self.schedule.width[stage].astype(strength.dtype))
        return problem.staged(Composed((Weighted(weights), blurred, prior)))
