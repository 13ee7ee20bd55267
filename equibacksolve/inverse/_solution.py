"""What a search returns, and how it is kept."""

import os
import pathlib
import pickle
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from equibacksolve.inverse._dataset import dataset_of
from equibacksolve.inverse._durable import write_durably
from equibacksolve.inverse._history import History
from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._observations import Observations
from equibacksolve.inverse._tree_file import Damaged, header_from_bytes, tree_from_bytes, tree_to_bytes
from equibacksolve.simulators import AbstractSimulator


class Solution(NamedTuple):
    """The best guess of a search.

    - `simulator`: the simulator with the hidden leaves as found, everything else untouched
    - `cost`: its cost, eq. 1, or chi-squared per datum if sigma is known
    - `converged`: whether the data are explained
    - `reason`: why the search ended, and what to try if it failed
    - `history`: its course
    - `hidden`: the hidden leaves alone: the simulator with None in place of all others; None if nobody says which
    """

    simulator: AbstractSimulator
    cost: Float[Array, ""]
    converged: bool
    reason: str
    history: History
    hidden: Hidden | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file (an .npz that NumPy opens), for `load_solution`."""
        leaves = jax.tree.leaves(self.simulator)
        steps = [step for step, _ in self.history.snapshots]
        tree = {
            "leaves": [leaf if _is_stored(leaf) else None for leaf in leaves],
            "is_hidden": self._is_hidden(),
            "named": _named_containers(self.simulator),
            "solution": (self.cost, self.converged, self.reason),
            "history": (self.history.table(), steps),
            "snapshots": _stacked([jax.tree.leaves(leaves) for _, leaves in self.history.snapshots]),
        }
        header = {"kind": "a solution", "format": 1, "paths": _paths(self.simulator)}
        write_durably(pathlib.Path(path), tree_to_bytes(header, tree))

    def to_xarray(self, observed: Observations) -> Any:
        """An `xarray.Dataset` of data, fit, residual, hidden leaves and history, with what the axes are named.

        Data on a mesh get its axes as dimensions. Data that do not count are NaN. Raises ImportError without xarray.
        """
        return dataset_of(self.simulator, self.hidden, self.history, observed).assign_attrs(
            cost=float(self.cost), converged=int(self.converged), reason=self.reason
        )

    def _is_hidden(self) -> list[bool]:
        """For each leaf of the simulator."""
        if self.hidden is None:
            return [False] * len(jax.tree.leaves(self.simulator))
        return [leaf is not None for leaf in jax.tree.leaves(self.hidden, is_leaf=lambda leaf: leaf is None)]


def load_solution(path: str | os.PathLike[str], like: AbstractSimulator | None = None) -> Solution:
    """Read what `Solution.save` wrote; also the solution in a run directory, if `path` is one.

    The classes of the simulator are imported by name. A simulator whose class is not to be found there, or that holds
    functions, needs `like`: a simulator built in the same way, whose numbers do not matter.

    Raises FileNotFoundError if there is no such file, ValueError if it is none of ours, damaged, or of a simulator that
    is built in another way than `like`.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / "solution.npz"
        if not path.exists():
            raise ValueError(f"{path.parent} holds no solution (yet); let its search end, or resume it.")
    content = path.read_bytes()
    try:
        header = header_from_bytes(content)
        if header.get("kind") != "a solution":
            raise Damaged(f"it holds {header.get('kind')}")
        tree = tree_from_bytes(content)
    except (Damaged, ValueError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path} is damaged or no solution ({error}); save it anew from the run.") from error
    like = _from_named(path, tree["named"]) if like is None else like
    if _paths(like) != header["paths"]:
        raise ValueError(
            f"like is a {type(like).__name__} with the leaves {', '.join(_paths(like))}, but {path} holds "
            f"{', '.join(header['paths'])}; pass a simulator built as the one that was saved."
        )
    return _assembled(tree, like)


def _assembled(tree: dict[str, Any], like: AbstractSimulator) -> Solution:
    known, structure = jax.tree.flatten(like)
    leaves = [there if stored is None else stored for stored, there in zip(tree["leaves"], known)]
    is_hidden, (table, steps) = tree["is_hidden"], tree["history"]

    def hidden_with(chosen):
        chosen = iter(chosen)
        return structure.unflatten([next(chosen) if is_one else None for is_one in is_hidden])

    snapshots = [(step, hidden_with(stack[i] for stack in tree["snapshots"])) for i, step in enumerate(steps)]
    hidden = hidden_with(leaf for leaf, is_one in zip(leaves, is_hidden) if is_one)
    return Solution(structure.unflatten(leaves), *tree["solution"], History.from_table(table, snapshots), hidden)


def _named_containers(simulator: AbstractSimulator) -> bytes | None:
    """The simulator with leaves replaced by their numbers, or None if that cannot be read back without `like`."""
    leaves, structure = jax.tree.flatten(simulator)
    try:
        return tree_to_bytes({}, structure.unflatten(range(len(leaves)))) if all(map(_is_stored, leaves)) else None
    except TypeError:
        return None


def _from_named(path, named) -> AbstractSimulator:
    advice = "pass like=, a simulator built as the one that was saved"
    if named is None:
        raise ValueError(f"{path} holds a simulator whose class or functions have no name to find them by; {advice}.")
    try:
        return tree_from_bytes(named)
    except (AttributeError, ImportError) as error:
        raise ValueError(f"{path} names a class that is not there ({error}); define it, or {advice}.") from error


def _is_stored(leaf: Any) -> bool:
    return isinstance(leaf, (jax.Array, np.ndarray, bool, int, float, complex))


def _paths(tree) -> list[str]:
    return [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]


def _stacked(rows: list[list[Any]]) -> list[Any]:
    return [np.stack(column) for column in zip(*rows)]
