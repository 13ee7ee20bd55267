"""A search as the command line runs one: budget, directory and progress from the options."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import jax

from equibacksolve.inverse import Observations
from equibacksolve.search import Solution, backsolve


class Search(NamedTuple):
    """The options `_options.SEARCH`."""

    out: Path
    resume: bool
    seed: int
    seconds: float
    steps: int | None
    tolerance: float | None
    bounds: tuple[float, float] | None
    progress: bool | None

    @property
    def key(self) -> Any:
        """Of the start; restarts use others."""
        return jax.random.key(self.seed)

    def run(
        self,
        simulator: Any,
        observed: Observations,
        where: Any,
        method: Any = None,
        prior: Any = (),
        bounds: Any = None,
    ) -> Solution:
        """Search. `bounds`: in place of those of the options."""
        shown = sys.stderr.isatty() if self.progress is None else self.progress
        with _ended_by_sigterm():
            return backsolve(
                simulator,
                observed,
                method,
                where=where,
                key=jax.random.fold_in(self.key, 1),
                bounds=self.bounds if bounds is None else bounds,
                prior=prior,
                tolerance=self.tolerance,
                steps=self.steps,
                seconds=self.seconds,
                progress=shown,
                out=self.out,
                resume=self.resume,
            )


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM, by which a queue ends a job, ends the search as Ctrl-C does: what was found so far is written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end(found: Solution) -> None:
    """Leave with the exit code that tells whether the data are explained."""
    click.get_current_context().exit(0 if found.converged else 1)
