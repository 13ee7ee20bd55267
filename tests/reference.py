"""Kwant's numbers: the devices of tests/reference/ and what make_reference.py found for them."""

import pathlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from devices import Numbers, Settings

HERE = pathlib.Path(__file__).parent / "reference"
WIRE_LEADS = [path.stem for path in sorted(HERE.glob("*.npz")) if str(np.load(path)["lead"]) == "wire"]


class Reference(NamedTuple):
    """A device, its settings as a list of points, and Kwant's total transmission and reflection there."""

    numbers: Numbers
    settings: Settings
    transmitted: jax.Array
    reflected: jax.Array
    open_modes: jax.Array


def load(name: str) -> Reference:
    file = np.load(HERE / f"{name}.npz")
    shape = file["potential" if "potential" in file else "angle"].shape
    get = lambda key, default: jnp.asarray(file.get(key, default))
    numbers = Numbers(
        values=get("potential", np.zeros(shape)),
        angle=get("angle", np.zeros(shape)),
        coupling=get("coupling", 0.0),
        wavenumber=jnp.atleast_1d(get("wavenumber", np.pi / 2)),
        hopping=jnp.asarray(1.0),
    )
    flux, energy = (grid.ravel() for grid in np.meshgrid(file["flux"], file["energy"], indexing="ij"))
    found = (jnp.asarray(file[key].ravel()) for key in ("G", "R", "n_open"))
    return Reference(numbers, Settings(jnp.asarray(flux), jnp.asarray(energy)), *found)
