"""Stages: one method after another, each from where the last one ended, each with its own view of the problem."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from equibacksolve._arrays import float_array, known_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import (
    Composed,
    Hidden,
    Problem,
    Smoothing,
    Smoothness,
    Weighted,
    center_of_leaves,
    count_unknowns,
    evening_weights,
)
from equibacksolve.methods._box import Box
from equibacksolve.methods._drawn import check_range, drawn, range_of
from equibacksolve.methods._levels import detectable_heights_at, sensitivity_of_data
from equibacksolve.methods._method import AbstractMethod, State, around
from equibacksolve.methods._suitable_equations import FEW_UNKNOWNS


class Stage(eqx.Module):
    """A method, and what it sees of the problem. By default it sees the problem as it is.

    - `method`: what runs in this stage.
    - `blur`: of the data, a standard deviation as a fraction of the range of the settings.
    - `strength`: of a smoothness prior on the maps, against the mean curvature of the cost at the start: a map that by
      the linear model changes the data by their standard deviation adds `strength` times their variance to the cost.
    - `evened`: whether data that depend on the unknowns more than others count less (`evening_weights`, at the guess
      with which the stage begins). Not with more than 2048 unknowns.
    - `box`: what the guesses are kept in, or None.
    """

    method: AbstractMethod
    blur: Scalar = eqx.field(converter=float_array, default=0.0)
    strength: Scalar = eqx.field(converter=float_array, default=0.0)
    evened: bool = eqx.field(static=True, default=False)
    box: Box | None = None


class View(NamedTuple):
    """What a stage makes of the problem, and what stays from stage to stage.

    - `center`, `length`: of all priors; `heights`: the unit in which they count each leaf.
    - `transform`, `prior`, `box`: of this stage. They are made once, for a step has no time for it.
    """

    center: Hidden
    heights: Float[Array, " leaves"]
    length: Scalar
    key: PRNGKeyArray
    transform: Composed | None = None
    prior: Smoothness | None = None
    box: tuple[Hidden, Hidden] | None = None


def _as_stages(given: Any) -> tuple[Stage, ...]:
    return tuple(one if isinstance(one, Stage) else Stage(one) for one in given)


class Stages(AbstractMethod):
    """Run the method of each stage, each from where the last one ended: coarse to fine, or a walk and then a descent.

    Data that are explained need no stage but the last, which leads to the minimum.

    The smoothness prior is centred on the mean of each leaf at the start. If sigma is known, and the problem has no
    prior of its own, it never gets weaker than noise calls for: the posterior density is
    exp(-(chi-squared + c^T P c / s^2) / 2), with s the height of the landscape, so its weight against chi-squared per
    datum is 1/(N s^2). s is taken from the landscape that the stage begins with.

    - `stages`: in their order. A method alone stands for a stage that sees the problem as it is.
    - `length`: over which the prior expects maps to vary, in entries of the leaf. Of two numbers, the length is drawn
      between them with the key of the start.

    **Raises** ValueError for no stage, and for lengths that are negative or not in order.
    """

    stages: tuple[Stage, ...] = eqx.field(converter=_as_stages)
    length: Float[Array, " 2"] = eqx.field(converter=range_of, default=1.0)

    def __check_init__(self):
        if not self.stages:
            raise ValueError("stages is empty; give at least one method.")
        check_range("length", self.length)
        shortest = np.asarray(self.length)[0]
        if shortest < 0:
            raise ValueError(f"length is {shortest:g}; give entries of the leaf, from 0.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        asked, dtype = self._asks_for_heights(problem), jnp.result_type(*jax.tree.leaves(hidden))
        heights = known_array(np.ones(len(problem.kinds)), dtype)
        if asked:
            seen = jax.tree.leaves(detectable_heights_at(problem, hidden))
            heights = jnp.stack([jnp.min(height) for height in seen])
        length = drawn(key, self.length).astype(dtype)
        view = View(center_of_leaves(hidden, problem.kinds), heights, length, key)
        view, search, looked = self._begun(problem, hidden, view, 0)
        return around(search, view, int(search.evaluations) + looked + asked, done=False, stage=0)

    def step(self, problem: Problem, state: State) -> State:
        search, view = state.inner
        number, last, used = int(state.stage), len(self.stages) - 1, int(state.evaluations)
        explained = number < last and bool(problem.explained(search.cost))
        if explained or bool(search.done):
            number = last if explained else number + 1
            view, search, looked = self._begun(problem, search.hidden, view, number)
            used = used + int(search.evaluations) + looked
        found = self.stages[number].method.step(_seen(problem, view), search)
        used = used + int(found.evaluations) - int(search.evaluations)
        return around(found, view, used, done=bool(found.done) and number == last, stage=number)

    def _begun(self, problem: Problem, hidden: Hidden, view: View, number: int) -> tuple[View, State, int]:
        """The view of a stage that begins at `hidden`, its search, and the simulations that the view took."""
        stage, box, looks = self.stages[number], None, 0
        if stage.box is not None:
            hidden, box = stage.box.around(problem, hidden, jax.random.fold_in(view.key, number))
            looks = stage.box.levels is None
        weights = known_array(np.ones(problem.observed.values.size), view.heights.dtype)
        if stage.evened and count_unknowns(hidden) <= FEW_UNKNOWNS:
            weights, looks = evening_weights(sensitivity_of_data(problem, hidden)), looks + 1
        transform = Composed((Weighted(weights), Smoothing(stage.blur.astype(view.length.dtype))))
        prior = Smoothness(view.length, self._prior_heights(problem, hidden, view, stage), view.center)
        view = view._replace(transform=transform, prior=prior, box=box)
        return view, stage.method.init(_seen(problem, view), hidden, view.key), looks

    def _prior_heights(self, problem: Problem, hidden: Hidden, view: View, stage: Stage) -> Float[Array, " leaves"]:
        """The height of the prior on each leaf in this stage, if it begins at `hidden`."""
        # With NumPy, so that nothing is compiled.
        dtype = view.heights.dtype
        weight = np.asarray(stage.strength, dtype) * np.asarray(problem.spread) * np.asarray(problem.observed.count)
        with np.errstate(divide="ignore"):
            scheduled = known_array(np.asarray(view.heights) / np.sqrt(weight), dtype)
        if problem.observed.sigma is None or problem.priors:
            return scheduled
        prior = Smoothness(view.length, jnp.ones_like(view.length), view.center)
        heights = prior.most_probable_heights(hidden, problem.maps)
        # A flat map does not tell how high it is.
        return jnp.minimum(scheduled, jnp.where(heights > 0, heights, jnp.inf))

    def _asks_for_heights(self, problem: Problem) -> bool:
        """Whether a prior of some stage needs to know how high the maps are."""
        return problem.has_landscape and any(np.asarray(stage.strength) > 0 for stage in self.stages)


def _seen(problem: Problem, view: View) -> Problem:
    """The problem as a stage sees it."""
    seen = problem.staged(view.transform, view.prior)
    return seen if view.box is None else seen.bounded(*view.box)
