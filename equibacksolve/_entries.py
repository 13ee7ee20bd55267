"""Entries of a Hamiltonian in coordinate form, with what a magnetic field and a parameter do to them."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve._axes import Scalar

Settings = dict[str, Scalar]
"""What is set at a point besides flux and energy, by name: a Zeeman energy, a gate voltage."""


def index_array(value: Any, argument: str) -> Int[Array, "..."]:
    """Whole numbers that count from 0. Raises ValueError if they do not, and TypeError for what is no whole number."""
    if is_concrete(value):
        given = np.asarray(value)
        if given.size and not np.issubdtype(given.dtype, np.integer):
            raise TypeError(f"{argument} must be whole numbers, got {given.dtype}; count from 0.")
        if given.size and given.min() < 0:
            raise ValueError(f"{argument} holds {given.min()}; count from 0.")
        # Known numbers stay known, also while something is being traced: the order of the sites follows from them.
        with jax.ensure_compile_time_eval():
            return jnp.asarray(given, jnp.int32)
    return jnp.asarray(value)


def _complex_array(value: Any) -> Complex[Array, "..."]:
    array = float_array(value, "Entries.value")
    return array if jnp.iscomplexobj(array) else array.astype(jnp.result_type(array.dtype, jnp.complex64))


def _optional_area(value: Any) -> Float[Array, "..."] | None:
    return None if value is None else float_array(value, "Entries.area")


class Entries(eqx.Module):
    """H[row, column] += value exp(2 pi i flux area): entries that stand twice add up.

    Both triangles are given: H[i, j] and H[j, i] = conj(H[i, j]), with the opposite area.

    **Fields**

    - `row`, `column`: which orbitals, counted from 0.
    - `value`: without a magnetic field, in the unit of all energies.
    - `area`: the integral of the vector potential along the hopping, over that of a unit of flux around the unit of
      area; in a Landau gauge A = (-y, 0): minus the mean y times the step in x. None where no field is meant: a flux is
      refused then.

    **Raises** ValueError if the shapes differ or numbers are not finite.
    """

    row: Int[Array, " entries"] = eqx.field(converter=lambda a: index_array(a, "Entries.row"))
    column: Int[Array, " entries"] = eqx.field(converter=lambda a: index_array(a, "Entries.column"))
    value: Complex[Array, " entries"] = eqx.field(converter=_complex_array)
    area: Float[Array, " entries"] | None = eqx.field(converter=_optional_area, default=None)

    def __check_init__(self):
        shapes = {name: getattr(self, name).shape for name in ("row", "column", "value")}
        shapes |= {} if self.area is None else {"area": self.area.shape}
        if len(set(shapes.values())) > 1 or len(self.row.shape) != 1:
            told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(f"Entries needs lists of the same length, got {told}.")
        for name in ("value", "area"):
            given = getattr(self, name)
            if is_concrete(given) and given is not None and not np.all(np.isfinite(given)):
                raise ValueError(f"Entries.{name} has {int((~np.isfinite(given)).sum())} entries that are not finite.")

    @classmethod
    def of_blocks(cls, row: Any, column: Any, blocks: Any, area: Any = None) -> "Entries":
        """Entries between sites that have several orbitals: blocks of H, such as matrices on spin up and down.

        **Arguments**

        - `row`, `column`: which sites, counted from 0; orbital a of n on site i is number n i + a.
        - `blocks`: a matrix (n, n) for each entry, or one for all.
        - `area`: one for each entry, as of `Entries`.

        **Raises** ValueError if the shapes do not fit.
        """
        row, column = index_array(row, "row"), index_array(column, "column")
        blocks = _complex_array(blocks)
        if row.ndim != 1 or blocks.ndim not in (2, 3) or blocks.shape[-1] != blocks.shape[-2]:
            raise ValueError(f"blocks has shape {blocks.shape} for sites {row.shape}; give a matrix for each entry.")
        if row.shape != column.shape or (blocks.ndim == 3 and blocks.shape[0] != row.shape[0]):
            raise ValueError(f"got {row.shape[0]} rows, {column.shape[0]} columns and blocks {blocks.shape}.")
        size = blocks.shape[-1]
        values = jnp.broadcast_to(blocks, (row.shape[0], size, size))
        orbital = np.arange(size)
        rows = jnp.broadcast_to(size * row[:, None, None] + orbital[:, None], values.shape)
        columns = jnp.broadcast_to(size * column[:, None, None] + orbital, values.shape)
        areas = None if area is None else jnp.repeat(float_array(area, "Entries.area"), size**2)
        return cls(rows.reshape(-1), columns.reshape(-1), values.reshape(-1), areas)

    def knows_flux(self, site: Any) -> bool:
        """Whether a magnetic field can be applied: there are areas, or all entries stay on a site and need none.

        `site` is that of each orbital, for both sides of the entries.
        """
        if self.area is not None:
            return True
        site = np.asarray(site) if is_concrete(self.row, self.column, site) else None
        return site is not None and bool(np.all(site[np.asarray(self.row)] == site[np.asarray(self.column)]))

    def at(self, flux: Scalar) -> Complex[Array, " entries"]:
        """The values in a magnetic field of this flux, in h/e."""
        return self.value if self.area is None else _in_field(jnp, self.value, flux * self.area)

    def known_at(self, flux: Float[np.ndarray, "*points"] | float) -> Complex[np.ndarray, "*points entries"]:
        """The same as numbers of NumPy, for checks: nothing is compiled."""
        value, flux = np.asarray(self.value), np.asarray(flux)[..., None]
        area = np.zeros(value.shape) if self.area is None else np.asarray(self.area)
        return _in_field(np, value, flux * area)


def _in_field(library: Any, value: Any, turns: Any) -> Any:
    """The Peierls phase."""
    return value * (library.cos(2 * np.pi * turns) + 1j * library.sin(2 * np.pi * turns))


class LinearTerm(eqx.Module):
    """H += strength[unknown] x entries: what a Hamiltonian depends on linearly, with the strengths as trainable leaf.

    A Zeeman energy and a spin-orbit coupling have one strength for all entries; disorder of the hoppings has one for
    each bond, whose two entries share it.

    **Fields**

    - `strength`: one number, or one for each unknown; in the unit of the energies over that of the entries.
    - `entries`: what it multiplies.
    - `unknown`: which strength belongs to an entry; left out: all the first.
    - `setting`: the name of a setting of the measurement that multiplies the strength, e.g. "zeeman"; None for none.

    **Raises** ValueError if `unknown` does not fit the entries or the strengths.
    """

    strength: Float[Array, " unknowns"] = eqx.field(
        converter=lambda a: jnp.atleast_1d(float_array(a, "LinearTerm.strength")), metadata={"smooth": False}
    )
    entries: Entries
    unknown: Int[Array, " entries"]
    setting: str | None = eqx.field(static=True)

    def __init__(self, strength: Any, entries: Entries, unknown: Any = None, setting: str | None = None):
        self.strength = strength
        self.entries = entries
        zeros = np.zeros(entries.row.shape[0], np.int32)
        self.unknown = index_array(zeros if unknown is None else unknown, "LinearTerm.unknown")
        self.setting = setting

    def __check_init__(self):
        if self.unknown.shape != self.entries.row.shape:
            raise ValueError(f"LinearTerm got {self.unknown.shape} unknowns for {self.entries.row.shape} entries.")
        if (
            is_concrete(self.unknown)
            and self.unknown.size
            and int(np.asarray(self.unknown).max()) >= self.strength.shape[0]
        ):
            raise ValueError(
                f"LinearTerm.unknown names strength {int(np.asarray(self.unknown).max())} of "
                f"{self.strength.shape[0]}; count from 0."
            )

    def at(self, flux: Scalar, settings: Settings) -> Complex[Array, " entries"]:
        """The values of the entries at a point."""
        # `eqx.tree_at` may have put one number in the place of the vector.
        strength = jnp.atleast_1d(self.strength)
        factor = strength if self.setting is None else strength * settings[self.setting]
        return factor[self.unknown] * self.entries.at(flux)

    def known_at(
        self, flux: Float[np.ndarray, "*points"] | float, settings: dict[str, Any]
    ) -> Complex[np.ndarray, "*points entries"]:
        """The same as numbers of NumPy, for checks: nothing is compiled."""
        strength = np.atleast_1d(self.strength)[np.asarray(self.unknown)]
        setting = 1.0 if self.setting is None else np.asarray(settings[self.setting])[..., None]
        return strength * setting * self.entries.known_at(flux)
