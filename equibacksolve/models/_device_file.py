"""Devices in files: arrays of NumPy by name (.npz), nothing that would be called or imported when it is read."""

import io
import os
import pathlib
import zipfile
from typing import Any

import numpy as np

from equibacksolve.models._from_arrays import from_arrays
from equibacksolve.models._to_arrays import to_arrays
from equibacksolve.scattering import AbstractSolver
from equibacksolve.simulators import TightBindingDevice


def load_device(path: str | os.PathLike, *, solver: AbstractSolver | None = None) -> TightBindingDevice:
    """The device in a file, which `save_device` wrote here, or `export_kwant.write` beside Kwant.

    **Arguments**

    - `path`: an .npz, its arrays as in docs/bring_your_own_model.md.
    - `solver`: as for `TightBindingDevice`.

    **Raises** ValueError that names the file and the array: where the file is no .npz or is damaged, is of another
    version, lacks an array, or where arrays do not fit one another. FileNotFoundError if there is no such file.
    """
    path = pathlib.Path(path)
    arrays = _arrays_in(path)
    try:
        return from_arrays(arrays, solver=solver)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def save_device(path: str | os.PathLike, device: TightBindingDevice) -> None:
    """Write a device to an .npz that `load_device` reads. The file gets just this name; one that is there is replaced.

    What is written is the Hamiltonian: a potential that is made of something else, a spline or discs, becomes one
    number a site. The solver is not written.

    **Raises** ValueError for what cannot be written: leads other than `PeriodicLead` and `WideBandLead`, a lossy
    sample, a device inside `jax.jit`.
    """
    content = io.BytesIO()
    arrays: dict[str, Any] = to_arrays(device)
    np.savez_compressed(content, **arrays)
    path = pathlib.Path(path)
    # Beside the file and then in its place, so that nobody reads half a device.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content.getvalue())
    os.replace(unfinished, path)


def _arrays_in(path: pathlib.Path) -> dict[str, np.ndarray]:
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError(f"{path} is no .npz file, or its end is missing; write it by save_device, or numpy.savez.")
    name = "its list of arrays"
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            found = {}
            for name in file.files:
                found[name] = file[name]
            return found
    except Exception as error:  # whatever zipfile, zlib and NumPy raise for a damaged member
        raise ValueError(f"{path} is damaged, or holds more than arrays: {name} cannot be read.") from error
