"""Intervals that hold beyond the linear regime: how far a quantity can go until the best fit is too bad."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from equibacksolve._axes import Scalar
from equibacksolve.diagnostics._derived import check_finite
from equibacksolve.diagnostics._estimated_noise import estimated_noise
from equibacksolve.diagnostics._levels import probabilities
from equibacksolve.diagnostics._profile_fit import Entry, Function, ProfilePoint, held_fit
from equibacksolve.diagnostics._profile_walk import LowerMinimum, OnSide, end_at, walked
from equibacksolve.diagnostics._uncertainty import standard_errors
from equibacksolve.diagnostics._unknowns import Entry as EntryIndex
from equibacksolve.diagnostics._unknowns import Selector, entry_number, hidden_and_known
from equibacksolve.inverse import AbstractObservations, AbstractPrior, Hidden, Problem, make_problem
from equibacksolve.simulators import AbstractSimulator

LEVELS = (0.683, 0.954)
"""One and two standard deviations of a normal distribution."""


class ProfileInterval(eqx.Module):
    """The profile of a quantity, and its intervals.

    **Fields**

    - `estimate`, `error`: at the minimum; the standard error of linear theory.
    - `levels`: the probabilities of the intervals; `quantiles`: the distances at which they end.
    - `lower`, `upper`: the ends, infinite where an interval is open.
    - `limited`: for lower and upper ends, whether a bound (or the model) lets the quantity go no further: the interval
      is one-sided, and its end is that limit.
    - `values`, `distances`: points of the profile, from the lowest value to the highest: the quantity, and the root of
      how much chi-squared has risen, negative below the estimate. Of a linear model it is (value - estimate) / error.
    """

    estimate: Scalar
    error: Scalar
    levels: Float[Array, " levels"]
    quantiles: Float[Array, " levels"]
    lower: Float[Array, " levels"]
    upper: Float[Array, " levels"]
    limited: Bool[Array, "2 levels"]
    values: Float[Array, " points"]
    distances: Float[Array, " points"]

    @property
    def told(self) -> list[str]:
        """Each interval in one sentence."""
        return [self._told(number) for number in range(self.levels.size)]

    def _told(self, number: int) -> str:
        low, high = float(self.lower[number]), float(self.upper[number])
        seen = {"below": float(self.values[0]), "above": float(self.values[-1])}
        text = f"{100 * float(self.levels[number]):.3g} %: {low:.5g} to {high:.5g}"
        for end, side in ((low, "below"), (high, "above")):
            if np.isinf(end):
                text += f", open {side}: chi-squared stays under the level as far as {seen[side]:.3g}"
        for row, (end, side) in enumerate(((low, "lower"), (high, "upper"))):
            if self.limited[row, number]:
                text += f", one-sided: {end:.5g} is the {side} limit of the quantity"
        return f"{text}."


def profile_interval(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    quantity: Callable[[Any], Any] | EntryIndex,
    *,
    where: Selector,
    levels: Sequence[float] | Float[Any, " levels"] = LEVELS,
    bounds: Any = None,
    prior: AbstractPrior | Sequence[AbstractPrior] = (),
) -> ProfileInterval:
    """How far one quantity can go while the others are fitted anew, until chi-squared says no.

        interval = diagnostics.profile_interval(found.simulator, observed, lambda s: s.rate[0], where=hidden)
        interval.lower, interval.upper, interval.told

    The quantity is held at one value after another, and all hidden leaves are fitted at each. An interval ends where
    chi-squared has risen by the quantile of its distribution: z^2 of the normal distribution where sigma is known, and
    t^2 (the F distribution of 1 and N - n) times the estimated variance where it is not. Bates and Watts, Nonlinear
    Regression Analysis (1988), section 6.1. So it follows valleys that are bent, which standard errors do not, and it
    does not depend on how the unknowns are written. It is exact for a linear model.

    **Arguments**

    - `simulator`: what a search found. It is led to the minimum beside it first.
    - `quantity`: a function of the simulator that returns one number; or the index of an entry, as in `cost_surface`.
    - `levels`: probabilities. `bounds`, `prior`: those of the search.

    **Raises** ValueError for levels that are no probabilities, a quantity that is not one finite number or does not
    depend on what is hidden, and if a fit on the way is better than the minimum that was found; and what
    `standard_errors` raises.
    """
    wanted = probabilities(levels)
    held = _quantity(simulator, where, quantity)
    # Where sigma is unknown, it is estimated at the minimum: the first pass leads there.
    for _ in range(1 if observed.sigma is not None else 2):
        quantiles, weighted = _quantiles_and_sigma(simulator, observed, where, wanted)
        problem, hidden = make_problem(simulator, weighted, where, bounds, None, prior)
        best = held_fit(problem, hidden, held, 0.0, np.inf)
        simulator = problem.simulator(best.hidden)
    fit = lambda last, target, width: held_fit(problem, last.hidden, held, target, width)
    error, scale = _error(problem, best.hidden, held, where, bounds)
    try:
        sides = [walked(fit, best, scale, side, float(quantiles.max())) for side in (-1, 1)]
        ends = [[_end(fit, sides[row], best, side, q) for q in quantiles] for row, side in enumerate((-1, 1))]
    except LowerMinimum as met:
        raise ValueError(
            f"with the quantity at {met.point.value:.5g}, chi-squared is lower by "
            f"{best.squares - met.point.squares:.3g} than at the minimum that was found, {best.value:.5g}; search on "
            "from there, or with another key."
        ) from None
    return _assembled(best, error, wanted, quantiles, sides, ends)


def _quantiles_and_sigma(
    simulator, observed: AbstractObservations, where: Selector, levels: Float[np.ndarray, " levels"]
) -> tuple[Float[np.ndarray, " levels"], AbstractObservations]:
    """Distances at which the intervals end, and the data with a sigma, estimated if need be."""
    tails = (1 + levels) / 2
    if observed.sigma is not None:
        return scipy.special.ndtri(tails), observed
    noise = estimated_noise(simulator, observed, where=where)
    freedom = sum(map(float, noise.freedom.values() if isinstance(noise.freedom, dict) else [noise.freedom]))
    return scipy.special.stdtrit(freedom, tails), noise.observed


def _quantity(simulator: AbstractSimulator, where: Selector, quantity: Any) -> Entry | Function:
    if not callable(quantity):
        return Entry(jnp.asarray(entry_number(simulator, where, quantity)))
    value = np.asarray(quantity(simulator))
    if value.shape != () or not np.isfinite(value):
        raise ValueError(
            f"quantity returns {'an array of shape ' + str(value.shape) if value.shape else value} at what was found; "
            "let it return one finite number."
        )
    return Function(quantity)


def _error(
    problem: Problem, hidden: Hidden, held: Entry | Function, where: Selector, bounds: Any
) -> tuple[float, float]:
    """The standard error of the quantity, and its scale: that error, or a one-sided one where bounds hold it."""
    flat, unravel = ravel_pytree(hidden)
    of_priors = jax.jacfwd(lambda unknowns: problem.prior_residuals(unravel(unknowns)))(flat)
    simulator = problem.simulator(hidden)
    precision = of_priors.T @ of_priors
    known = standard_errors(simulator, problem.observed, where=where, prior_precision=precision, bounds=bounds)
    slope = jax.grad(lambda unknowns: held(unravel(unknowns), problem.known))(flat)
    check_finite("the slope of quantity", slope)
    each = ravel_pytree(hidden_and_known(known.errors, where)[0])[0]
    error = float(jnp.sqrt(jnp.maximum(slope @ known.covariance @ slope, 0.0)))
    scale = error or float(jnp.linalg.norm(slope * each))
    if not scale > 0:
        raise ValueError("quantity does not depend on what is hidden; choose another, or hide what it depends on.")
    return error, scale


def _end(fit, side_of: OnSide, best: ProfilePoint, side: int, quantile: float) -> tuple[float, bool]:
    """The end of an interval on one side, and whether it is a limit of the quantity."""
    if side_of.distances[-1] >= quantile:
        return end_at(fit, side_of, best, quantile), False
    if side_of.stop == "limit":
        return side_of.points[-1].value, True
    return side * np.inf, False


def _assembled(best, error, levels, quantiles, sides, ends) -> ProfileInterval:
    below, above = sides
    values = [point.value for point in below.points[:0:-1]] + [point.value for point in above.points]
    distances = [-distance for distance in below.distances[:0:-1]] + above.distances
    (lower, at_lower), (upper, at_upper) = (zip(*of_side) for of_side in ends)
    held = jnp.asarray([at_lower, at_upper])
    return ProfileInterval(
        *map(jnp.asarray, (best.value, error, levels, quantiles, lower, upper, held, values, distances))
    )
