"""Values and errors along a series of data sets."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from equibacksolve.diagnostics._derived import Derived, derived
from equibacksolve.diagnostics._unknowns import Selector
from equibacksolve.inverse import AbstractObservations
from equibacksolve.search import SolutionSeries


def derived_of_series(
    found: SolutionSeries,
    series: Mapping[Any, AbstractObservations],
    quantity: Callable[[Any], Any],
    *,
    where: Selector,
    **more: Any,
) -> Derived:
    """A quantity and its standard error in each solution of a series, with one more axis in front.

    **Arguments**

    - `found`: what `search.backsolve_series` found, of `series`.
    - `quantity`, `where`, `more`: as for `derived`.

    **Raises** what `derived` raises.
    """
    pairs = zip(found.solutions, series.values())
    each = [derived(one.simulator, observed, quantity, where=where, **more) for one, observed in pairs]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *each)
