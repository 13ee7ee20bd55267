"""`equibacksolve report`: one HTML file about a finished run."""

from pathlib import Path

import click
import jax

from equibacksolve.inverse import load_observations
from equibacksolve.measurements import LaboratoryUnits, load_laboratory_units
from equibacksolve.search import Solution, load_solution


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--path", type=click.Path(dir_okay=False, path_type=Path), help="Where to; RUN/report.html if left out.")
@click.option("--title", help="Of the report; the name of the directory if left out.")
def report(run, path, title) -> None:
    """Write a report of a finished run as one HTML file. Its pictures are inside.

    RUN is the directory that was given as --out, or as out= to backsolve.

    Simulators of your own code are not loaded by this program: write their report from Python.

    Example: equibacksolve report runs/dot1
    """
    with jax.enable_x64(True):
        found, observed = _solution_of(run), load_observations(run)
        from equibacksolve import reporting

        path = run / "report.html" if path is None else path
        title = run.resolve().name if title is None else title
        units = load_laboratory_units(run) if (run / LaboratoryUnits.FILE).exists() else None
        written = reporting.write_report(found, observed, path=path, title=title, units=units)
    click.echo(str(written))


def _solution_of(run: Path) -> Solution:
    """Reading imports nothing that a file names, and there is no option that could: say what can be done."""
    try:
        return load_solution(run)
    except ValueError as error:
        if "like=" not in str(error):
            raise
        raise ValueError(
            f"{run} holds a simulator of your own code, which this program does not load; write the report from "
            f"Python: found = equibacksolve.load_solution({str(run)!r}, like=a simulator built as that one), then "
            "equibacksolve.reporting.write_report(found, observed, where=where)."
        ) from error
