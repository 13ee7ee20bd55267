"""Periodic leads: any cell, any coupling between cells, in a magnetic field."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve._entries import Entries, LinearTerm, Settings
from equibacksolve.leads._contact import Places, Sizes, Values, self_energy, slowest_waves
from equibacksolve.leads._lead import AbstractLead, Points, SelfEnergy
from equibacksolve.leads._surface import SLOWEST


class PeriodicLead(AbstractLead):
    """A lead of equal cells, counted away from the sample: H0 in a cell, V = ⟨n+1|H|n⟩ from cell to cell.

    Sigma = C† g C with g = (E - H0 - V† g V)^-1 of the first cell, and C = ⟨cell 1|H|sample⟩. V may be singular.

    **Fields**

    - `cell`: H0 without `onsite`; both triangles.
    - `hopping`: V; row: orbital of cell n + 1, column: of cell n.
    - `coupling`: C; row: orbital of the first cell, column: number within the interface of the terminal.
    - `size`: orbitals of a cell.
    - `onsite`: an energy of all its orbitals, a trainable number.
    - `strength`: a factor of the coupling, a trainable number.
    - `terms`: what H0 depends on linearly, see `LinearTerm`.

    **Raises** ValueError if indices do not fit, H0 is not Hermitian, or there is no hopping from cell to cell.
    """

    cell: Entries
    hopping: Entries
    coupling: Entries
    onsite: Float[Array, ""] = eqx.field(converter=named_float_array("PeriodicLead.onsite"))
    strength: Float[Array, ""] = eqx.field(converter=named_float_array("PeriodicLead.strength"))
    terms: tuple[LinearTerm, ...]
    size: int = eqx.field(static=True)
    most_channels: int = eqx.field(static=True)

    def __init__(
        self,
        cell: Entries,
        hopping: Entries,
        coupling: Entries,
        size: int,
        *,
        onsite: Any = 0.0,
        strength: Any = 1.0,
        terms: tuple[LinearTerm, ...] = (),
    ):
        self.cell, self.hopping, self.coupling = cell, hopping, coupling
        self.onsite, self.strength, self.terms = onsite, strength, tuple(terms)
        self.size = int(size)
        self.most_channels = self._rank()

    def __check_init__(self):
        check_fields(self)
        parts = {name: getattr(self, name) for name in ("cell", "hopping", "coupling")}
        parts |= {f"terms[{i}].entries": term.entries for i, term in enumerate(self.terms)}
        for name, entries in parts.items():
            for side in ("row", "column") if name != "coupling" else ("row",):
                index = getattr(entries, side)
                if is_concrete(index) and index.size and int(np.asarray(index).max()) >= self.size:
                    raise ValueError(
                        f"PeriodicLead.{name} has a {side} {int(np.asarray(index).max())}, but a cell has {self.size} "
                        "orbitals; count from 0."
                    )
        if self.most_channels == 0:
            raise ValueError("PeriodicLead.hopping is zero: a lead whose cells are not coupled carries no current.")
        if is_concrete(self.cell, self.terms):
            matrix = self._known_cell(0.137, dict.fromkeys(self.settings, 0.7))
            if np.abs(matrix - matrix.conj().T).max() > 1e-10 * np.abs(matrix).max():
                raise ValueError("PeriodicLead.cell is not Hermitian; give both triangles, with opposite areas.")

    def channels(self, interface: int) -> int:
        index = self.coupling.column
        if is_concrete(index) and index.size and int(np.asarray(index).max()) >= interface:
            raise ValueError(
                f"the coupling of a lead names orbital {int(np.asarray(index).max())} of an interface of {interface}; "
                "count from 0."
            )
        return min(self.most_channels, interface)

    def check(self, name: str, interface: int, energy: Points, flux: Points, settings: dict[str, Points]) -> None:
        sizes = Sizes(self.size, interface, self.channels(interface))
        known, asked = np.asarray(flux), {name: np.asarray(value) for name, value in settings.items()}
        of_cell = [self.cell.known_at(known), *(term.known_at(known, asked) for term in self.terms)]
        values = (np.concatenate(of_cell, axis=1), self.hopping.known_at(known), self.coupling.known_at(known))
        slowest = slowest_waves(sizes, self._known_places(), values, np.asarray(energy) - np.asarray(self.onsite))
        worst = int(np.argmin(slowest))
        if not slowest[worst] >= SLOWEST:
            # At the edge of a band t cos k, a wave of velocity v is v^2 / 4t away.
            told = f"{slowest[worst] ** 2 / 4:.0e} hoppings from" if slowest[worst] > 0 else "at"
            raise ValueError(
                f"{name} is {told} a band edge at energy {float(energy[worst]):.12g}, flux {float(flux[worst]):.6g}, "
                "where a wave stands still and its self-energy cannot be trusted; move the energy by 1e-9 or more."
            )

    @property
    def settings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.setting for term in self.terms if term.setting is not None))

    @property
    def knows_flux(self) -> bool:
        # Which orbitals of a cell share a site is not known; row and column of the others count in two places.
        within = all(part.knows_flux(np.arange(self.size)) for part in (self.cell, *(t.entries for t in self.terms)))
        return within and all(part.area is not None or part.row.size == 0 for part in (self.hopping, self.coupling))

    def self_energy(self, interface: int, energy: Scalar, flux: Scalar, settings: Settings) -> SelfEnergy:
        sizes = Sizes(self.size, interface, self.channels(interface))
        # A shift of the lead is one of the energy against it.
        found = self_energy(sizes, self._places(), self._values(flux, settings), energy - self.onsite)
        # The waves do not know how strongly the sample is coupled: a search for the strength computes them once.
        return SelfEnergy(self.strength**2 * found.matrix, self.strength * found.amplitudes)

    def _places(self) -> Places:
        of_cell = (self.cell, *(term.entries for term in self.terms))
        stacked = lambda parts: jnp.stack([jnp.concatenate([getattr(p, k) for p in parts]) for k in ("row", "column")])
        return Places(stacked(of_cell), stacked((self.hopping,)), stacked((self.coupling,)))

    def _known_places(self) -> tuple[Int[np.ndarray, "2 entries"], ...]:
        of_cell = (self.cell, *(term.entries for term in self.terms))
        parts = (of_cell, (self.hopping,), (self.coupling,))
        side = lambda entries, name: np.concatenate([np.asarray(getattr(one, name)) for one in entries])
        return tuple(np.stack([side(part, "row"), side(part, "column")]) for part in parts)

    def _values(self, flux: Scalar, settings: Settings) -> Values:
        of_cell = jnp.concatenate([self.cell.at(flux), *(term.at(flux, settings) for term in self.terms)])
        return Values(of_cell, self.hopping.at(flux), self.coupling.at(flux))

    def _known_cell(self, flux: float, settings: dict[str, float]) -> Complex[np.ndarray, "cell cell"]:
        found = np.zeros((self.size, self.size), complex)
        values = [(self.cell, self.cell.known_at(flux)), *((t.entries, t.known_at(flux, settings)) for t in self.terms)]
        for entries, value in values:
            np.add.at(found, (np.asarray(entries.row), np.asarray(entries.column)), value)
        return found

    def _rank(self) -> int:
        """No more channels than the rank of V are open."""
        if not is_concrete(self.hopping):
            return self.size
        found = np.zeros((self.size, self.size), complex)
        row, column = np.asarray(self.hopping.row), np.asarray(self.hopping.column)
        np.add.at(found, (row, column), np.asarray(self.hopping.value))
        return int(np.linalg.matrix_rank(found))
