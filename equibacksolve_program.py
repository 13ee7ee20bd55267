"""The program `equibacksolve`: its commands by name, how errors and warnings look, and the settings of its process.

A module beside the package, not in it: to import anything of the package is to import JAX, which takes two seconds and
reads its settings at that moment. The program shows its help, and chooses the settings, before that. Only a program may
choose them, for its own process: the package configures nothing.
"""

import errno
import hashlib
import importlib
import os
import pathlib
import platform
import sys
import warnings
from collections.abc import MutableMapping

import click
import platformdirs

COMMANDS = {
    "potential": "Find the potential of a sample from its conductance map.",
    "magnetization": "Find the magnetization of a sample from its conductance map.",
    "atoms": "Find atoms that show a given momentum image.",
    "report": "Write a report of a finished run as one HTML file.",
}
"""What `--help` says of each command; they themselves are in `equibacksolve.command_line`."""

PROCESSOR = pathlib.Path("/proc/cpuinfo")
COMPILED = platformdirs.user_cache_path("equibacksolve", appauthor=False) / "compiled"
"""Where compiled programs are kept."""


class Refused(click.ClickException):
    """What cannot be done, and what to do instead, in one line."""

    exit_code = 2


class Commands(click.Group):
    """Commands that are imported when they are called.

    Their errors of value, files and missing packages are told in one line, as warnings are.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module("equibacksolve.command_line"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context):
        use_wide_vectors(os.environ)
        if ctx.params["cache"]:
            keep_compiled(os.environ)
        with warnings.catch_warnings():
            warnings.showwarning = _told
            try:
                return super().invoke(ctx)
            except (ValueError, ImportError, OSError) as error:
                if ctx.params["traceback"] or getattr(error, "errno", None) == errno.EPIPE:
                    raise
                raise Refused(self._in_its_own_words(_one_line(error), ctx)) from error

    def _in_its_own_words(self, told: str, ctx: click.Context) -> str:
        """A sentence of the package with the options of the command in place of arguments of Python."""
        commands = sys.modules.get("equibacksolve.command_line")
        if commands is None or ctx.invoked_subcommand is None:  # it was to import them that failed
            return told
        return commands.in_options_of(told, self.get_command(ctx, ctx.invoked_subcommand))


def _told(message, *_, **__) -> None:
    click.echo(f"Warning: {_one_line(message)}", err=True)


def _one_line(error) -> str:
    told = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        told = f"{error.filename}: {error.strerror}"
    return " ".join(told.split())


def use_wide_vectors(environment: MutableMapping[str, str], processor: pathlib.Path = PROCESSOR) -> None:
    """Ask XLA for 512-bit vectors if the processor has them and XLA_FLAGS does not name a width.

    Left alone, XLA compiles for 256 bits. Has to be called before JAX computes anything; later it has no effect.
    """
    given = environment.get("XLA_FLAGS", "")
    if "xla_cpu_prefer_vector_width" in given or not processor.exists() or "avx512f" not in processor.read_text():
        return
    environment["XLA_FLAGS"] = f"{given} --xla_cpu_prefer_vector_width=512".strip()


def keep_compiled(
    environment: MutableMapping[str, str], folder: pathlib.Path = COMPILED, processor: pathlib.Path = PROCESSOR
) -> None:
    """Have JAX keep what it compiles in a folder, and take it from there the next time.

    Nothing happens where the environment names a folder of the user's own, or this one cannot be written. Has to be
    called before JAX is imported; later it has no effect. Each kind of processor has a folder of its own: machines may
    share a home directory, code for one may crash on another, and JAX does not tell them apart.
    """
    if "JAX_COMPILATION_CACHE_DIR" in environment:
        return
    mine = folder / _kind_of(processor)
    try:
        mine.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(mine, os.W_OK):
        environment["JAX_COMPILATION_CACHE_DIR"] = str(mine)
        # Left alone, JAX keeps what took a second or more to compile: of many small programs, nothing.
        environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def _kind_of(processor: pathlib.Path) -> str:
    """A short name of the processor's model and of what it can do, as far as the system tells."""
    told = [platform.machine(), platform.processor()]
    if processor.exists():
        lines = processor.read_text().splitlines()
        told += sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"What is compiled is kept in {COMPILED}, some 2 MB for each kind of problem. Delete it at any time.",
)
@click.option("--traceback", is_flag=True, help="Show where an error came from, for a report of a bug.")
@click.option(
    "--cache/--no-cache",
    default=True,
    show_default=True,
    help="Keep what is compiled: the same command starts sooner the next time.",
)
@click.version_option(package_name="equibacksolve", prog_name="equibacksolve")
def main(traceback: bool, cache: bool) -> None:
    """Recover the hidden structure of a sample from what was measured on it.

    A search writes everything into a directory of its own (--out): settings, a line for each step, checkpoints, and at
    the end tables, pictures and a summary. If it is stopped, the same command with --resume goes on.

    Exit codes: 0, the data are explained; 1, they are not (yet); 2, the request was refused, in one line that says why.
    """
