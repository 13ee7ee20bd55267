"""Hidden leaves: which ones `where` selects, and what their fields say about them."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

Hidden = PyTree
"""A simulator whose leaves are None, except for the hidden ones."""


if TYPE_CHECKING:
    Selector = Callable[[Any], PyTree]
else:
    Selector = Any  # `hidden_leaves` refuses what is no function, in one sentence
"""`where`: a function that returns the hidden leaves of a simulator."""


Module = TypeVar("Module", bound=eqx.Module)


class LeafKind(NamedTuple):
    """What the field of a leaf declares, by `eqx.field(metadata={"period": ..., "smooth": ..., "unit": ...})`.

    - `period`: values that differ by it are the same (an angle), or None.
    - `smooth`: whether neighbouring entries are neighbours in space, so that a smoothness prior makes sense. True if
      nothing is declared, False for single numbers. Declare False for coordinates of atoms.
    - `vector`: whether it has one axis, and nothing is declared. Its entries may be coefficients of different units.
    - `quantity`, `unit`: what the numbers are, for labels; left out, the field's own name, and no unit. A unit may be
      a function of the module that holds the leaf.
    - `picture`: how a report shows them: "magnetization" (angles of moments), "atoms" (positions in a box), or None.
    """

    period: float | None
    smooth: bool
    vector: bool = False
    quantity: str | None = None
    unit: str | None = None
    picture: str | None = None

    @property
    def is_map(self) -> bool:
        """Whether a search may take the entries as sites of a map that share a unit, without being asked to."""
        return self.smooth and not self.vector


def hidden_leaves(simulator: eqx.Module, where: Selector) -> PyTree:
    """True for each array that `where` selects, False elsewhere, in the structure of the simulator.

    Of a module that `where` returns, the arrays of floats are meant. Raises ValueError if `where` selects nothing, a
    Python number, an array of integers, or what is not a leaf of the simulator; TypeError if it is no function.
    """
    check_is_function(where)
    chosen = where(simulator)
    entries = jax.tree.leaves(chosen, is_leaf=_is_module)
    if not entries:
        raise ValueError("where selects nothing; return the array leaves of the simulator that are hidden.")
    for entry in entries:
        _check_trainable(entry)
    leaves = jax.tree.leaves(chosen)
    if not {id(leaf) for leaf in leaves} <= {id(leaf) for leaf in jax.tree.leaves(simulator)}:
        raise ValueError("where returns what is not a leaf of the simulator; return the leaves as they are, unchanged.")
    nothing = jax.tree.map(lambda _: False, simulator)
    return eqx.tree_at(lambda s: jax.tree.leaves(where(s)), nothing, [eqx.is_inexact_array(leaf) for leaf in leaves])


def check_is_function(where: Any) -> None:
    """Raise TypeError unless it is a function, as a selector is."""
    if not callable(where):
        path = where if isinstance(where, str) and where.replace(".", "").isidentifier() else "sample.onsite.values"
        raise TypeError(
            f"where is {_shortened(where)}; give a function that returns the hidden leaves, like lambda s: s.{path}."
        )


def _shortened(given: Any) -> str:
    told = " ".join(repr(given).split())
    return told if len(told) <= 40 else f"{told[:40]}..."


def _check_trainable(entry: Any) -> None:
    """Raise ValueError if a leaf or module cannot be trained."""
    arrays = [leaf for leaf in jax.tree.leaves(entry) if eqx.is_inexact_array(leaf)]
    if not arrays and _is_module(entry):
        raise ValueError("where selects a module without arrays of floats; make the fields that are hidden arrays.")
    if not arrays and eqx.is_array(entry):
        raise ValueError(f"where selects an array of {entry.dtype}, which cannot be trained; give it floats.")
    if not arrays:
        raise ValueError(
            f"where selects {entry!r}, a {type(entry).__name__}, which cannot be trained; make the field an array "
            "of floats, e.g. by eqx.field(converter=jnp.asarray)."
        )
    for leaf in arrays:
        if leaf.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"where selects an array of {leaf.dtype}, in which no search computes; give it float64 or float32, and "
                "two leaves for real and imaginary part."
            )
        if leaf.size == 0:
            raise ValueError(f"where selects an array of shape {leaf.shape}, which has no entries.")
        if not np.all(np.isfinite(leaf)):
            raise ValueError("where selects leaves that are not finite at the start; start from finite numbers.")


def _is_module(node: Any) -> bool:
    return isinstance(node, eqx.Module)


def kinds_of_leaves(hidden: PyTree) -> tuple[LeafKind, ...]:
    """The declarations of the hidden leaves, in their order as leaves."""
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(hidden)[0]]
    return tuple(_kind(hidden, path) for path in paths)


def _kind(node, path) -> LeafKind:
    metadata: Mapping[str, Any] = {}
    owner = node
    for key in path:
        if isinstance(key, jax.tree_util.GetAttrKey):
            fields = {f.name: f for f in dataclasses.fields(node)} if dataclasses.is_dataclass(node) else {}
            metadata, owner = fields[key.name].metadata if key.name in fields else {}, node
            node = getattr(node, key.name)
        else:
            node = node[getattr(key, "idx", getattr(key, "key", None))]
    smooth = bool(metadata.get("smooth", True)) and np.ndim(node) > 0
    vector = smooth and np.ndim(node) == 1 and "smooth" not in metadata
    unit = metadata.get("unit")
    unit = unit if unit is None or isinstance(unit, str) else unit(owner)
    return LeafKind(metadata.get("period"), smooth, vector, metadata.get("quantity"), unit, metadata.get("picture"))


def center_of_leaves(hidden: Hidden, kinds: tuple[LeafKind, ...]) -> Hidden:
    """Each leaf replaced by its mean, the circular one where there is a period."""
    leaves, tree = jax.tree.flatten(hidden)
    return jax.tree.unflatten(tree, [jnp.full_like(leaf, _mean(leaf, kind)) for leaf, kind in zip(leaves, kinds)])


def _mean(leaf, kind):
    if kind.period is None:
        return jnp.mean(leaf)
    turn = 2 * jnp.pi / kind.period
    return jnp.arctan2(jnp.mean(jnp.sin(turn * leaf)), jnp.mean(jnp.cos(turn * leaf))) / turn


def with_leaves(simulator: Module, hidden: Hidden) -> Module:
    """The simulator with these hidden leaves (of a state or a snapshot) in their places."""
    return eqx.combine(hidden, simulator)


def where_hidden(hidden: Hidden) -> Callable[[Any], list]:
    """A `where` that selects the leaves that `hidden` has."""
    chosen = jax.tree.map(lambda leaf: leaf is not None, hidden, is_leaf=lambda leaf: leaf is None)
    return lambda simulator: jax.tree.leaves(eqx.filter(simulator, chosen))


def count_unknowns(hidden: Hidden) -> int:
    """How many numbers the hidden leaves hold."""
    return sum(leaf.size for leaf in jax.tree.leaves(hidden))


def name_of_leaf(path: tuple) -> str:
    """The path of a leaf as it is written in Python, e.g. `sample.onsite.values`."""
    return jax.tree_util.keystr(path).lstrip(".")
