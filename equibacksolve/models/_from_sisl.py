"""From tight-binding or DFT Hamiltonians of sisl to a device. Nothing of sisl is imported: its objects are read."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Int
from scipy.spatial import KDTree

from equibacksolve._arrays import float_array
from equibacksolve._entries import Entries, index_array
from equibacksolve.leads import PeriodicLead, Terminal
from equibacksolve.samples import TightBinding
from equibacksolve.scattering import AbstractSolver
from equibacksolve.simulators import TightBindingDevice

_ROUNDING = 1e-14
"""Entries below this share of the largest are left by sums of phases that cancel."""

_SAME = 1e-3
"""Atoms of the sample and of an electrode agree if they are displaced by less than this share of a lattice vector."""

_AXES = "ABC"


class _Direction(NamedTuple):
    """Along a lattice vector, or against it."""

    axis: int
    sign: int


def from_sisl(
    hamiltonian: Any,
    leads: Sequence[Any],
    *,
    k: Any = (0.0, 0.0, 0.0),
    spin: int | None = None,
    solver: AbstractSolver | None = None,
) -> TightBindingDevice:
    """The device that a `sisl.Hamiltonian` is, between electrodes that are each a `sisl.Hamiltonian` of one cell.

        ebs.models.from_sisl(device, [(electrode, "-A", left_atoms), (electrode, "+A", right_atoms)])

    As in TBtrans, the sample holds the first cell of each electrode; the lead goes on from there.

    **Arguments**

    - `hamiltonian`: of the sample. Couplings to its own images along the leads are left out; those across are kept.
    - `leads`: for each, the Hamiltonian of its cell, which couples to the next cells; the direction in which it leaves
      the sample along a lattice vector of its own, "-A" to "+C"; and the atoms of the sample that are its first cell,
      in the order of its own.
    - `k`: wave vector across the leads, in reciprocal lattice vectors.
    - `spin`: which of the two, where the Hamiltonian is polarized.
    - `solver`: as for `TightBindingDevice`.

    Energies are in eV, as those of sisl. There is no magnetic field: flux is 0. With spin-orbit coupling or
    non-collinear spins an atom has two orbitals for each of sisl's. The potential is zero, a number an atom.

    **Raises** ValueError if the basis is not orthogonal, the atoms are not those of the electrode, a lead would run
    through the sample, or an electrode reaches beyond its next cell.
    """
    directions = [_direction(lead, number) for number, lead in enumerate(leads)]
    if not directions:
        raise ValueError("leads is empty; give (electrode, direction, atoms) for each lead.")
    _check_basis(hamiltonian, spin, "hamiltonian")
    wave = np.asarray(float_array(k, "k"))
    if wave.shape != (3,) or any(wave[direction.axis] for direction in directions):
        raise ValueError(f"k must be three numbers, zero along the leads, but got {k}.")
    axes = sorted({direction.axis for direction in directions})
    inner = _block(_of_wave(hamiltonian, spin, wave), _periods(hamiltonian, axes), {})
    geometry = hamiltonian.geometry
    orbital_site = _site_of_orbitals(geometry, inner.shape[0])
    sample = TightBinding(np.zeros(geometry.na), _entries(inner), np.asarray(geometry.xyz), orbital_site)
    found = []
    for number, (lead, direction) in enumerate(zip(leads, directions)):
        electrode, _, given = lead
        _check_basis(electrode, spin, f"the electrode of lead {number}")
        atoms = _atoms_of(given, number, geometry, electrode.geometry, direction)
        periodic = _lead(_of_wave(electrode, spin, wave), electrode, direction, number)
        interface = np.concatenate([np.flatnonzero(orbital_site == atom) for atom in atoms])
        if len(interface) != periodic.size:
            raise ValueError(
                f"the atoms of lead {number} have {len(interface)} orbitals but its electrode has {periodic.size}; "
                "name the atoms of one cell."
            )
        found.append(Terminal(periodic, interface))
    return TightBindingDevice(sample, found, solver=solver)


def _direction(lead: Any, number: int) -> _Direction:
    if not isinstance(lead, (tuple, list)) or len(lead) != 3:
        raise ValueError(f"lead {number} must be (electrode, direction, atoms), got a {type(lead).__name__}.")
    given = lead[1]
    if not (isinstance(given, str) and len(given) == 2 and given[0] in "+-" and given[1] in _AXES):
        raise ValueError(f"the direction of lead {number} is {given!r}; give one of -A, +A, -B, +B, -C, +C.")
    return _Direction(_AXES.index(given[1]), 1 if given[0] == "+" else -1)


def _check_basis(hamiltonian: Any, spin: int | None, name: str) -> None:
    if not all(hasattr(hamiltonian, known) for known in ("Hk", "geometry", "orthogonal", "spin")):
        raise ValueError(f"{name} is a {type(hamiltonian).__name__}; give a sisl.Hamiltonian.")
    if not hamiltonian.orthogonal:
        raise ValueError(f"{name} has an overlap matrix; only orthogonal bases are known: transform it first.")
    if hamiltonian.spin.is_polarized != (spin is not None):
        told = "is polarized; name spin=0 or spin=1" if spin is None else f"is not polarized; leave spin={spin} out"
        raise ValueError(f"{name} {told}.")


def _of_wave(hamiltonian: Any, spin: int | None, wave: np.ndarray) -> Callable[[dict[int, float]], Any]:
    """H at this wave vector, with some of its components replaced."""
    own = {} if spin is None else {"spin": spin}

    def at(moved: dict[int, float]) -> Any:
        point = [moved.get(axis, float(wave[axis])) for axis in range(3)]
        return sparse.csr_matrix(hamiltonian.Hk(k=point, dtype=np.complex128, format="csr", **own))

    return at


def _periods(hamiltonian: Any, axes: Sequence[int]) -> dict[int, int]:
    """How many cells along each axis the supercell has: of so many waves each coupling is a sum."""
    return {axis: int(hamiltonian.geometry.nsc[axis]) for axis in axes}


def _block(at: Callable[[dict[int, float]], Any], periods: dict[int, int], cell: dict[int, int]) -> Any:
    """⟨cell 0|H|this cell⟩ as a sparse matrix: H(k) is the sum of these times exp(2 pi i k cell)."""
    total, largest = 0, 0.0
    for numbers in itertools.product(*(range(period) for period in periods.values())):
        wave = {axis: n / period for (axis, period), n in zip(periods.items(), numbers)}
        phase = np.exp(-2j * np.pi * sum(wave[axis] * cell.get(axis, 0) for axis in wave))
        matrix = at(wave)
        largest = max(largest, abs(matrix).max())
        total = total + phase * matrix / np.prod(list(periods.values()))
    total = sparse.coo_matrix(total)
    keep = np.abs(total.data) > _ROUNDING * largest
    return sparse.coo_matrix((total.data[keep], (total.row[keep], total.col[keep])), shape=total.shape)


def _entries(matrix: Any) -> Entries:
    return Entries(matrix.row, matrix.col, matrix.data)


def _lead(at: Callable[[dict[int, float]], Any], electrode: Any, direction: _Direction, number: int) -> PeriodicLead:
    periods = _periods(electrode, [direction.axis])
    reach = periods[direction.axis] // 2
    for cells in range(2, reach + 1):
        if _block(at, periods, {direction.axis: cells}).nnz:
            raise ValueError(
                f"the electrode of lead {number} reaches {cells} cells far; make its cell larger: tile(n, axis)."
            )
    if reach == 0:
        raise ValueError(f"the electrode of lead {number} has no next cell along its direction; set nsc=3 there.")
    cell = _block(at, periods, {})
    # ⟨n+1|H|n⟩, counted away from the sample: the cell that H comes from is one step back.
    hopping = _entries(_block(at, periods, {direction.axis: -direction.sign}))
    return PeriodicLead(_entries(cell), hopping, hopping, cell.shape[0])


def _site_of_orbitals(geometry: Any, size: int) -> Int[np.ndarray, " basis"]:
    """With spinors each of sisl's orbitals is two neighbouring rows of H."""
    sites = np.repeat(np.arange(geometry.na), np.asarray(geometry.orbitals))
    return np.repeat(sites, size // len(sites)).astype(np.int32)


def _atoms_of(given: Any, number: int, geometry: Any, cell: Any, direction: _Direction) -> Int[np.ndarray, " atoms"]:
    atoms = np.asarray(index_array(given, f"the atoms of lead {number}"))
    if atoms.ndim != 1 or len(set(atoms.tolist())) != cell.na or len(atoms) != cell.na:
        raise ValueError(f"lead {number} needs {cell.na} atoms, those of its electrode; got {atoms.tolist()[:20]}.")
    if atoms.max() >= geometry.na:
        raise ValueError(f"lead {number} names atom {atoms.max()} of {geometry.na}; count from 0.")
    step = np.asarray(cell.cell)[direction.axis] * direction.sign
    close, places = _SAME * np.linalg.norm(step), np.asarray(geometry.xyz)
    moved = places[atoms] - np.asarray(cell.xyz)
    if np.abs(moved - moved[0]).max() > close:
        raise ValueError(
            f"the atoms of lead {number} are not arranged as those of its electrode; name them in its order."
        )
    if KDTree(places).query(places[atoms] + step)[0].min() < close:
        raise ValueError(
            f"lead {number} would run through the sample; name the opposite direction, or atoms at the sample's end."
        )
    return atoms
