"""A run on disk: settings, a line for each step, and checkpoints from which a killed run goes on.

    run.json                 what was asked, with which versions, by which processes
    observed.npz             the data
    steps.jsonl              one line of JSON a step
    checkpoint-000123.npz    the state after 123 steps; the latest two are kept
    solution.npz             what was found, once the search has ended

A file appears under its name only when it is whole and on disk, and nothing is removed before: whenever the process
is killed, the latest checkpoint is there. Steps made since then are made again, and come out the same.
"""

import json
import os
import pathlib
import time
import warnings
from collections.abc import Callable
from typing import Any

from equibacksolve.inverse import AbstractObservations, Hidden, save_observations
from equibacksolve.saving import (
    CannotBeReadHere,
    Damaged,
    check_readable,
    header_from_bytes,
    write_durably,
)
from equibacksolve.search._history import Course, History
from equibacksolve.search._run_files import checkpoints_of, course_from_bytes, course_to_bytes, settings_of_file
from equibacksolve.search._run_settings import check_same_run

SECONDS_BETWEEN_CHECKPOINTS = 10.0
"""A process that is killed loses the steps of this time at most. It makes no difference to the numbers."""

LARGEST_SHARE = 0.05
"""Of the time that checkpoints may take; where writing is slow, they are fewer."""


class RunDirectory:
    """The directory of one run, open for one process.

    **Raises** ValueError if it holds a run and `resume` is False, a run of another problem, version or process, a run
    in 64 bits while JAX has 32, or damaged files.
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        settings: dict[str, Any],
        hidden: Hidden,
        observed: AbstractObservations,
        resume: bool,
    ):
        self.place = pathlib.Path(place)
        self.hidden = hidden
        self.place.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.place)
        self.course = Course(None, hidden, float("inf"), float("inf"), History())
        try:
            self._begin(place, settings, observed, resume)
        except BaseException:
            os.close(self._lock)
            raise

    def _begin(self, place, settings, observed, resume) -> None:
        begun = self.place / "run.json"
        if begun.exists():
            if not resume:
                raise ValueError(f"out={str(place)!r} holds a run; pass resume=True to go on, or another directory.")
            before = settings_of_file(begun)
            self._check_readable()
            check_same_run(before, settings, self.place)
            self.course = self._latest_course()
            settings["processes"][0]["at_step"] = self.course.steps
            settings = before | {"processes": before["processes"] + settings["processes"]}
        elif checkpoints_of(self.place):
            raise ValueError(f"out={str(place)!r} holds checkpoints without their run.json; pass another directory.")
        save_observations(observed, self.place / "observed.npz")
        write_durably(begun, json.dumps(settings, indent=2).encode())
        self._kept, self._saved = self.course, self.course.steps
        self._due = 0.0
        self._rewrite_log()

    def keep(self, course: Course) -> None:
        """Note a step; write a checkpoint if it is time for one (at the first step, it is)."""
        self._kept = course
        self._append(course)
        if time.monotonic() >= self._due:
            self._checkpoint()

    def close(self) -> None:
        """Write a last checkpoint, and give the directory free."""
        if self._kept.steps > self._saved:
            self._checkpoint()
        os.close(self._lock)

    def conclude(self, save: Callable[[pathlib.Path], None]) -> None:
        """Write the solution."""
        path = self.place / "solution.npz"
        with _survived(f"{path} was not written"):
            save(path)

    def _checkpoint(self) -> None:
        began = time.monotonic()
        course = self._kept
        name = f"checkpoint-{course.steps:06d}.npz"
        with _survived(f"{self.place / name} was not written"):
            write_durably(self.place / name, course_to_bytes(course, self.hidden))
            self._saved = course.steps
            for old in checkpoints_of(self.place)[2:]:
                old.unlink()
            if self._logged != course.steps:
                self._rewrite_log()
        took = time.monotonic() - began
        self._due = time.monotonic() + max(SECONDS_BETWEEN_CHECKPOINTS, took / LARGEST_SHARE)

    def _check_readable(self) -> None:
        """Raise ValueError for files of another version, or of 64 bits: a better reason than what follows from it."""
        for path in (self.place / "observed.npz", *checkpoints_of(self.place)):
            try:
                check_readable(header_from_bytes(path.read_bytes()))
            except CannotBeReadHere as error:
                raise ValueError(f"{path} {error}, or begin anew in another directory.") from error
            except (Damaged, FileNotFoundError):  # is told of, or written anew, later
                continue

    def _latest_course(self) -> Course:
        """The course as the latest checkpoint that is whole has it; the beginning if there is none yet."""
        damaged: dict[pathlib.Path, Damaged] = {}
        for path in checkpoints_of(self.place):
            try:
                course = course_from_bytes(path.read_bytes(), self.hidden)
            except Damaged as error:
                damaged[path] = error
                continue
            except CannotBeReadHere as error:
                raise ValueError(f"{path} {error}, or begin anew in another directory.") from error
            for other, error in damaged.items():
                other.rename(other.with_suffix(".damaged"))
                warnings.warn(f"{other} is damaged ({error}); the run goes on from {path.name}.", stacklevel=5)
            return course
        for path, error in damaged.items():
            raise ValueError(
                f"{path} is damaged ({error}), and so is every other checkpoint; begin anew in another directory."
            ) from error
        return self.course

    def _append(self, course: Course) -> None:
        """A line for the latest step. If that fails, the log is torn until the next checkpoint mends it."""
        path = self.place / "steps.jsonl"
        if self._logged == course.steps - 1:
            with _survived(f"{path} was not written"), path.open("a", encoding="utf-8") as log:
                log.write(_line(course.history, course.steps - 1))
                log.flush()
                self._logged = course.steps

    def _rewrite_log(self) -> None:
        """The whole log up to the latest step: what a killed process left behind may be torn, or of lost steps."""
        history, steps = self._kept.history, self._kept.steps
        lines = "".join(_line(history, step) for step in range(steps))
        write_durably(self.place / "steps.jsonl", lines.encode())
        self._logged = steps


class _survived:
    """A run is worth more than its notes: that these cannot be written is told, and the run goes on."""

    def __init__(self, loss: str):
        self.loss = loss

    def __enter__(self):
        return None

    def __exit__(self, kind, error, _):
        if isinstance(error, OSError):
            warnings.warn(f"{self.loss} ({error.strerror}); the run goes on, earlier files are kept.", stacklevel=4)
            return True


def _line(history: History, step: int) -> str:
    return json.dumps(history.entry(step)) + "\n"


def _locked(place: pathlib.Path) -> int:
    """A file descriptor that holds the directory until it is closed, or the process ends, however it ends."""
    lock = os.open(place / "lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ValueError(
            f"out={str(place)!r} is in use by another process; wait for it, or pass another directory."
        ) from None
    except (ImportError, OSError):  # Windows, or a file system without locks: nobody watches
        pass
    return lock
