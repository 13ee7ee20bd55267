"""The inverse problem: which leaves are hidden, and how far a guess of them is from the data (eq. 1)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from equibacksolve._arrays import known_array
from equibacksolve._axes import Flag, Scalar
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._bounds import bounds_on_leaves
from equibacksolve.inverse._leaves import Hidden, LeafKind, Selector, hidden_leaves, kinds_of_leaves
from equibacksolve.inverse._misfit import cost, residuals
from equibacksolve.inverse._priors import AbstractPrior, Smoothness
from equibacksolve.inverse._residual_transforms import AbstractResidualTransform
from equibacksolve.inverse._shared_leaves import check_sets_share
from equibacksolve.simulators import AbstractSimulator, told_if_untraceable


class Problem(eqx.Module):
    """A simulator with hidden leaves, and the data that they must explain.

    **Fields**

    - `known`: the simulator without its hidden leaves.
    - `observed`: the data.
    - `tolerance`: the cost at which the data count as explained.
    - `spread`: the cost at which nothing of the data is explained, see `spread_of_data`. Costs are judged against it.
    - `lower`, `upper`: bounds on the hidden leaves, or None.
    - `kinds`: what the fields say about their leaves (period, smoothness).
    - `priors`: what is known of the hidden leaves beforehand.
    - `transform`: what a stage of a search looks at instead of the plain residuals of the data, or None.
    - `stage_prior`: what a stage holds its maps by, in units of the residuals, or None. It guides the stage. It does
      not count where guesses are compared, unlike `priors`.
    """

    known: PyTree
    observed: AbstractObservations
    tolerance: Scalar
    spread: Scalar
    lower: Hidden | None
    upper: Hidden | None
    kinds: tuple[LeafKind, ...] = eqx.field(static=True)
    priors: tuple[AbstractPrior, ...] = ()
    transform: AbstractResidualTransform | None = None
    stage_prior: Smoothness | None = None

    def simulator(self, hidden: Hidden) -> AbstractSimulator:
        """The simulator with these hidden leaves in their places."""
        return eqx.combine(hidden, self.known)

    def hidden_of(self, simulator: AbstractSimulator) -> Hidden:
        """The hidden leaves of another simulator of this kind."""
        return eqx.filter(simulator, jax.tree.map(lambda leaf: leaf is None, self.known, is_leaf=lambda x: x is None))

    def residuals(self, hidden: Hidden) -> Float[Array, " data"]:
        """(g(x_i; p) - y_i) / sigma_i, flat; without sigma the plain difference, and 0 for what is masked."""
        return residuals(self.simulator(hidden), self.observed)

    def cost(self, hidden: Hidden) -> Float[Array, ""]:
        """The mean square of the residuals: eq. 1, or chi-squared per datum if sigma is known."""
        return cost(self.simulator(hidden), self.observed)

    @property
    def has_landscape(self) -> bool:
        """Whether some hidden leaf is a map, whose neighbours are neighbours in space."""
        return any(kind.is_map for kind in self.kinds)

    @property
    def maps(self) -> tuple[LeafKind, ...]:
        """The kinds of the leaves, with nothing but maps called smooth: what a search assumes by itself."""
        return tuple(kind._replace(smooth=kind.is_map) for kind in self.kinds)

    def staged(self, transform: AbstractResidualTransform | None, prior: Smoothness | None = None) -> "Problem":
        """The same problem, as a stage sees it: through a residual transform, its maps held by a prior."""
        return dataclasses.replace(self, transform=transform, stage_prior=prior)

    def bounded(self, lower: Hidden, upper: Hidden) -> "Problem":
        """The same problem within these bounds instead of its own."""
        return dataclasses.replace(self, lower=lower, upper=upper)

    def objective_residuals(self, hidden: Hidden, plain: Float[Array, " data"]) -> Float[Array, " transformed"]:
        """What the stage makes of the plain residuals, and beside it what priors hold, in the same units.

        Without sigma, the cost at which the data count as explained stands for the variance of their noise.
        """
        made = [plain if self.transform is None else self.transform(self.observed, plain)]
        if self.stage_prior is not None:
            made += self.stage_prior.residuals(hidden, self.maps)
        if self.priors:
            made.append(self._in_units(self.prior_residuals(hidden)))
        return jnp.concatenate(made) if len(made) > 1 else made[0]

    def penalty(self, hidden: Hidden) -> Float[Array, ""]:
        """What the priors add to the cost: of two guesses, the one with the lower sum is more probable."""
        return jnp.sum(self._in_units(self.prior_residuals(hidden)) ** 2) / self.observed.count

    def _in_units(self, held):
        return held if self.observed.sigma is not None else jnp.sqrt(self.tolerance).astype(held.dtype) * held

    def prior_residuals(self, hidden: Hidden) -> Float[Array, " held"]:
        """Residuals h of the priors, minus log p = |h|^2 / 2, flat."""
        nothing = jnp.zeros(0, jax.tree.leaves(hidden)[0].dtype)
        parts = [part.reshape(-1) for prior in self.priors for part in prior.residuals(hidden, self.kinds)]
        return jnp.concatenate([nothing, *parts])

    def objective(self, hidden: Hidden) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """What the stage minimises, and beside it the plain cost."""
        plain = self.residuals(hidden)
        count = self.observed.count
        return jnp.sum(self.objective_residuals(hidden, plain) ** 2) / count, jnp.sum(plain**2) / count

    def explained(self, cost: Float[Array, ""]) -> Flag:
        """Whether the data are explained at this cost."""
        return cost <= self.tolerance

    @property
    def rounding(self) -> Scalar:
        """Differences of costs below this are rounding, whatever the cost: residuals are differences of data.

        A simulation is taken as good to a hundred units in the last place.
        """
        square = self.observed.mean_square()
        return 1e4 * jnp.finfo(square.dtype).eps ** 2 * jnp.where(square > 0, square, self.spread)

    def is_minimum(self, objective: Scalar, decrease: Scalar, resolution: float) -> Flag:
        """Whether a further step changes nothing that matters: the criterion by which a search has arrived.

        `decrease` is by how much the linear model expects the objective to fall in a full Gauss-Newton step:
        g^T H^-1 g. Chi-squared falls by N times that, in units of the variance of the noise: sigma^2, or the objective
        itself if sigma is unknown or the fit is worse than sigma says. Its square root is how far the minimum is away,
        counted in standard errors (Bates and Watts, Technometrics 23, 179 (1981)). That must be below `resolution`; or
        `decrease` is rounding. No unit of an unknown or of a datum enters.
        """
        noise = objective if self.observed.sigma is None else jnp.maximum(objective, 1.0)
        enough = jnp.maximum(resolution**2 * noise / self.observed.count, self.rounding)
        return (decrease <= enough) & jnp.isfinite(objective)

    def within_bounds(self, hidden: Hidden) -> Hidden:
        """The nearest hidden leaves that keep the bounds."""
        if self.lower is None:
            return hidden
        return jax.tree.map(jnp.clip, hidden, self.lower, self.upper)


def make_problem(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    where: Selector,
    bounds: Any = None,
    tolerance: float | int | None = None,
    priors: AbstractPrior | Sequence[AbstractPrior] = (),
) -> tuple[Problem, Hidden]:
    """Split a simulator into what is known and what is hidden, and check that the two can be solved for.

    Raises ValueError if `where` selects nothing that can be trained, if the start has a cost that is not finite, or if
    the bounds are not in order.
    """
    several = (priors,) if isinstance(priors, AbstractPrior) else tuple(priors)
    selected = hidden_leaves(simulator, where)
    hidden, known = eqx.partition(simulator, selected)
    # An explicit dtype, for a leaf made of a Python number has a weak one, and a step would be compiled twice.
    hidden = jax.tree.map(lambda leaf: jnp.asarray(leaf, leaf.dtype), hidden)
    lower, upper = bounds_on_leaves(bounds, simulator, where, hidden)
    observed = _in_precision(observed, jnp.result_type(*jax.tree.leaves(hidden)))
    nothing = known_array(0, observed.values.dtype)
    problem = Problem(known, observed, nothing, nothing, lower, upper, kinds_of_leaves(hidden), several)
    check_sets_share(hidden, known)
    start = problem.within_bounds(hidden)
    misfit = _cost_at_start(problem, start)
    spread = spread_of_data(observed, misfit)
    allowed = known_array(_tolerance(observed, spread) if tolerance is None else tolerance, nothing.dtype)
    return dataclasses.replace(problem, tolerance=allowed, spread=known_array(spread, nothing.dtype)), start


def _in_precision(observed: AbstractObservations, dtype: jnp.dtype) -> AbstractObservations:
    """The data in the precision of the hidden leaves, in which the search computes."""
    cast = lambda array: array.astype(dtype) if eqx.is_inexact_array(array) else array
    return jax.tree.map(cast, observed)


def _cost_at_start(problem: Problem, start: Hidden) -> float:
    """The cost at the start. Raises ValueError if it is not finite, or if simulator and data do not fit."""
    observed, name = problem.observed, type(problem.known).__name__
    if not observed.variables and type(problem.known).observe is not AbstractSimulator.observe:
        raise ValueError(f"observed has no variables, but {name}.observe needs one entry a datum.")
    try:
        misfit = float(problem.cost(start))
    except TypeError as error:
        if told := told_if_untraceable(name, error):
            raise TypeError(told) from error
        if "argument" not in str(error):
            raise
        raise ValueError(
            f"{name} does not take the variables {sorted(observed.variables)} of the observations ({error}); name them "
            "as the arguments of its predict or observe."
        ) from error
    if not np.isfinite(misfit):
        raise ValueError(
            f"the cost at the start is {misfit}; start from finite hidden leaves inside the model's range."
        )
    return misfit


def spread_of_data(observed: AbstractObservations, misfit: float) -> float:
    """The cost at which nothing is explained: the variance of the data.

    Data that are all the same have none (up to rounding): then it is their mean square, and for zeros the `misfit` at
    the start.
    """
    variance, square = float(observed.variance()), float(observed.mean_square())
    if variance > 1e4 * float(jnp.finfo(observed.values.dtype).eps) ** 2 * square:
        return variance
    return square if square > 0 else misfit


def _tolerance(observed: AbstractObservations, spread: float) -> float:
    """The cost at which data count as explained.

    With sigma, chi-squared per datum is 1 +- sqrt(2/N) at the truth, and less where the fit follows the noise. Without,
    the data are taken as free of noise, and a millionth of their spread may remain.
    """
    if observed.sigma is not None:
        mean, deviation = observed.expected_cost()
        return mean + 3 * deviation / float(observed.count) ** 0.5
    return 1e-6 * spread
