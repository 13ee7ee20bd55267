"""`equibacksolve magnetization`: the angles of a magnetization from a magnetoconductance map."""

from pathlib import Path

import click
import jax
import jax.numpy as jnp
import numpy as np

from equibacksolve.command_line import _results
from equibacksolve.command_line._measurement import MAP, map_of
from equibacksolve.command_line._model import MODEL, Model, device_of
from equibacksolve.command_line._options import FILE, METHOD, METHODS, SEARCH, Numbers, Sites, all_of
from equibacksolve.command_line._search import Search, end
from equibacksolve.inverse import Mirror, Negation, Observations
from equibacksolve.leads import WireLead
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.samples import ExchangeField, SquareLattice
from equibacksolve.search import Solution
from equibacksolve.simulators import Magnetoconductance

IMAGES = (
    "Mirrored along the current, across it, or with all angles negative, the magnetization gives the same data: what "
    "was found may be any of these images."
)


def hidden(simulator):
    """One angle per site."""
    return device_of(simulator).sample.onsite.angle


MIRRORS = (Mirror(hidden, 0), Mirror(hidden, 1), Negation(hidden))


@click.command()
@click.argument("measurement", type=FILE)
@click.option("--sites", type=Sites(), required=True, help="Size of the sample, e.g. 12x12.")
@click.option(
    "--wavenumber", type=Numbers(), required=True, help="k of spin up and spin down in the leads, e.g. 0.5,0.25."
)
@click.option("--coupling", type=float, required=True, help="Exchange coupling J in units of the hopping, e.g. 0.5.")
@METHOD
@all_of(MODEL)
@all_of(MAP)
@all_of(SEARCH)
def magnetization(measurement, sites, wavenumber, coupling, method, **options) -> None:
    """Find the magnetization of a sample from its conductance map.

    MEASUREMENT holds the conductance against magnetic flux and energy (or field and gate voltage, see below). On each
    site a moment in the x-z plane, at an angle from the z axis, couples to the electrons; the angles are searched for.

    Example: equibacksolve magnetization map.nc --sites 12x12 --wavenumber 0.5,0.25 --coupling 0.5 --out runs/film1
    """
    if len(wavenumber) != 2:
        raise click.BadParameter(
            f"needs two numbers, of spin up and down, got {len(wavenumber)}", param_hint="--wavenumber"
        )
    with jax.enable_x64(True):  # transport needs it
        model = Model.of(options)
        measured = map_of(measurement, options)
        observed = measured.observations
        search = Search(**options)
        # Moments that lie across, but for a small random part.
        guess = jnp.pi / 2 + 0.3 * jax.random.uniform(search.key, sites, float, -1.0, 1.0)
        sample = SquareLattice(ExchangeField(model.started(guess, "angle"), coupling))
        device = Magnetoconductance(sample, WireLead(np.array(wavenumber)))
        moments = lambda angle: jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        found = model.found(search, device, observed, hidden, METHODS[method](), MIRRORS, "angle", moments)
        write(search.out, found, observed, model, measured.units)
    end(found)


def write(out: Path, found: Solution, observed: Observations, model: Model, units: LaboratoryUnits) -> None:
    """Table, labelled arrays, pictures and summary."""
    angle = np.asarray(hidden(found.simulator))
    m_z = np.cos(angle)
    moments = {"m_z": m_z, "m_x": np.sin(angle)}
    table = out / "magnetization.csv"
    files, sentences = _results.write_sites(table, found, observed, hidden, model.told, units, "angle", **moments)
    length, width = angle.shape
    about = [
        f"{length} x {width} angles, m_z between {m_z.min():.3g} and {m_z.max():.3g}, mean {m_z.mean():.3g}, from "
        f"{int(observed.count)} readings.",
        *sentences,
        model.shown(IMAGES),
    ]
    _results.summarise(out, found, about, files)
