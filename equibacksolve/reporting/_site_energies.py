"""Hidden potentials of devices, as energies at their sites."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.diagnostics import Selector, Uncertainty, errors_of
from equibacksolve.plotting import SiteLayout
from equibacksolve.samples import AbstractSiteEnergies, MapOfSites, SiteEnergies
from equibacksolve.simulators import AbstractSimulator, TightBindingDevice


class SitesOfLeaf(NamedTuple):
    """What a hidden leaf makes of the energies of the sites: found, and errors, start and truth as far as known."""

    layout: SiteLayout
    values: Float[np.ndarray, " sites"]
    errors: Float[np.ndarray, " sites"] | None
    start: Float[np.ndarray, " sites"] | None
    truth: Float[np.ndarray, " sites"] | None


def sites_of(
    simulator: AbstractSimulator,
    path: Any,
    where: Selector,
    others: tuple[AbstractSimulator | None, AbstractSimulator | None, AbstractSimulator | None],
    known: Uncertainty | None,
) -> SitesOfLeaf | None:
    """None unless the leaf belongs to a potential on the sites of a device; `others` are errors, start and truth."""
    nodes = _nodes(simulator, path)
    device = next((node for node in nodes if isinstance(node, TightBindingDevice)), None)
    potential = next((node for node in reversed(nodes) if isinstance(node, AbstractSiteEnergies)), None)
    if device is None or potential is None or potential is not nodes[-2]:
        return None
    errors, *rest = others
    start, truth = (None if other is None else np.asarray(_energies(other, path), float) for other in rest)
    found = np.asarray(potential.energies(), float)
    return SitesOfLeaf(SiteLayout.of(device), found, _errors(simulator, path, where, errors, known), start, truth)


def _errors(simulator, path, where, errors, known):
    """From the covariance where that is known; a number of its own for each site has its own error."""
    if known is not None:
        return np.asarray(errors_of(lambda s: _energies(s, path), simulator, known, where=where), float)
    alone = isinstance(_nodes(simulator, path)[-2], (SiteEnergies, MapOfSites))
    return np.asarray(_energies(errors, path), float) if alone and errors is not None else None


def _energies(simulator: Any, path: Any) -> Float[Array, " sites"]:
    return _nodes(simulator, path)[-2].energies()


def _nodes(simulator: Any, path: Any) -> list[Any]:
    """The simulator, and what stands at each step of the path to a leaf."""
    nodes = [simulator]
    for key in path:
        named = isinstance(key, jax.tree_util.GetAttrKey)
        step = key.name if named else getattr(key, "idx", getattr(key, "key", None))
        nodes.append(getattr(nodes[-1], str(step)) if named else nodes[-1][step])
    return nodes
