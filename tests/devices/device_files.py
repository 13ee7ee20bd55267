"""The devices of tests/reference/devices, with the numbers that Kwant computed for them."""

import functools
import pathlib

import jax.numpy as jnp
import numpy as np

from equibacksolve.models import load_device

FOLDER = pathlib.Path(__file__).parent.parent / "reference" / "devices"
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz") if "T" in np.load(path))


@functools.cache
def data(name):
    return dict(np.load(FOLDER / f"{name}.npz"))


@functools.cache
def device(name):
    return load_device(FOLDER / f"{name}.npz")


def settings(name, prefix="", points=slice(None)):
    found = data(name)
    keys = {"flux", "energy", "zeeman"} & {key.removeprefix(prefix) for key in found if key.startswith(prefix)}
    return {key: jnp.asarray(found[prefix + key][points]) for key in sorted(keys)}
