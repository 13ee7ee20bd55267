"""What the commands for maps share: what a measurement adds, what else is hidden, a start, what is known, an image."""

import csv
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._quantity import TEMPERATURE
from equibacksolve.command_line._options import FILE, Site
from equibacksolve.command_line._search import Search
from equibacksolve.inverse import (
    AbstractPrior,
    AbstractSymmetry,
    KnownMean,
    Observations,
    Smoothness,
    TotalVariation,
    choose_image,
    hidden_leaves,
)
from equibacksolve.measurements import LaboratoryUnits, Quantity, in_hoppings
from equibacksolve.search import Solution
from equibacksolve.simulators import AbstractSimulator, EnergyCalibration, FluxOffset, ThermalSmearing

FREE = {
    "wavenumber": lambda s: device_of(s).lead.wavenumber,
    "temperature": lambda s: _part(s, ThermalSmearing).temperature,
    "flux-offset": lambda s: _part(s, FluxOffset).offset,
    "energy-offset": lambda s: _part(s, EnergyCalibration).offset,
}
"""What may be hidden beside the map, and where it is."""

UNITS = {
    "wavenumber": Quantity("wavenumber"),
    "temperature": TEMPERATURE,
    "flux-offset": Quantity("flux-offset", "h/e"),
    "energy-offset": Quantity("energy-offset", "hopping"),
}
"""What each of them is in."""

MODEL = (
    click.option(
        "--temperature",
        help="'100 mK', which needs --hopping, or k_B T as a number of hoppings; nothing is smeared if left out.",
    ),
    click.option("--flux-offset", type=float, help="What the flux axis reads at no field (h/e)."),
    click.option("--energy-offset", type=float, help="What the energy axis reads at energy 0 (hoppings)."),
    click.option(
        "--free", type=click.Choice(list(FREE)), multiple=True, help="Search for this, too, from its value. Repeatable."
    ),
    click.option("--start", type=FILE, help="Where the search starts: a table that this program wrote, or .npy."),
    click.option("--smooth", type=float, nargs=2, help="LENGTH (sites) and HEIGHT of what is known to vary smoothly."),
    click.option("--edges", type=float, help="Size of the steps of what is known to be constant in patches."),
    click.option("--mean", type=float, nargs=2, help="MEAN that is known, and its standard DEVIATION."),
    click.option("--like", type=FILE, help="Show the mirror image that is closest to this table or .npy."),
)
"""Options of a search in a map; `Model.of` takes them out of a command's options."""

LOW_AT = click.option("--low-at", type=Site(), help="X,Y of a site (from 1): show the image that is lowest there.")
"""One more, for maps of numbers that are no angles."""


class Model(NamedTuple):
    """The options `MODEL`, and `LOW_AT` where a command has it."""

    temperature: float | None
    flux_offset: float | None
    energy_offset: float | None
    free: tuple[str, ...]
    start: Path | None
    smooth: tuple[float, float] | None
    edges: float | None
    mean: tuple[float, float] | None
    low_at: tuple[int, int] | None
    like: Path | None

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Model":
        """Take them out of a command's options. Raises ValueError for what does not belong together."""
        if options.get("temperature") is not None:
            options["temperature"] = in_hoppings(options["temperature"], options.get("hopping"))
        model = cls(*(options.pop(name, None) for name in cls._fields))
        if "temperature" in model.free and not model.temperature:
            raise ValueError("--free temperature needs a --temperature above 0: at 0 the data have no slope in it.")
        if model.low_at and model.like:
            raise ValueError("--low-at and --like both choose an image; leave one of them out.")
        return model

    def measured(self, device: AbstractSimulator) -> AbstractSimulator:
        """The device, seen through what the options say of the measurement."""
        if self.energy_offset is not None or "energy-offset" in self.free:
            device = EnergyCalibration(device, offset=self.energy_offset or 0.0)
        if self.flux_offset is not None or "flux-offset" in self.free:
            device = FluxOffset(device, self.flux_offset or 0.0)
        return device if self.temperature is None else ThermalSmearing(device, self.temperature)

    def where(self, map_of: Callable) -> Callable:
        """The map that a command searches for, and what else is free."""
        free = tuple(dict.fromkeys(self.free))
        return (lambda s: (map_of(s), *(FREE[name](s) for name in free))) if free else map_of

    def started(self, guess: Float[Array, "length width"], column: str) -> Float[Array, "length width"]:
        """The map that the search starts from: a random guess, unless a file is given."""
        return guess if self.start is None else jnp.asarray(_map_in(self.start, column, guess.shape))

    @property
    def priors(self) -> list[AbstractPrior]:
        """What is known of the map."""
        told: list[AbstractPrior] = [] if self.smooth is None else [Smoothness(*self.smooth)]
        told += [] if self.edges is None else [TotalVariation(self.edges)]
        return told if self.mean is None else [*told, KnownMean(*self.mean)]

    def found(
        self,
        search: Search,
        device: AbstractSimulator,
        observed: Observations,
        map_of: Callable,
        method: Any,
        symmetries: Sequence[AbstractSymmetry],
        column: str,
        compared: Callable = lambda values: values,
    ) -> Solution:
        """Search; of what was found, the image that the options choose, which is kept in the run directory, too.

        `column` is what a table calls the map, and `compared` makes numbers of it that differ where maps do.
        """
        simulator, image = self.measured(device), self._choice(map_of, map_of(device).shape, column, compared)
        bounds = self._bounds(search.bounds, simulator, map_of)
        found = search.run(simulator, observed, self.where(map_of), method, prior=self.priors, bounds=bounds)
        if image is None:
            return found
        chosen = choose_image(found.simulator, symmetries, image)
        left = eqx.filter(chosen, hidden_leaves(chosen, self.where(map_of)))
        found = dataclasses.replace(found, simulator=chosen, hidden=left)
        found.save(search.out / "solution.npz")
        return found

    def _bounds(self, given: tuple[float, float] | None, simulator: AbstractSimulator, map_of: Callable) -> Any:
        """Of the map alone: what else is free has a unit of its own."""
        if given is None or not self.free:
            return given
        first, *others = self.where(map_of)(simulator)
        ends = zip(given, (-jnp.inf, jnp.inf))
        return tuple((jnp.full_like(first, end), *(jnp.full_like(one, none) for one in others)) for end, none in ends)

    def _choice(self, map_of: Callable, shape: tuple[int, ...], column: str, compared: Callable) -> Callable | None:
        """By how much an image disagrees with what the options know of it; None if they choose none."""
        if self.like is not None:
            known = compared(_map_in(self.like, column, shape))
            return lambda s: jnp.sum((compared(map_of(s)) - known) ** 2)
        if self.low_at is None:
            return None
        site = tuple(number - 1 for number in self.low_at)
        if any(number >= size for number, size in zip(site, shape)):
            raise ValueError(f"--low-at names the site {self.low_at}, but there are {shape} sites, from 1,1.")
        return lambda s: map_of(s)[site]

    def shown(self, images: str) -> str:
        """Which of the images is shown: any, or the one that was chosen."""
        if self.low_at is not None:
            return f"{images} Shown is the one that is lowest at the site {self.low_at[0]},{self.low_at[1]}."
        return images if self.like is None else f"{images} Shown is the one that is closest to {self.like}."

    def told(self, found: Solution, errors: AbstractSimulator | None, units: LaboratoryUnits) -> list[str]:
        """What was found beside the map, in words, and in units of the laboratory where these are known."""
        sentences = []
        for name in dict.fromkeys(self.free):
            values = np.ravel(FREE[name](found.simulator))
            deviations = [None] * len(values) if errors is None else np.ravel(FREE[name](errors))
            shown = units.of(UNITS[name])
            in_laboratory = "" if shown == UNITS[name] else f", {_told(shown, values, deviations)}"
            sentences.append(f"{name[0].upper()}{name[1:]}: {_told(UNITS[name], values, deviations)}{in_laboratory}.")
        if self.priors:
            sentences.append("Standard errors do not count --smooth, --edges and --mean: with them they are smaller.")
        return sentences


def _told(shown: Quantity, values, deviations) -> str:
    """Numbers with their errors and their unit."""
    unit = f" {shown.unit}" if shown.unit else ""
    error = lambda one: "" if one is None else f" (standard error {shown.of_errors(one):.2g})"
    return ", ".join(f"{shown.of(value):.6g}{unit}{error(one)}" for value, one in zip(values, deviations))


def device_of(simulator: Any) -> Any:
    """The device behind what a measurement adds."""
    while hasattr(simulator, "simulator"):
        simulator = simulator.simulator
    return simulator


def _part(simulator, kind):
    while not isinstance(simulator, kind):
        simulator = simulator.simulator
    return simulator


def _map_in(path: Path, column: str, shape: tuple[int, ...]) -> Float[np.ndarray, "length width"]:
    """A map from .npy, or from a table of x, y (from 1) and the column. Raises ValueError if it does not fit."""
    if path.suffix == ".npy":
        values = np.load(path, allow_pickle=False)
        if values.shape != shape or values.dtype.kind not in "iuf":
            raise ValueError(f"{path} holds {values.dtype} of shape {values.shape}, but --sites are {shape}.")
        return values.astype(float)
    values = np.full(shape, np.nan)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                values[int(row["x"]) - 1, int(row["y"]) - 1] = float(row[column])
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"{path} is no table of x, y and {column} for {shape} sites: {error}.") from error
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{path} lacks {int(np.sum(np.isnan(values)))} of {shape} sites; give a row for each.")
    return values
