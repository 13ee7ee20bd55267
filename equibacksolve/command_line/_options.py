"""Options that the commands share, and the forms in which numbers are written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import optax

from equibacksolve.methods import LevenbergMarquardt, backtracking_descent


class Sites(click.ParamType):
    """12x12: sites along the current, sites across."""

    name = "LENGTHxWIDTH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        words = str(value).lower().split("x")
        if len(words) != 2 or not all(word.isdigit() and int(word) > 0 for word in words):
            self.fail(f"{value!r} is no size; write it as 12x12: sites along the current x sites across.", param, ctx)
        return int(words[0]), int(words[1])


class Site(click.ParamType):
    """3,7: a site along the current and across, from 1."""

    name = "X,Y"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        words = str(value).split(",")
        if len(words) != 2 or not all(word.strip().isdigit() and int(word) > 0 for word in words):
            self.fail(f"{value!r} is no site; write it as 3,7: along the current, across, both from 1.", param, ctx)
        return int(words[0]), int(words[1])


class Numbers(click.ParamType):
    """0.5,0.25: one number or more."""

    name = "NUMBER[,NUMBER]"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[float]:
        try:
            return [float(word) for word in str(value).split(",")]
        except ValueError:
            self.fail(f"{value!r} is no number; write one, or several with commas between: 0.5,0.25.", param, ctx)


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

METHODS = {
    "default": lambda: None,
    "levenberg-marquardt": LevenbergMarquardt,
    "lbfgs": optax.lbfgs,
    "paper": backtracking_descent,
}
"""How to make each: not at import, where the precision is not known yet."""

METHOD = click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    default="default",
    show_default=True,
    help="default: Levenberg-Marquardt, continuation from blurred to sharp data, steps with momentum, restarts. "
    "levenberg-marquardt, lbfgs: a single descent. paper: gradient descent with a shrinking rate.",
)

SEARCH = (
    click.option(
        "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Directory of this run; created."
    ),
    click.option("--resume", is_flag=True, help="Go on with the run in --out, if there is one."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of the random numbers of start and restarts."),
    click.option(
        "--seconds", type=float, default=300.0, show_default=True, help="Budget of time, all resumes together."
    ),
    click.option("--steps", type=click.IntRange(1), help="Budget of steps; none if left out."),
    click.option(
        "--tolerance",
        type=float,
        help="Cost at which the data count as explained; chosen from sigma, or the spread of the data, if left out.",
    ),
    click.option("--bounds", type=float, nargs=2, help="LOWER UPPER limit of every hidden number; none if left out."),
    click.option(
        "--progress/--no-progress", default=None, help="A progress bar; if left out, when errors go to a terminal."
    ),
)


def all_of(options: tuple[Callable, ...]) -> Callable:
    """A decorator that gives a command these options, in this order."""

    def decorated(command):
        for option in reversed(options):
            command = option(command)
        return command

    return decorated
