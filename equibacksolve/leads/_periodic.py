"""Periodic leads: any cell, any coupling between cells, in a magnetic field."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve._entries import Entries, LinearTerm, Settings, dense
from equibacksolve.leads._amplitudes import carried_along
from equibacksolve.leads._lead import AbstractLead, SelfEnergy
from equibacksolve.leads._stein import stein
from equibacksolve.leads._surface import surfaces


class PeriodicLead(AbstractLead):
    """A lead of equal cells, counted away from the sample: H0 in a cell, V = <n+1|H|n> from cell to cell.

    Sigma = C† g C with g = (E - H0 - V† g V)^-1 of the first cell, and C = <cell 1|H|sample>. V may be singular.

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
        for name in ("cell", "hopping", "coupling"):
            entries = getattr(self, name)
            for side in ("row", "column") if name != "coupling" else ("row",):
                index = getattr(entries, side)
                if is_concrete(index) and index.size and int(index.max()) >= self.size:
                    raise ValueError(
                        f"PeriodicLead.{name} has a {side} {int(index.max())}, but a cell has {self.size} orbitals."
                    )
        if self.most_channels == 0:
            raise ValueError("PeriodicLead.hopping is zero: a lead whose cells are not coupled carries no current.")
        if is_concrete(self.cell, self.terms):
            with jax.ensure_compile_time_eval():
                matrix = np.asarray(self._cell(jnp.asarray(0.137), {name: jnp.asarray(0.7) for name in self.settings}))
            if np.abs(matrix - matrix.conj().T).max(initial=0.0) > 1e-10 * np.abs(matrix).max(initial=0.0):
                raise ValueError("PeriodicLead.cell is not Hermitian; give both triangles, with opposite areas.")

    def channels(self, interface: int) -> int:
        index = self.coupling.column
        if is_concrete(index) and index.size and int(index.max()) >= interface:
            raise ValueError(
                f"the coupling of a lead names orbital {int(index.max())} of an interface of {interface}; count from 0."
            )
        return min(self.most_channels, interface)

    @property
    def settings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.setting for term in self.terms if term.setting is not None))

    @property
    def knows_flux(self) -> bool:
        parts = (self.cell, self.hopping, self.coupling)
        return all(entries.area is not None or entries.row.size == 0 for entries in parts)

    def self_energy(self, interface: int, energy: Scalar, flux: Scalar, settings: Settings) -> SelfEnergy:
        cell = self._cell(flux, settings) + self.onsite * jnp.eye(self.size)
        hopping = dense(self.hopping, self.hopping.at(flux), (self.size, self.size))
        coupling = self.strength * dense(self.coupling, self.coupling.at(flux), (self.size, interface))
        green, amplitudes, _ = surface_and_amplitudes(self.channels(interface), cell, hopping, coupling, energy)
        return SelfEnergy(coupling.conj().T @ green @ coupling, amplitudes)

    def _cell(self, flux: Scalar, settings: Settings) -> Complex[Array, "cell cell"]:
        shape = (self.size, self.size)
        terms = [dense(term.entries, term.at(flux, settings), shape) for term in self.terms]
        return sum(terms, start=dense(self.cell, self.cell.at(flux), shape))

    def _rank(self) -> int:
        """No more channels than the rank of V are open."""
        if not is_concrete(self.hopping):
            return self.size
        with jax.ensure_compile_time_eval():
            hopping = np.asarray(dense(self.hopping, self.hopping.value, (self.size, self.size)))
        return int(np.linalg.matrix_rank(hopping))


def _surfaces(channels, cell, hopping, coupling, energy):
    size, (_, interface) = cell.shape[0], coupling.shape
    shapes = (
        jax.ShapeDtypeStruct((size, size), cell.dtype),
        jax.ShapeDtypeStruct((interface, channels), cell.dtype),
        jax.ShapeDtypeStruct((), energy.dtype),
    )

    def on_host(*point):
        cell, hopping, coupling, energy = (np.asarray(array) for array in point)
        batch = energy.shape
        flat = lambda array: array.reshape(-1, *array.shape[len(batch) :])
        found = surfaces(*(flat(array) for array in (cell, hopping, coupling, energy)), channels)
        return tuple(
            part.reshape(*batch, *shape.shape).astype(shape.dtype) for part, shape in zip(found, shapes, strict=True)
        )

    return jax.pure_callback(on_host, shapes, cell, hopping, coupling, energy, vmap_method="broadcast_all")


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def surface_and_amplitudes(channels, cell, hopping, coupling, energy):
    """(g, W, slowest velocity) of one point, see `_surface.py`."""
    return _surfaces(channels, cell, hopping, coupling, energy)


@surface_and_amplitudes.defjvp
def _derivative(channels, primals, tangents):
    """From g^-1 = E - H0 - V† g V: dg - (g V†) dg (V g) = g (dH0 - dE + dV† g V + V† g dV) g."""
    cell, hopping, coupling, _ = primals
    of_cell, of_hopping, of_coupling, of_energy = tangents
    green, amplitudes, slowest = surface_and_amplitudes(channels, *primals)
    inner = of_hopping.conj().T @ green @ hopping + hopping.conj().T @ green @ of_hopping
    moved = of_cell - of_energy * jnp.eye(cell.shape[0]) + inner
    of_green = stein(green @ hopping.conj().T, hopping @ green, green @ moved @ green)
    of_self_energy = coupling.conj().T @ of_green @ coupling
    of_self_energy = of_self_energy + of_coupling.conj().T @ green @ coupling + coupling.conj().T @ green @ of_coupling
    of_broadening = 1j * (of_self_energy - of_self_energy.conj().T)
    found = (green, amplitudes, slowest)
    return found, (of_green, carried_along(amplitudes, of_broadening), jnp.zeros_like(slowest))
