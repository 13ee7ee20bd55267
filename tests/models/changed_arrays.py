"""A small device as named arrays, with Kwant's transmissions, and what becomes of it when an array is changed."""

import functools
import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parents[1] / "reference" / "devices" / "exported_wire.npz"
MEASURED = ("flux", "energy", "zeeman", "rashba")


@functools.cache
def exported():
    """15 sites of two orbitals, two leads; terms `zeeman` and `rashba`. Not to be changed in place."""
    return dict(np.load(FILE))


def changed(**arrays):
    """The arrays of the device, some replaced, and without those that are None."""
    return {name: value for name, value in (exported() | arrays).items() if value is not None}


def matrix(arrays, prefix, shape, flux=0.0):
    """The dense matrix of some entries in a field, as a reader without this package would make it."""
    found = np.zeros(shape, complex)
    area = arrays.get(f"{prefix}_area", 0.0)
    places = tuple(arrays[f"{prefix}_{side}"] for side in ("row", "col"))
    np.add.at(found, places, arrays[f"{prefix}_val"] * np.exp(2j * np.pi * flux * area))
    return found
