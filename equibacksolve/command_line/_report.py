"""`equibacksolve report`: one HTML file about a finished run."""

from pathlib import Path

import click
import jax

from equibacksolve.inverse import load_observations, load_solution, where_hidden


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--path", type=click.Path(dir_okay=False, path_type=Path), help="Where to; RUN/report.html if left out.")
@click.option("--title", help="Of the report; the name of the directory if left out.")
def report(run, path, title) -> None:
    """Write a report of a finished run as one HTML file, pictures inside.

    RUN is the directory that was given as --out, or as out= to backsolve.

    Example: equibacksolve report runs/dot1
    """
    with jax.enable_x64(True):
        found, observed = load_solution(run), load_observations(run)
        from equibacksolve import reporting

        path = run / "report.html" if path is None else path
        title = run.resolve().name if title is None else title
        written = reporting.write_report(found, observed, where=where_hidden(found.hidden), path=path, title=title)
    click.echo(str(written))
