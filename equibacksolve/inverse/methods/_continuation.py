"""Coarse to fine: the same search on blurred data under a strong prior first, on sharp data without it at last."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from equibacksolve._arrays import float_array
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse._residual_transforms import Composed, Smoothing, SmoothnessPrior
from equibacksolve.inverse.methods._levels import heights_seen_by_data
from equibacksolve.inverse.methods._method import AbstractMethod, State


def _entries(values: Any) -> Shaped[Array, "..."]:
    return float_array(np.asarray(values))


class Schedule(eqx.Module):
    """The stages of a continuation, one entry a stage.

    **Fields**

    - `width`: of the blur, as a fraction of the range of the settings.
    - `strength`: of the prior, against the mean curvature of the cost at the start: a map that by the linear model
      changes the data by their standard deviation adds `strength` times their variance to the cost.
    - `length`: over which the prior expects the map to vary, in entries of the leaf.
    """

    width: Float[Array, " stages"] = eqx.field(converter=_entries)
    strength: Float[Array, " stages"] = eqx.field(converter=_entries)
    length: Float[Array, ""] = eqx.field(converter=float_array)


def brisk_schedule(length: float = 1.0) -> Schedule:
    """Five stages, for landscapes that vary over a few entries."""
    return Schedule([0.15, 0.075, 0.0375, 0.0, 0.0], [8e-4, 8e-5, 8e-6, 8e-7, 0.0], length)


def patient_schedule(length: float = 2.0) -> Schedule:
    """Six stages that keep the blur longer under a weaker prior, for higher and smoother landscapes."""
    return Schedule([0.15, 0.15, 0.075, 0.0375, 0.0, 0.0], [8e-5, 8e-6, 8e-6, 8e-7, 8e-8, 0.0], length)


def single_stage(length: float = 1.0) -> Schedule:
    """Sharp data, and no prior but the one that noise calls for."""
    return Schedule([0.0], [0.0], length)


def two_stages(length: float = 1.0) -> Schedule:
    """The same twice: for a first method that finds the valley, and a last one that goes to its bottom."""
    return Schedule([0.0, 0.0], [0.0, 0.0], length)


class Continuation(AbstractMethod):
    """Run `method` stage after stage, each from where the last one ended.

    The prior is centred on the mean of each leaf at the start. If sigma is known, and the problem has no prior of its
    own, it never gets weaker than noise calls for: the posterior density is exp(-(chi-squared + c^T P c / s^2) / 2),
    with s the height of the landscape, so its weight against chi-squared per datum is 1/(N s^2). s is taken from the
    landscape that the stage begins with.

    **Fields** `method`: run in each stage; `last`: run in the last stage; `schedule`: the stages.
    """

    method: AbstractMethod
    last: AbstractMethod
    schedule: Schedule

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        center = center_of_leaves(hidden, problem.kinds)
        heights = self.heights(problem, hidden)
        strength = self.strength(problem, hidden, center, heights, 0)
        inner = self.method_of(0).init(self.staged(problem, center, strength, 0), hidden, key)
        looked = inner.evaluations + self.asks_for_heights(problem)
        return _outer(inner, (center, heights, strength, key), looked, 0, done=False)

    def step(self, problem: Problem, state: State) -> State:
        inner, (center, heights, strength, key) = state.inner
        stage = int(state.stage)
        explained = bool(problem.explained(inner.cost))
        if bool(inner.done) or (explained and stage < self._last_stage):
            # Data that are explained already need no stage but the last, which leads to the minimum.
            stage = self._last_stage if explained else stage + 1
            strength = self.strength(problem, inner.hidden, center, heights, stage)
            inner = self.method_of(stage).init(self.staged(problem, center, strength, stage), inner.hidden, key)
        found = self.method_of(stage).step(self.staged(problem, center, strength, stage), inner)
        used = found.evaluations - inner.evaluations
        done = bool(found.done) and stage == self._last_stage
        return _outer(found, (center, heights, strength, key), state.evaluations + used, stage, done)

    @property
    def _last_stage(self):
        return self.schedule.width.shape[0] - 1

    def method_of(self, stage: int) -> AbstractMethod:
        """What runs in this stage."""
        return self.last if stage == self._last_stage else self.method

    def asks_for_heights(self, problem: Problem) -> bool:
        """Whether a prior of some stage needs to know how high the maps are."""
        return problem.has_landscape and bool(jnp.any(self.schedule.strength > 0))

    def heights(self, problem: Problem, hidden: Hidden) -> Float[Array, " leaves"]:
        """The unit in which the prior counts each leaf: `seen_heights`, at the start."""
        if not self.asks_for_heights(problem):
            return jnp.ones(len(problem.kinds), ravel_pytree(hidden)[0].dtype)
        return jnp.stack([jnp.min(height) for height in jax.tree.leaves(heights_seen_by_data(problem, hidden))])

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

    def staged(self, problem: Problem, center: Hidden, strength: Float[Array, " leaves"], stage: int) -> Problem:
        """The problem as this stage sees it."""
        prior = SmoothnessPrior(strength, self.schedule.length.astype(strength.dtype), center, problem.maps)
        return problem.staged(Composed((Smoothing(self.schedule.width[stage].astype(strength.dtype)), prior)))


def _outer(inner, kept, evaluations, stage, done):
    return State(
        inner.hidden,
        inner.cost,
        jnp.asarray(done),
        evaluations,
        (inner, kept),
        jnp.asarray(stage, jnp.int32),
        inner.start,
        jnp.asarray(done) & inner.settled,
    )
