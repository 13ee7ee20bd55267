"""The files of a run: its settings, and the state of a search after some steps."""

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from equibacksolve.inverse import Hidden
from equibacksolve.saving import CannotBeReadHere, Damaged, header_from_bytes, tree_from_bytes, tree_to_bytes
from equibacksolve.search._history import Course, History


def course_to_bytes(course: Course, hidden: Hidden) -> bytes:
    """A checkpoint. Raises ValueError if the state of the method holds what is no array."""
    history = course.history.until(course.steps)
    steps = [step for step, _ in history.snapshots]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *(leaves for _, leaves in history.snapshots))
    try:
        tree = (course.state, course.best, course.cost, course.lowest, history.table(), steps, stacked)
        told = {name: getattr(course, name) for name in ("steps", "polishing", "settled")}
        return tree_to_bytes({"kind": "a checkpoint", **told}, {"course": tree}, like=hidden)
    except TypeError as error:
        raise ValueError(
            f"the state of this method cannot be saved: {error}; a State must be all arrays (leave out= out, or mend "
            "the method)."
        ) from error


def course_from_bytes(content: bytes, hidden: Hidden) -> Course:
    """The course in a checkpoint, whose leaves have the form of `hidden`. Raises Damaged or CannotBeReadHere."""
    tree, header = tree_from_bytes(content, "course", like=hidden), header_from_bytes(content)
    try:
        state, best, cost, lowest, table, steps, stacked = tree
        snapshots = [(step, jax.tree.map(lambda leaf: leaf[i], stacked)) for i, step in enumerate(steps)]
        told = {name: header[name] for name in ("steps", "polishing", "settled")}
        return Course(state, best, cost, lowest, History.from_table(table, snapshots), **told)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"its parts do not fit together, {type(error).__name__}") from error


def settings_of_file(path: pathlib.Path) -> dict[str, Any]:
    """What run.json holds. Raises ValueError if it is damaged, or of another program."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or not {"format", "versions", "fingerprints", "processes"} <= settings.keys():
        raise ValueError(f"{path} is damaged or not of equibacksolve; begin anew in another directory.")
    return settings


def checkpoints_of(place: pathlib.Path) -> list[pathlib.Path]:
    """The latest first."""
    return sorted(place.glob("checkpoint-*.npz"), key=lambda path: int(path.stem.split("-")[1]), reverse=True)


def latest_of_run(place: str | os.PathLike[str], like: Callable[[dict], Hidden]) -> tuple[Course, dict[str, Any]]:
    """The course of a run as its latest checkpoint has it, and its settings; nothing in the directory changes.

    `like` makes leaves of the same form from their paths and shapes. Raises ValueError if there is no run, no step, or
    no checkpoint that can be read.
    """
    begun = pathlib.Path(place) / "run.json"
    if not begun.exists():
        raise ValueError(f"after={str(place)!r} holds no run; pass the out= of one.")
    settings = settings_of_file(begun)
    hidden = like(settings["hidden"])
    told = "it has made no step yet"
    for path in checkpoints_of(pathlib.Path(place)):
        try:
            return course_from_bytes(path.read_bytes(), hidden), settings
        except (Damaged, CannotBeReadHere) as error:
            told = f"{path.name} {error}" if isinstance(error, CannotBeReadHere) else f"{path.name} is damaged, {error}"
    raise ValueError(f"after={str(place)!r} holds a run, but nothing to begin after ({told}); begin anew.")
