"""`equibacksolve atoms`: positions of atoms from the momentum image of their structure."""

from pathlib import Path

import click
import jax
import jax.numpy as jnp
import numpy as np

from equibacksolve import imaging
from equibacksolve.atoms import Box, Structure, read_structure, write_structure
from equibacksolve.command_line import _results
from equibacksolve.command_line._measurement import image_of
from equibacksolve.command_line._options import FILE, SEARCH, all_of
from equibacksolve.command_line._search import Search, end
from equibacksolve.inverse import Observations
from equibacksolve.measurements import Quantity
from equibacksolve.methods import AnnealedLangevin
from equibacksolve.search import Solution
from equibacksolve.simulators import MomentumImage

_PRINTED = 1e-5
"""Relative difference of two edges that are the same: programs print some six digits or more."""


def hidden(simulator):
    """One position per atom."""
    return simulator.positions


@click.command()
@click.argument("measurement", type=FILE)
@click.option("--atoms", "number", type=click.IntRange(1), required=True, help="How many atoms there are.")
@click.option("--box", type=float, required=True, help="Edge L of the square box (length).")
@click.option("--width", type=float, required=True, help="Standard deviation of the blur of an atom (length).")
@click.option("--periodic/--open", default=False, show_default=True, help="Whether the box repeats.")
@click.option("--start", type=FILE, help="Extended XYZ file to start from; a triangular lattice, shaken, if left out.")
@click.option(
    "--shake", type=float, default=0.1, show_default=True, help="Random displacement of that lattice (length)."
)
@click.option(
    "--wander",
    type=float,
    help="How far atoms wander at first (length); a fifth of their distance if left out, with --start a fiftieth.",
)
@click.option("--moves", type=click.IntRange(1), default=4000, show_default=True, help="More of them end lower.")
@click.option("--sigma", type=float, help="Standard deviation of a pixel.")
@all_of(SEARCH)
def atoms(measurement, number, box, width, periodic, start, shake, wander, moves, sigma, **options) -> None:
    """Find atoms that show a given momentum image.

    MEASUREMENT holds the image s = L ln(q + 1): a square array with zero momentum first (.npy), or its numbers as text.
    All atoms move along the gradient of the misfit, and are shaken, less and less (annealed Langevin dynamics). Very
    many structures show nearly the same image: look at the pair distribution, not at single atoms.

    Example: equibacksolve atoms image.npy --atoms 460 --box 40 --width 0.3 --periodic --out runs/glass1
    """
    observed = image_of(measurement, sigma)
    search = Search(**options)
    if start is None:
        lattice = imaging.triangular_lattice(number, box)
        positions = imaging.wrapped(lattice + shake * jax.random.normal(search.key, lattice.shape), box)
    else:
        positions = _started_from(start, number, box, periodic)
    pixels = observed.values.shape[0]
    stamp = imaging.stamp_pixels(width, box, pixels, reach=5.0)  # exp(-12.5) = 4e-6 is cut off
    simulator = MomentumImage(positions, width, box, pixels, periodic=periodic, stamp=stamp)
    spacing = box / number**0.5
    hot = (0.2 if start is None else 0.02) * spacing if wander is None else wander
    method = AnnealedLangevin(hot, min(0.02 * spacing, hot), steps=moves)
    found = search.run(simulator, observed, hidden, method)
    write(search.out, found, observed)
    end(found)


def _started_from(start, number, box, periodic):
    """The positions of a structure that agrees with the options."""
    structure = read_structure(start, components=2)
    atoms, vectors, periodic_there = len(structure.species), structure.box.vectors, structure.box.periodic
    edge = float(vectors[0, 0])
    if atoms != number:
        raise ValueError(f"{start} holds {atoms} atoms, but --atoms is {number}; make them agree.")
    if np.abs(vectors - edge * np.eye(2)).max() > _PRINTED * abs(edge):
        raise ValueError(f"{start} has the box {vectors.tolist()}, but an image is square; give a square box.")
    if abs(edge - box) > _PRINTED * box:
        raise ValueError(f"{start} has a box of edge {edge:.6g}, but --box is {box:.6g}; make them agree.")
    if set(periodic_there) != {periodic}:
        told = ", ".join("repeats" if repeats else "does not repeat" for repeats in periodic_there)
        option = {True: "--periodic", False: "--open"}
        raise ValueError(
            f"{start} says of the edges of its box: {told}, but {option[periodic]} was taken; pass "
            f"{option[not periodic]}, or set pbc in the file."
        )
    return structure.positions


def write(out: Path, found: Solution, observed: Observations) -> None:
    """Structure, labelled arrays, pictures and summary."""
    simulator = found.simulator
    box, periodic = simulator.box_length, simulator.periodic
    structure = Structure.moved_to(simulator.positions, Box(jnp.full(2, box), periodic))
    positions = structure.positions
    write_structure(out / "atoms.xyz", structure)
    files = ["atoms.xyz"]
    files += ["result.nc"] * _results.write_dataset(out / "result.nc", found, observed, None)
    largest = np.pi * simulator.pixels / float(box)
    files += _results.draw(out, found, observed, None, Quantity("s", "length"), float(largest))
    misfit = float(jnp.sqrt(jnp.mean((simulator.predict() - observed.values) ** 2) / jnp.mean(observed.values**2)))
    closest = float(imaging.closest_approach(positions, box, periodic=periodic)) if len(positions) > 1 else float("inf")
    about = [
        f"{len(positions)} atoms from an image of {simulator.pixels} x {simulator.pixels} pixels: R = {misfit:.4f} "
        f"(root mean square misfit over root mean square image), closest pair {closest:.3g} apart.",
        "Displaced as a whole (in a periodic box) or inverted, the structure gives the same image.",
    ]
    _results.summarise(out, found, about, files)
