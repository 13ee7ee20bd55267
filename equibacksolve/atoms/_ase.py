"""To and from the Atoms of ASE (extra `atoms`)."""

from typing import Any

import numpy as np

from equibacksolve.atoms._box import Box
from equibacksolve.atoms._structure import Structure


def from_ase(atoms: Any) -> Structure:
    """The structure that an `ase.Atoms` is. Nothing of ASE is imported. Lengths are in angstrom.

    Raises `ValueError` for a cell without volume; `Box` and `Structure` raise theirs.
    """
    box = Box(np.asarray(atoms.cell[:], float), [bool(flag) for flag in atoms.pbc])
    return Structure(box.wrapped(np.asarray(atoms.positions, float)), box, list(atoms.get_chemical_symbols()))


def to_ase(structure: Structure) -> Any:
    """An `ase.Atoms`; of a structure in the plane, z is 0 and the third edge is 1.

    Raises `ImportError` that names the extra if ASE is not installed.
    """
    try:
        import ase
    except ImportError as error:
        raise ImportError(
            'to_ase needs the package ase, which is not installed; pip install "equibacksolve[atoms]".'
        ) from error
    components = structure.box.components
    cell, positions = np.eye(3), np.zeros((len(structure.species), 3))
    cell[:components, :components] = np.asarray(structure.box.vectors)
    positions[:, :components] = np.asarray(structure.positions)
    flags = (*structure.box.periodic, *[False] * (3 - components))
    return ase.Atoms(list(structure.species), positions=positions, cell=cell, pbc=flags)
