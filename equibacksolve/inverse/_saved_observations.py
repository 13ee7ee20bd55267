"""Observations in a file, so that a run directory says by itself what was explained."""

import os
import pathlib

from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.saving import (
    CannotBeReadHere,
    Damaged,
    check_readable,
    header_from_bytes,
    tree_from_bytes,
    tree_to_bytes,
    write_durably,
)


def save_observations(observed: AbstractObservations, path: str | os.PathLike[str]) -> None:
    """Write them to one file (an .npz that NumPy opens)."""
    write_durably(pathlib.Path(path), tree_to_bytes({"kind": "observations"}, {"observations": observed}))


def load_observations(path: str | os.PathLike[str]) -> AbstractObservations:
    """The observations in a run directory, or in a file of their own.

    Raises FileNotFoundError if there are none, ValueError if the file is damaged, holds something else, was written by
    another version, or holds numbers of 64 bits while JAX has 32.
    """
    path = pathlib.Path(path)
    path = path / "observed.npz" if path.is_dir() else path
    content = path.read_bytes()
    try:
        header = header_from_bytes(content)
        if header.get("kind") != "observations":
            raise ValueError(
                f"{path} holds {header.get('kind')}, not observations; pass a run directory, or its observed.npz."
            )
        check_readable(header)
        observed = tree_from_bytes(content, "observations")
        if not isinstance(observed, AbstractObservations):
            raise Damaged(f"it holds a {type(observed).__name__} in place of observations")
        return observed
    except CannotBeReadHere as error:
        raise ValueError(f"{path} {error}.") from error
    except Damaged as error:
        raise ValueError(f"{path} is damaged ({error}); read the measurement anew.") from error
