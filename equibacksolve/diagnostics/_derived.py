"""Values and errors of what follows from the hidden leaves."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from equibacksolve.diagnostics._errors_of import errors_of
from equibacksolve.diagnostics._posterior_samples import PosteriorSamples
from equibacksolve.diagnostics._uncertainty import Uncertainty, standard_errors
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import AbstractObservations
from equibacksolve.simulators import AbstractSimulator


class Derived(eqx.Module):
    """A quantity and its standard error.

    - `value`, `error`: each as the quantity is returned.
    """

    value: PyTree[Float[Array, "..."]]
    error: PyTree[Float[Array, "..."]]


def derived(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    quantity: Callable[[Any], Any],
    *,
    where: Selector,
    prior_precision: Float[Any, "*shape"] | float | int = 0.0,
    bounds: Any = None,
    known: Uncertainty | None = None,
    samples: PosteriorSamples | None = None,
) -> Derived:
    """Any quantity that follows from what was found, with its standard error.

        mean = diagnostics.derived(found.simulator, observed, lambda s: jnp.mean(hidden(s)), where=hidden)
        band = diagnostics.derived(found.simulator, observed, lambda s: s.predict(flux=flux, energy=E), where=hidden)

    The errors are those of `errors_of`: to first order in the errors of the hidden leaves, with their correlations. The
    second line predicts readings where nobody measured; a new reading has the noise of the instrument beside.

    **Arguments**

    - `quantity`: a function of the simulator that returns an array, or a tuple or dictionary of them.
    - `known`: what `standard_errors` gave, if it was called already; else the other arguments go to it.
    - `samples`: what `posterior_samples` gave. Then value and error are mean and standard deviation over the draws,
      which hold beyond the first order; `samples.interval` has quantiles.

    **Raises** ValueError if the quantity or its slope is not finite, and what `standard_errors` raises.
    """
    if samples is not None:
        return _over_draws(samples.of(quantity))
    if known is None:
        chosen = {"where": where, "prior_precision": prior_precision, "bounds": bounds}
        known = standard_errors(simulator, observed, **chosen)
    flat = lambda one: ravel_pytree(jax.tree.map(jnp.asarray, quantity(one)))[0]
    value = jax.tree.map(jnp.asarray, quantity(simulator))
    numbers, unravel = ravel_pytree(value)
    if not jnp.issubdtype(numbers.dtype, jnp.floating):
        raise ValueError(f"quantity returns {numbers.dtype}, which has no error; let it return real numbers.")
    check_finite("quantity", numbers)
    error = errors_of(flat, simulator, known, where=where)
    check_finite("the slope of quantity", error)
    return Derived(value, unravel(error))


def _over_draws(values: PyTree[Array]) -> Derived:
    """Mean and standard deviation over chains and draws."""
    for value in jax.tree.leaves(values):
        check_finite("quantity", value, "in the draws")
    mean, deviation = (jax.tree.map(lambda value: of(value, axis=(0, 1)), values) for of in (jnp.mean, jnp.std))
    return Derived(mean, deviation)


def check_finite(name: str, numbers: Float[Array, "..."], place: str = "at what was found") -> None:
    """Raise ValueError if a number is not finite."""
    lost = int(np.sum(~np.isfinite(np.asarray(numbers))))
    if lost:
        raise ValueError(
            f"{name} has {lost} of {numbers.size} entries that are not finite {place}, so that it has no "
            "error; look for a division, a root or a logarithm at zero."
        )
