"""`equibacksolve potential`: onsite energies from a magnetoconductance map."""

from pathlib import Path

import click
import jax
import numpy as np

from equibacksolve._quantity import POTENTIAL
from equibacksolve.command_line import _results
from equibacksolve.command_line._measurement import MAP, map_of
from equibacksolve.command_line._model import LOW_AT, MODEL, Model, device_of
from equibacksolve.command_line._options import FILE, METHOD, METHODS, SEARCH, Numbers, Sites, all_of
from equibacksolve.command_line._search import Search, end
from equibacksolve.inverse import Mirror, Observations
from equibacksolve.leads import WireLead
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.samples import Potential, SquareLattice
from equibacksolve.search import Solution
from equibacksolve.simulators import Magnetoconductance

IMAGES = (
    "Mirrored along the current, across it, or both, the potential gives the same data: what was found may be any of "
    "these images."
)


def hidden(simulator):
    """One onsite energy per site."""
    return device_of(simulator).sample.onsite.values


MIRRORS = (Mirror(hidden, 0), Mirror(hidden, 1))


@click.command()
@click.argument("measurement", type=FILE)
@click.option("--sites", type=Sites(), required=True, help="Size of the sample, e.g. 12x12.")
@click.option(
    "--wavenumber",
    type=Numbers(),
    required=True,
    help="k of the leads in radians per site, e.g. 1.5708 (half filling).",
)
@click.option("--height", type=float, default=0.1, show_default=True, help="Half-width of the random start (hoppings).")
@METHOD
@all_of(MODEL)
@LOW_AT
@all_of(MAP)
@all_of(SEARCH)
def potential(measurement, sites, wavenumber, height, method, **options) -> None:
    """Find the potential of a sample from its conductance map.

    MEASUREMENT holds the conductance against magnetic flux and energy (or field and gate voltage, see below). The
    sample is a rectangle of --sites; each site has an onsite energy, which is what is searched for.

    Example: equibacksolve potential map.nc --sites 12x12 --wavenumber 1.5708 --out runs/dot1
    """
    with jax.enable_x64(True):  # transport needs it
        model = Model.of(options)
        measured = map_of(measurement, options)
        observed = measured.observations
        search = Search(**options)
        guess = model.started(jax.random.uniform(search.key, sites, float, -height, height), "potential")
        device = Magnetoconductance(SquareLattice(Potential(guess)), WireLead(np.array(wavenumber)))
        found = model.found(search, device, observed, hidden, METHODS[method](), MIRRORS, "potential")
        write(search.out, found, observed, model, measured.units)
    end(found)


def write(out: Path, found: Solution, observed: Observations, model: Model, units: LaboratoryUnits) -> None:
    """Table, labelled arrays, pictures and summary."""
    values = np.asarray(hidden(found.simulator))
    files, sentences = _results.write_sites(
        out / "potential.csv", found, observed, hidden, model.told, units, "potential"
    )
    length, width = values.shape
    known = units.of(POTENTIAL)
    in_laboratory = "" if known == POTENTIAL else f" ({_spread(known.of(values))} {known.unit})"
    about = [
        f"{length} x {width} onsite energies {_spread(values)} hoppings{in_laboratory}, from {int(observed.count)} "
        "readings.",
        *sentences,
        model.shown(IMAGES),
    ]
    _results.summarise(out, found, about, files)


def _spread(values: np.ndarray) -> str:
    return f"between {values.min():.4g} and {values.max():.4g}, mean {values.mean():.4g}"
