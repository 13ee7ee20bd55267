"""Terminals of the parts of a lead that do not mix, such as spin up and down."""

from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from equibacksolve._arrays import is_concrete
from equibacksolve._entries import Entries, LinearTerm
from equibacksolve.leads._given import WideBandLead
from equibacksolve.leads._periodic import PeriodicLead
from equibacksolve.leads._terminal import Terminal


def split_terminal(terminal: Terminal, labels: Any) -> tuple[Terminal, ...]:
    """A terminal for each part of a lead, so that transmissions are told apart by spin, layer or valley of the lead.

        up, down = split_terminal(left, ["up", "down"] * 4)
        device = TightBindingDevice(sample, [up, down, right])
        spin_resolved = ConductanceMatrix(device)

    Where parts of a lead are not coupled, each is a lead of its own, and their self-energies add up. Current that one
    part sends into the other is a transmission between two terminals. Leaves are copied: to hide a strength that the
    parts share, hide it before the terminal is split.

    **Arguments**

    - `terminal`: with a `PeriodicLead`, or a `WideBandLead`.
    - `labels`: one for each orbital of a cell (of the interface, for a wide band): numbers or words.

    Terminals come in the order of the sorted labels.

    **Raises** ValueError if there is not one label an orbital, or something couples orbitals of different labels;
    TypeError for another kind of lead.
    """
    lead = terminal.lead
    if not isinstance(lead, (PeriodicLead, WideBandLead)):
        raise TypeError(f"{type(lead).__name__} cannot be split; give a PeriodicLead or a WideBandLead.")
    if not is_concrete(terminal):
        raise TypeError("split_terminal needs known numbers; call it outside jax.jit.")
    size = lead.size if isinstance(lead, PeriodicLead) else terminal.interface.shape[0]
    labels = np.asarray(labels)
    if labels.shape != (size,):
        raise ValueError(f"labels has shape {labels.shape}; give one for each of {size} orbitals of the lead.")
    if isinstance(lead, WideBandLead):
        return tuple(_wide_band_part(lead, terminal.interface, labels == label) for label in np.unique(labels))
    return tuple(_periodic_part(lead, terminal.interface, labels, label) for label in np.unique(labels))


def _wide_band_part(
    lead: WideBandLead, interface: Int[Array, " orbitals"], mine: Bool[np.ndarray, " orbitals"]
) -> Terminal:
    broadening = lead.broadening
    return Terminal(WideBandLead(broadening if broadening.shape[0] == 1 else broadening[mine]), interface[mine])


def _periodic_part(
    lead: PeriodicLead, interface: Int[Array, " interface"], labels: Shaped[np.ndarray, " orbitals"], label: Any
) -> Terminal:
    mine = labels == label
    number = np.where(mine, np.cumsum(mine) - 1, -1)
    inner = lambda entries, name: _renumbered(entries, _inside(entries, labels, mine, name), number, number)
    touching = mine[np.asarray(lead.coupling.row)]
    touched = np.unique(np.asarray(lead.coupling.column)[touching])
    place = np.full(interface.shape[0], -1)
    place[touched] = np.arange(len(touched))
    if not len(touched):
        raise ValueError(f"the part {label!r} of the lead touches no orbital of the sample; leave it out of the lead.")
    terms = []
    for i, term in enumerate(lead.terms):
        inside = _inside(term.entries, labels, mine, f"terms[{i}]")
        entries = _renumbered(term.entries, inside, number, number)
        terms.append(LinearTerm(term.strength, entries, np.asarray(term.unknown)[inside], term.setting))
    found = PeriodicLead(
        inner(lead.cell, "cell"),
        inner(lead.hopping, "hopping"),
        _renumbered(lead.coupling, touching, number, place),
        int(mine.sum()),
        onsite=lead.onsite,
        strength=lead.strength,
        terms=tuple(terms),
    )
    return Terminal(found, interface[touched])


def _inside(
    entries: Entries, labels: Shaped[np.ndarray, " orbitals"], mine: Bool[np.ndarray, " orbitals"], name: str
) -> Bool[np.ndarray, " entries"]:
    """Which entries belong to a part. Raises ValueError for those that mix two."""
    row, column = np.asarray(entries.row), np.asarray(entries.column)
    mixing = (labels[row] != labels[column]) & (np.asarray(entries.value) != 0)
    if mixing.any():
        first = int(np.argmax(mixing))
        raise ValueError(
            f"{name} of the lead couples orbital {row[first]} to {column[first]}, which have different labels; only "
            "parts that do not mix can be split."
        )
    return mine[row] & mine[column]


def _renumbered(
    entries: Entries, chosen: Bool[np.ndarray, " entries"], rows: Int[np.ndarray, " _"], columns: Int[np.ndarray, " _"]
) -> Entries:
    row, column = rows[np.asarray(entries.row)[chosen]], columns[np.asarray(entries.column)[chosen]]
    return Entries(row, column, entries.value[chosen], None if entries.area is None else entries.area[chosen])
