"""What a search returns, and how it is kept."""

import dataclasses
import os
import pathlib
from typing import Any, Generic

import jax
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._rich_display import leaves_of_module, section
from equibacksolve.inverse import AbstractObservations, Hidden, name_of_leaf
from equibacksolve.saving import (
    CannotBeReadHere,
    Damaged,
    MissingClass,
    can_be_written,
    check_readable,
    header_from_bytes,
    tree_from_bytes,
    tree_to_bytes,
    write_durably,
)
from equibacksolve.search._dataset import dataset_of
from equibacksolve.search._history import History
from equibacksolve.simulators import AbstractSimulator, Simulator

REPORT = "equibacksolve.reporting.report(found, observed)"
"""What shows a solution with all that is known of it. It stands above this room, so that it is no method."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Solution(Generic[Simulator]):
    """The best guess of a search. `reporting.report(found, observed)` shows it, with errors and pictures.

    - `simulator`: the simulator with the hidden leaves as found, everything else untouched
    - `cost`: its cost, eq. 1, or chi-squared per datum if sigma is known
    - `converged`: whether the data are explained
    - `reason`: why the search ended, and what to try if it failed
    - `history`: its course
    - `hidden`: the hidden leaves alone: the simulator with None in place of all others; None if nobody says which
    """

    simulator: Simulator
    cost: Float[Array, ""]
    converged: bool
    reason: str
    history: History
    hidden: Hidden | None = None

    def __repr__(self) -> str:
        leaves = jax.tree_util.tree_leaves_with_path(self.hidden)
        told = ", ".join(f"{name_of_leaf(path)} {tuple(leaf.shape)}" for path, leaf in leaves)
        name = type(self.simulator).__name__
        hidden = told or "nothing is said to be hidden"
        return f"<Solution of {name}: {hidden}; {self.reason}; {self.history!r}; see {REPORT}>"

    def _repr_html_(self) -> str:
        """For notebooks: the verdict, the course of the cost, and the hidden leaves."""
        verdict = "converged" if self.converged else "not converged"
        title = f"Solution of {type(self.simulator).__name__}"
        leaves = leaves_of_module(self.hidden, "hidden leaves")
        return section(title, f"{verdict}; {self.reason}; see {REPORT}", self.history.curve(), leaves)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file (an .npz that NumPy opens), for `load_solution`."""
        leaves = jax.tree.leaves(self.simulator)
        steps = [step for step, _ in self.history.snapshots]
        tree = {
            "leaves": [leaf if can_be_written(leaf) else None for leaf in leaves],
            "is_hidden": self._is_hidden(),
            "solution": (self.cost, self.converged, self.reason),
            "history": (self.history.table(), steps),
            "snapshots": _stacked([jax.tree.leaves(leaves) for _, leaves in self.history.snapshots]),
        }
        header = {"kind": "a solution", "paths": _paths(self.simulator)}
        trees = {"solution": tree, "simulator": _containers(self.simulator)}
        write_durably(pathlib.Path(path), tree_to_bytes(header, trees))

    def to_xarray(self, observed: AbstractObservations) -> Any:
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


def load_solution(path: str | os.PathLike[str], like: Simulator | None = None) -> Solution[Simulator]:
    """Read what `Solution.save` wrote; also the solution in a run directory, if `path` is one.

    - `path`: the file, or the run directory.
    - `like`: a simulator built as the one that was saved, whose numbers do not matter. It is needed if the simulator
      holds functions, or if its class is not there. Classes are looked up by name among those that are imported;
      reading a file imports nothing and calls nothing that the file names.

    Raises FileNotFoundError if there is no such file, ValueError if it is none of ours, damaged, written by another
    version, of a class that is not there, of 64 bits while JAX has 32, or built in another way than `like`.
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
        check_readable(header)
        tree, stored = tree_from_bytes(content, "solution"), header.get("paths")
        whole: Any = _from_containers(path, content) if like is None else _checked(path, stored, like)
        return _assembled(tree, whole)
    except CannotBeReadHere as error:
        raise ValueError(f"{path} {error}.") from error
    except Damaged as error:
        raise ValueError(f"{path} is damaged or no solution ({error}); save it anew from the run.") from error


def _checked(path, stored, like: AbstractSimulator) -> AbstractSimulator:
    if _paths(like) != stored:
        raise ValueError(
            f"like is a {type(like).__name__} with the leaves {', '.join(_paths(like))}, but {path} holds "
            f"{', '.join(map(str, stored or ['none']))}; pass a simulator built as the one that was saved."
        )
    return like


def _assembled(tree: Any, like: Any) -> Solution:
    known, structure = jax.tree.flatten(like)

    def hidden_with(chosen):
        chosen = iter(chosen)
        return structure.unflatten([next(chosen) if is_one else None for is_one in is_hidden])

    try:
        leaves = [there if stored is None else stored for stored, there in zip(tree["leaves"], known, strict=True)]
        is_hidden, (table, steps) = tree["is_hidden"], tree["history"]
        snapshots = [(step, hidden_with(stack[i] for stack in tree["snapshots"])) for i, step in enumerate(steps)]
        hidden = hidden_with(leaf for leaf, is_one in zip(leaves, is_hidden) if is_one)
        cost, converged, reason = tree["solution"]
        history = History.from_table(table, snapshots)
        return Solution(structure.unflatten(leaves), cost, converged, reason, history, hidden)
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise Damaged(f"its parts do not fit together, {type(error).__name__}") from error


def _containers(simulator: AbstractSimulator) -> AbstractSimulator | None:
    """The simulator with leaves replaced by their numbers, or None if that cannot be read back without `like`."""
    leaves, structure = jax.tree.flatten(simulator)
    numbered = structure.unflatten(range(len(leaves)))
    return numbered if all(map(can_be_written, leaves)) and can_be_written(numbered) else None


def _from_containers(path, content: bytes) -> AbstractSimulator:
    advice = "pass like=, a simulator built as the one that was saved"
    try:
        simulator = tree_from_bytes(content, "simulator")
    except MissingClass as error:
        raise ValueError(f"{path} {error}, or {advice}.") from error
    if simulator is None:
        raise ValueError(f"{path} holds a simulator whose class or functions have no name to find them by; {advice}.")
    if not isinstance(simulator, AbstractSimulator):
        raise Damaged(f"it holds a {type(simulator).__name__} in place of a simulator")
    return simulator


def _paths(tree) -> list[str]:
    return [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]


def _stacked(rows: list[list[Any]]) -> list[Any]:
    return [np.stack(column) for column in zip(*rows)]
