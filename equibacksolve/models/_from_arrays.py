"""From named arrays to a device."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from equibacksolve._entries import Entries, LinearTerm
from equibacksolve.leads import PeriodicLead, Terminal, WideBandLead
from equibacksolve.models._arrays_of_device import (
    FORMAT,
    VERSION,
    check_hermitian,
    count,
    entries,
    flag,
    index,
    names_of_terms,
    real,
    text,
)
from equibacksolve.samples import TightBinding
from equibacksolve.scattering import AbstractSolver
from equibacksolve.simulators import TightBindingDevice


def from_arrays(arrays: Mapping[str, Any], *, solver: AbstractSolver | None = None) -> TightBindingDevice:
    """The device that named arrays describe: those that `export_kwant.arrays` returns, and that a device file holds.

    **Arguments**

    - `arrays`: by name, see docs/bring_your_own_model.md. Names that mean nothing here are passed over.
    - `solver`: as for `TightBindingDevice`.

    **Raises** ValueError that names the array which is missing, or does not fit the others, or makes a Hamiltonian that
    is not Hermitian; or if the arrays are of another version.
    """
    _check_version(arrays)
    field = flag(arrays, "field", True)
    sample = _sample(arrays, field)
    number = count(arrays, "n_leads")
    if beyond := [name for name in arrays if name.startswith(f"lead{number}_")]:
        raise ValueError(f"{beyond[0]} is there, but n_leads is {number}; count the leads from 0.")
    terminals = [_terminal(arrays, f"lead{p}", sample.size, field) for p in range(number)]
    return TightBindingDevice(sample, terminals, solver=solver)


def _check_version(arrays: Mapping[str, Any]) -> None:
    if "format" in arrays and (found := text(arrays, "format")) != FORMAT:
        raise ValueError(f"format is {found!r}; only {FORMAT!r} is read.")
    if "version" in arrays and (number := count(arrays, "version")) != VERSION:
        raise ValueError(f"version is {number}, but this equibacksolve reads {VERSION}; write it anew, or update.")


def _sample(arrays: Mapping[str, Any], field: bool) -> TightBinding:
    positions = real(arrays, "positions", 2)
    sites = len(positions)
    orbital_site = index(arrays, "orbital_site", sites, "site")
    onsite = real(arrays, "onsite")
    if onsite.shape != (sites,):
        raise ValueError(f"onsite has {onsite.shape[0]} entries but positions has {sites}; give one of each a site.")
    found = _hermitian(arrays, "H", len(orbital_site), field)
    return TightBinding(onsite, found, positions, orbital_site, _terms(arrays, "H", len(orbital_site)))


def _terminal(arrays: Mapping[str, Any], lead: str, orbitals: int, field: bool) -> Terminal:
    interface = index(arrays, f"{lead}_interface", orbitals, "orbital")
    touched, times = np.unique(interface, return_counts=True)
    if not len(interface) or times.max() > 1:
        told = f"names orbital {touched[times.argmax()]} twice" if len(interface) else "is empty"
        raise ValueError(f"{lead}_interface {told}; name each orbital that the lead touches once.")
    if f"{lead}_broadening" not in arrays:
        return Terminal(_periodic(arrays, lead, interface, orbitals, field), interface)
    broadening = real(arrays, f"{lead}_broadening")
    if broadening.shape[0] not in (1, len(interface)) or not np.all(broadening > 0):
        raise ValueError(
            f"{lead}_broadening must be one positive number, or one for each of {len(interface)} orbitals of "
            f"{lead}_interface."
        )
    return Terminal(WideBandLead(broadening), interface)


def _periodic(arrays: Mapping[str, Any], lead: str, interface: np.ndarray, orbitals: int, field: bool) -> PeriodicLead:
    size = count(arrays, f"{lead}_size")
    cell = _hermitian(arrays, f"{lead}_H0", size, field)
    hopping = entries(arrays, f"{lead}_V", (size, size), field)
    if not np.any(np.asarray(hopping.value)):
        raise ValueError(f"{lead}_V_val is zero; a lead whose cells are not coupled carries no current.")
    touching = entries(arrays, f"{lead}_C", (size, orbitals), field)
    for part in ("V", "C"):
        if names := names_of_terms(arrays, f"{lead}_{part}"):
            raise ValueError(f"{lead}_{part} has a term {names[0]}; only H and {lead}_H0 can have terms.")
    number = np.full(orbitals, -1)
    number[interface] = np.arange(len(interface))
    column = number[np.asarray(touching.column)]
    if np.any(column < 0):
        other = int(np.asarray(touching.column)[column < 0][0])
        raise ValueError(f"{lead}_C_col names orbital {other}, which is not in {lead}_interface; add it there.")
    coupling = Entries(touching.row, column, touching.value, touching.area)
    own = {name: real(arrays, f"{lead}_{name}", 0) for name in ("onsite", "strength") if f"{lead}_{name}" in arrays}
    terms = _terms(arrays, f"{lead}_H0", size)
    if field:  # says that every hopping has an area: one that is left out is none
        terms = tuple(t if t.entries.knows_flux(np.arange(size)) else _enclosing_nothing(t) for t in terms)
    return PeriodicLead(cell, hopping, coupling, size, terms=terms, **own)


def _enclosing_nothing(term: LinearTerm) -> LinearTerm:
    """The term with areas of zero."""
    zeros = jnp.zeros(term.entries.row.shape)
    return eqx.tree_at(lambda t: t.entries.area, term, zeros, is_leaf=lambda leaf: leaf is None)


def _terms(arrays: Mapping[str, Any], prefix: str, size: int) -> tuple[LinearTerm, ...]:
    return tuple(_term(arrays, f"{prefix}_{name}", name, size) for name in names_of_terms(arrays, prefix))


def _term(arrays: Mapping[str, Any], prefix: str, name: str, size: int) -> LinearTerm:
    setting = text(arrays, f"{prefix}_setting", name) or None
    if setting in ("flux", "energy"):
        raise ValueError(f"{prefix}_setting is {setting!r}, which every measurement has; choose another name.")
    strength = real(arrays, f"{prefix}_strength") if f"{prefix}_strength" in arrays else np.ones(1)
    found = entries(arrays, prefix, (size, size), False)
    unknown = None
    if f"{prefix}_unknown" in arrays:
        unknown = index(arrays, f"{prefix}_unknown", len(strength), "strength")
        if unknown.shape != found.row.shape:
            raise ValueError(f"{prefix}_unknown must have one entry for each of {prefix}_row.")
    known = np.zeros(len(found.row), np.int32) if unknown is None else unknown
    # Every strength may be any real number: what it multiplies is Hermitian by itself.
    for number in np.unique(known):
        own = np.where(known == number, np.asarray(found.value), 0)
        check_hermitian(prefix, Entries(found.row, found.column, own, found.area), size)
    return LinearTerm(strength, found, unknown, setting)


def _hermitian(arrays: Mapping[str, Any], prefix: str, size: int, field: bool) -> Entries:
    found = entries(arrays, prefix, (size, size), field)
    check_hermitian(prefix, found, size)
    return found
