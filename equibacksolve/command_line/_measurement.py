"""From a file and options to observations: units, columns and errors of a measurement."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from equibacksolve import measurements
from equibacksolve.command_line._wording import in_options
from equibacksolve.inverse import Observations
from equibacksolve.measurements import Column, Measurement

MAP = (
    click.option("--flux", help="Column of the field or flux, or a number; found by its name if left out."),
    click.option("--energy", help="Column of the gate voltage or energy, or a number; found by its name if left out."),
    click.option("--value", default="G", show_default=True, help="Column of the conductance or resistance."),
    click.option("--unit", "units", multiple=True, metavar="NAME=UNIT", help="Unit of a column: B=mT. Repeatable."),
    click.option(
        "--bias", help="Voltage at which a current was read, '10 uV', or current at which a voltage was, '1 nA'."
    ),
    click.option("--mask", help="Column that is 1 where a reading counts; '~bad' turns a column around."),
    click.option(
        "--cell-area",
        help="Area of a cell of the lattice, '400 nm^2': turns T into a flux, results into nm.",
    ),
    click.option("--field-offset", help="What the field reads when there is none, '2 mT'."),
    click.option("--lever-arm", help="Energy per gate voltage, '0.1 eV/V'."),
    click.option("--offset", help="Gate voltage (or energy) in the middle of the band, '0.35 V'."),
    click.option(
        "--hopping", help="The hopping as an energy, '2 meV': turns energies into hoppings, results into meV."
    ),
    click.option("--sigma", help="Standard deviation of a reading, 0.01 in its unit, or '5 nS'; unknown if left out."),
    click.option("--relative-sigma", help="Standard deviation as a fraction of the reading, 0.01."),
    click.option("--skip", type=click.IntRange(0), help="Lines above the headers of a text file; found if left out."),
    click.option("--header", help="Headers in place of those of a text file, 'B (T),Vg (V),G (uS)'."),
    click.option("--form", type=click.Choice(["long", "matrix"]), help="A row a point, or a map; found if left out."),
    click.option("--separator", help="Between the cells of a text file, ';' or 'tab'; found if left out."),
    click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark of a text file; found if left out."),
    click.option(
        "--same-setting",
        type=float,
        help="Settings that differ by less than this fraction of their range are the same.",
    ),
)
"""Options of a conductance map; `map_of` takes them out of a command's options."""


_NAMES = ("flux", "energy", "value", "units", "mask", "cell_area", "field_offset", "lever_arm", "offset", "hopping")
_NAMES += ("sigma", "relative_sigma", "skip", "separator", "decimal", "bias", "header", "form", "same_setting")


def map_of(path: Path, options: dict[str, Any]) -> Measurement:
    """Read a conductance map; removes the options `MAP` from `options`, and tells on standard error what was read."""

    given = {name: options.pop(name) for name in _NAMES}
    given["units"] = dict(_unit(text) for text in given["units"]) or None
    given |= {name: _number_or_column(given[name]) for name in ("flux", "energy")}
    read = measurements.read(path, **{name: value for name, value in given.items() if value is not None})
    click.echo(in_options(str(read.report), {name: f"--{name.replace('_', '-')}" for name in _NAMES}), err=True)
    return read


def image_of(path: Path, sigma: float | None) -> Observations:
    """Read a square image from a .npy file, or from numbers as text. NaN are missing pixels."""
    if path.suffix == ".npy":
        image = np.load(path, allow_pickle=False)
    else:
        with path.open(encoding="utf-8") as file:
            image = np.loadtxt(file, delimiter="," if path.suffix == ".csv" else None, ndmin=2)
    if image.ndim != 2 or image.shape[0] != image.shape[1]:
        raise ValueError(f"{path} holds an array of shape {image.shape}, but an image is a square.")
    if image.dtype.kind not in "iuf":
        raise ValueError(f"{path} holds {image.dtype}, but an image is made of real numbers.")
    image = Column("image", "image", None, image.reshape(-1)).numbers().reshape(image.shape)  # fill values are missing
    return Observations(image, sigma=sigma, mask=~np.isnan(image))


def _unit(text: str) -> tuple[str, str]:
    name, equals, unit = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} has no unit; write it as NAME=UNIT, e.g. B=mT.", param_hint="--unit")
    return name, unit


def _number_or_column(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
