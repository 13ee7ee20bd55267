"""Coarse to fine: the same search on blurred data under a strong prior first, on sharp data without it at last."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from equibacksolve._arrays import float_array
from equibacksolve.inverse._leaves import Hidden, center_of_leaves
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse._residual_transforms import Composed, Smoothing, SmoothnessPrior
from equibacksolve.inverse.methods._method import AbstractMethod, State


def _entries(values: Any) -> Shaped[Array, "..."]:
    return float_array(np.asarray(values))


class Schedule(eqx.Module):
    """The stages of a continuation, one entry a stage.

    **Fields** `width`: of the blur, as a fraction of the range of the settings; `strength`: of the prior, as a fraction
    of the variance of the data; `length`: over which the prior expects the landscape to vary, in entries of the leaf.
    """

    width: Float[Array, " stages"] = eqx.field(converter=_entries)
    strength: Float[Array, " stages"] = eqx.field(converter=_entries)
    length: Float[Array, ""] = eqx.field(converter=float_array)


def brisk_schedule(length: float = 1.0) -> Schedule:
    """Five stages, for landscapes that vary over a few entries."""
    return Schedule([0.15, 0.075, 0.0375, 0.0, 0.0], [4e-4, 4e-5, 4e-6, 4e-7, 0.0], length)


def patient_schedule(length: float = 2.0) -> Schedule:
    """Six stages that keep the blur longer under a weaker prior, for higher and smoother landscapes."""
    return Schedule([0.15, 0.15, 0.075, 0.0375, 0.0, 0.0], [4e-5, 4e-6, 4e-6, 4e-7, 4e-8, 0.0], length)


class Continuation(AbstractMethod):
    """Run `method` stage after stage, each from where the last one ended.

    **Fields** `method`: run in each stage; `last`: run in the last stage; `schedule`: the stages. The prior is centred
    on the mean of each leaf at the start.
    """

    method: AbstractMethod
    last: AbstractMethod
    schedule: Schedule

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        center = center_of_leaves(hidden, problem.kinds)
        inner = self._method(0).init(self._staged(problem, center, 0), hidden, key)
        return _outer(inner, (center, key), inner.evaluations, 0, done=False)

    def step(self, problem: Problem, state: State) -> State:
        inner, (center, key) = state.inner
        stage = int(state.stage)
        staged = self._staged(problem, center, stage)
        if bool(inner.done):
            stage = stage + 1
            staged = self._staged(problem, center, stage)
            inner = self._method(stage).init(staged, inner.hidden, key)
        found = self._method(stage).step(staged, inner)
        used = found.evaluations - inner.evaluations
        done = bool(found.done) and stage == self.schedule.width.shape[0] - 1
        return _outer(found, (center, key), state.evaluations + used, stage, done)

    def _method(self, stage):
        return self.last if stage == self.schedule.width.shape[0] - 1 else self.method

    def _staged(self, problem, center, stage):
        scale = problem.observed.variance()
        prior = SmoothnessPrior(self.schedule.strength[stage] * scale, self.schedule.length, center, problem.kinds)
        return problem.staged(Composed((Smoothing(self.schedule.width[stage]), prior)))


def _outer(inner, kept, evaluations, stage, done):
    return State(
        inner.hidden,
        inner.cost,
        jnp.asarray(done),
        evaluations,
        (inner, kept),
        jnp.asarray(stage, jnp.int32),
        inner.start,
    )
