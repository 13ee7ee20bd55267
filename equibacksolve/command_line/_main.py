"""The program `equibacksolve`: its commands, and how errors and warnings look."""

import errno
import importlib.metadata
import os
import warnings

import click

from equibacksolve.command_line._atoms import atoms
from equibacksolve.command_line._magnetization import magnetization
from equibacksolve.command_line._potential import potential
from equibacksolve.command_line._report import report
from equibacksolve.command_line._vectors import use_wide_vectors


class Refused(click.ClickException):
    """What cannot be done, and what to do instead, in one line."""

    exit_code = 2


class OneLineErrors(click.Group):
    """Commands whose errors of value, files and missing packages are told in one line, as warnings are."""

    def invoke(self, ctx: click.Context):
        with warnings.catch_warnings():
            warnings.showwarning = _told
            try:
                return super().invoke(ctx)
            except (ValueError, ImportError, OSError) as error:
                if ctx.params["traceback"] or getattr(error, "errno", None) == errno.EPIPE:
                    raise
                raise Refused(_one_line(error)) from error


def _told(message, *_, **__) -> None:
    click.echo(f"Warning: {_one_line(message)}", err=True)


def _one_line(error) -> str:
    told = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        told = f"{error.filename}: {error.strerror}"
    return " ".join(told.split())


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--traceback", is_flag=True, help="Show where an error came from, for a report of a bug.")
@click.version_option(importlib.metadata.version("equibacksolve"), prog_name="equibacksolve")
def main(traceback: bool) -> None:
    """Recover the hidden structure of a sample from what was measured on it.

    A search writes everything into a directory of its own (--out): settings, a line for each step, checkpoints, and at
    the end tables, pictures and a summary. If it is stopped, the same command with --resume goes on.

    Exit codes: 0, the data are explained; 1, they are not (yet); 2, the request was refused, in one line that says why.
    """
    use_wide_vectors(os.environ)


for command in (potential, magnetization, atoms, report):
    main.add_command(command)
