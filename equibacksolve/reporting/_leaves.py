"""The hidden leaves one by one, each with what is known of it."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from equibacksolve.diagnostics import Selector, Uncertainty, hidden_and_known
from equibacksolve.inverse import LeafKind, kinds_of_leaves, name_of_leaf
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting import POTENTIAL, SITE_ENERGY, Quantity, SiteLayout, quantity_in
from equibacksolve.reporting._site_energies import SitesOfLeaf, sites_of
from equibacksolve.simulators import AbstractSimulator


class HiddenLeaf(NamedTuple):
    """One hidden leaf: its path in the simulator, its numbers, and what they mean.

    `owner` is the module that holds it; `errors`, `start`, `truth` are numbers of the same shape, or None. `sites` is
    what it means for the sites of a device, if it is a potential of one. `units` are those that it is shown in, where
    they are not the package's.
    """

    name: str
    values: Float[np.ndarray, "..."]
    kind: LeafKind
    owner: Any
    errors: Float[np.ndarray, "..."] | None
    start: Float[np.ndarray, "..."] | None
    truth: Float[np.ndarray, "..."] | None
    sites: SitesOfLeaf | None
    units: LaboratoryUnits | None = None

    @property
    def is_a_map(self) -> bool:
        """Whether neighbouring entries are neighbours in the plane."""
        return self.kind.smooth and self.values.ndim == 2 and min(self.values.shape) > 1

    @property
    def shown(self) -> tuple[Float[np.ndarray, "..."], SiteLayout | None]:
        """The numbers that a picture shows, and the layout of their sites, if they are at sites."""
        return (self.values, None) if self.sites is None else (self.sites.values, self.sites.layout)

    @property
    def is_a_magnetization(self) -> bool:
        """Whether these are the angles of moments in the x-z plane."""
        return self.kind.picture == "magnetization"

    @property
    def is_a_structure(self) -> bool:
        """Whether these are positions of atoms in a box."""
        return self.kind.picture == "atoms" and self.box is not None and self.values.shape[1:] == (2,)

    @property
    def box(self) -> Any:
        """The module that says in which box atoms are: the one that holds them, or a part of it; None if none does."""
        candidates = (self.owner, *getattr(self.owner, "parts", ()))
        return next((module for module in candidates if hasattr(module, "box_length")), None)

    @property
    def quantity(self) -> Quantity:
        """Its name and unit, as far as its field declares them."""
        if self.sites is not None:
            return SITE_ENERGY if self.units is None else self.units.of(POTENTIAL)
        return quantity_in(self.units, Quantity(self.kind.quantity or self.name, self.kind.unit or ""))


def leaves_of(
    simulator: AbstractSimulator,
    where: Selector,
    errors: AbstractSimulator | None,
    start: AbstractSimulator | None,
    truth: AbstractSimulator | None,
    known: Uncertainty | None = None,
    units: LaboratoryUnits | None = None,
) -> list[HiddenLeaf]:
    """The hidden leaves of a simulator beside those of others of the same form, in the order of its fields.

    `known`: the covariance, from which errors at the sites of a device follow; `units`: those of the laboratory.
    """
    hidden, _ = hidden_and_known(simulator, where)
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(hidden)[0]]
    none = [None] * len(paths)
    others = [none if other is None else _numbers(other, where) for other in (errors, start, truth)]
    rows = zip(paths, _numbers(simulator, where), kinds_of_leaves(hidden), zip(*others))
    return [
        HiddenLeaf(
            name_of_leaf(path),
            values,
            kind,
            _owner(simulator, path),
            *of_others,
            sites=sites_of(simulator, path, where, (errors, start, truth), known),
            units=units,
        )
        for path, values, kind, of_others in rows
    ]


def as_simulator(like: AbstractSimulator, where: Selector, given: Any) -> AbstractSimulator | None:
    """A simulator with the given leaves at `where`; a simulator or None is returned as it is."""
    if given is None or isinstance(given, AbstractSimulator):
        return given
    leaves = jax.tree.leaves(given)
    wanted = [leaf.shape for leaf in jax.tree.leaves(where(like))]
    if [np.shape(leaf) for leaf in leaves] != wanted:
        shapes = [np.shape(leaf) for leaf in leaves]
        raise ValueError(
            f"truth has leaves of shapes {shapes}, but where returns {wanted}; give a simulator or such leaves."
        )
    return eqx.tree_at(lambda s: jax.tree.leaves(where(s)), like, [jax.numpy.asarray(leaf) for leaf in leaves])


def _numbers(simulator, where):
    return [np.asarray(leaf, float) for leaf in jax.tree.leaves(hidden_and_known(simulator, where)[0])]


def _owner(node: Any, path):
    """The innermost module on the way to a leaf."""
    owner = node
    for key in path:
        if issubclass(type(node), eqx.Module):
            owner = node
        node = getattr(node, key.name) if hasattr(key, "name") else node[getattr(key, "idx", getattr(key, "key", None))]
    return owner
