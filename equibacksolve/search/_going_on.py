"""A search that begins where another ended: what it takes from there, and what is noted."""

import os
import pathlib
from typing import Any

import equinox as eqx
import jax
import numpy as np

from equibacksolve.inverse import Hidden, name_of_leaf, with_leaves
from equibacksolve.search._run_files import latest_of_run
from equibacksolve.search._solution import Solution
from equibacksolve.simulators import Simulator

After = Solution | str | os.PathLike[str]
"""What `backsolve` begins after: a solution, or a run directory."""

PLAIN = {"observed": "data", "where": "hidden", "method": "method", "bounds": "bounds", "tolerance": "tolerance"}
"""Settings that are told in words; of what else has changed, the name is told."""


def begun_after(simulator: Simulator, after: After) -> tuple[Simulator, dict[str, Any]]:
    """The simulator with what was found before in its place, and what is noted of that search.

    The leaves that were hidden then are taken as they were found, whether they are hidden now or not. All others are as
    `simulator` has them.

    Raises ValueError if nothing was found there, or if the simulator is built in another way.
    """
    if isinstance(after, Solution):
        hidden, begun, history, cost = after.hidden, {}, after.history, after.cost
    else:
        course, begun = latest_of_run(after, lambda paths: _hidden_named(simulator, paths, after))
        hidden, history, cost = course.best, course.history.until(course.steps), course.cost
    if hidden is None:
        raise ValueError("after does not say what was hidden; pass a Solution of backsolve, or a run directory.")
    _check_leaves(simulator, hidden)
    cost = float(cost) if np.isfinite(cost) else str(float(cost))
    noted = {"run": None if isinstance(after, Solution) else str(pathlib.Path(after)), "steps": len(history)}
    noted |= {"seconds": round(history.seconds_now, 3), "cost": cost, "hidden": _paths(hidden)}
    return with_leaves(simulator, hidden), {"begun": begun, "noted": noted}


def with_what_came_before(settings: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run, with a list of the searches that it goes on from, and what changed after each."""
    begun, noted = before["begun"], dict(before["noted"])
    hidden = noted.pop("hidden")
    if begun:
        ours, theirs = settings["fingerprints"], begun["fingerprints"]
        names = [name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
        noted["changed"] = {name: _told(name, begun, settings) for name in names if name != "start"}
    else:  # a solution knows its leaves only
        noted["changed"] = {} if hidden == settings["hidden"] else {"where": [hidden, settings["hidden"]]}
    return settings | {"after": [*begun.get("after", []), noted]}


def _told(name: str, begun: dict[str, Any], settings: dict[str, Any]) -> Any:
    """Before and after, where it can be said in words."""
    if name not in PLAIN:
        return "another"
    pair = [begun[PLAIN[name]], settings[PLAIN[name]]]
    return pair if pair[0] != pair[1] else "another"


def _paths(hidden: Hidden) -> dict[str, list[int]]:
    leaves = jax.tree_util.tree_leaves_with_path(hidden)
    return {jax.tree_util.keystr(path): list(leaf.shape) for path, leaf in leaves}


def _hidden_named(simulator: Any, paths: dict[str, list[int]], after: Any) -> Hidden:
    """The leaves at these paths, for the form of the file. Raises ValueError if there are no such leaves."""
    named = jax.tree_util.tree_map_with_path(lambda path, _: jax.tree_util.keystr(path) in paths, simulator)
    hidden = eqx.filter(simulator, named)
    if _paths(hidden) != paths:
        told = ", ".join(f"{path.lstrip('.')} {tuple(shape)}" for path, shape in paths.items())
        raise ValueError(
            f"after={str(after)!r} found {told}, which {type(simulator).__name__} has not; pass a simulator that is "
            "built as the one of that run."
        )
    return hidden


def _check_leaves(simulator: Any, hidden: Hidden) -> None:
    """Raise ValueError unless each leaf that was found has its place in the simulator, in the same shape."""
    forms = [jax.tree.structure(one, is_leaf=lambda leaf: leaf is None) for one in (hidden, simulator)]
    if forms[0] != forms[1]:
        raise ValueError(
            f"after is of a {type(hidden).__name__}, built in another way than this {type(simulator).__name__}; build "
            "the start from what was found there, and leave after= out."
        )
    there = dict(jax.tree_util.tree_leaves_with_path(simulator))
    for path, leaf in jax.tree_util.tree_leaves_with_path(hidden):
        if np.shape(there[path]) != leaf.shape:
            raise ValueError(
                f"after found {name_of_leaf(path)} of shape {leaf.shape}, but simulator has it of shape "
                f"{np.shape(there[path])}; make them agree."
            )
