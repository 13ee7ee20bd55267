"""Observations in a file, so that a run directory says by itself what was explained."""

import os
import pathlib

from equibacksolve.inverse._durable import write_durably
from equibacksolve.inverse._observations import Observations
from equibacksolve.inverse._tree_file import Damaged, header_from_bytes, tree_from_bytes, tree_to_bytes


def save_observations(observed: Observations, path: str | os.PathLike[str]) -> None:
    """Write them to one file (an .npz that NumPy opens)."""
    write_durably(pathlib.Path(path), tree_to_bytes({"kind": "observations", "format": 1}, observed))


def load_observations(path: str | os.PathLike[str]) -> Observations:
    """The observations in a run directory, or in a file of their own.

    Raises FileNotFoundError if there are none, ValueError if the file is damaged or holds something else.
    """
    path = pathlib.Path(path)
    path = path / "observed.npz" if path.is_dir() else path
    content = path.read_bytes()
    try:
        kind = header_from_bytes(content).get("kind")
    except Damaged as error:
        raise ValueError(f"{path} is damaged ({error}); read the measurement anew.") from error
    if kind != "observations":
        raise ValueError(f"{path} holds {kind}, not observations; pass a run directory, or its observed.npz.")
    return tree_from_bytes(content)
