"""A search as the command line runs one: budget, directory and progress from the options."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import click
import jax

from equibacksolve.inverse import Observations, Solution, backsolve


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

    def run(self, simulator: Any, observed: Observations, where: Any, method: Any = None) -> Solution:
        """Search, and tell how it ended."""
        shown = sys.stderr.isatty() if self.progress is None else self.progress
        return backsolve(
            simulator,
            observed,
            method,
            where=where,
            key=jax.random.fold_in(self.key, 1),
            bounds=self.bounds,
            tolerance=self.tolerance,
            steps=self.steps,
            seconds=self.seconds,
            progress=shown,
            out=self.out,
            resume=self.resume,
        )


def end(found: Solution) -> None:
    """Leave with the exit code that tells whether the data are explained."""
    click.get_current_context().exit(0 if found.converged else 1)
