"""Self-energies of periodic leads inside compiled code: computed on the host, remembered, and with their derivative."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from equibacksolve._axes import Scalar
from equibacksolve._host import on_host, one_thread
from equibacksolve.leads._amplitudes import carried_along
from equibacksolve.leads._lead import SelfEnergy
from equibacksolve.leads._remembered import Memory
from equibacksolve.leads._stein import stein
from equibacksolve.leads._surface import SLOWEST, NoSurface, amplitudes, surface

REMEMBERED = Memory(2**28)
"""A lead is what it is while a search changes the sample: each of its self-energies is computed once."""


class Sizes(NamedTuple):
    """Orbitals of a cell, orbitals that it touches, and the most channels that can be open."""

    cell: int
    interface: int
    channels: int


class Values(NamedTuple):
    """Entries of H0, V and C at one point."""

    cell: Complex[Array, " of_cell"]
    hopping: Complex[Array, " of_hopping"]
    coupling: Complex[Array, " of_coupling"]


class Places(NamedTuple):
    """Rows and columns of these entries, of shape (2, entries)."""

    cell: Int[Array, "2 of_cell"]
    hopping: Int[Array, "2 of_hopping"]
    coupling: Int[Array, "2 of_coupling"]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def self_energy(sizes: Sizes, places: Places, values: Values, energy: Scalar) -> SelfEnergy:
    """Sigma = C† g C and its channels; NaN at a band edge. Of any order of derivative."""
    return SelfEnergy(*_from_host(sizes, places, values, energy, with_green=False))


@self_energy.defjvp
def _derivative(sizes, primals, tangents):
    places, point = primals[0], primals[1:]
    found = self_energy(sizes, *primals)
    green, of_green = jax.jvp(lambda *p: _green(sizes, places, *p), point, tangents[1:])
    coupling, of_coupling = (_matrices(sizes, places, values)[2] for values in (point[0], tangents[1]))
    back, of_back = coupling.conj().T, of_coupling.conj().T
    of_matrix = of_back @ green @ coupling + back @ of_green @ coupling + back @ green @ of_coupling
    of_amplitudes = carried_along(found.amplitudes, 1j * (of_matrix - of_matrix.conj().T))
    return found, SelfEnergy(of_matrix, of_amplitudes)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _green(sizes, places, values, energy):
    return _from_host(sizes, places, values, energy, with_green=True)[2]


@_green.defjvp
def _derivative_of_green(sizes, primals, tangents):
    """From g^-1 = E - H0 - V† g V: dg - (g V†) dg (V g) = g (dH0 - dE + dV† g V + V† g dV) g."""
    (places, values, _), (_, moved, of_energy) = primals, tangents
    _, hopping, _ = _matrices(sizes, places, values)
    of_cell, of_hopping, _ = _matrices(sizes, places, moved)
    green = _green(sizes, *primals)
    inner = of_hopping.conj().T @ green @ hopping + hopping.conj().T @ green @ of_hopping
    inner = inner + of_cell - of_energy * jnp.eye(sizes.cell)
    return green, stein(green @ hopping.conj().T, hopping @ green, green @ inner @ green)


def _matrices(sizes: Sizes, places: Places, values: Values):
    """H0, V and C as dense matrices."""
    shapes = ((sizes.cell, sizes.cell), (sizes.cell, sizes.cell), (sizes.cell, sizes.interface))
    dense = lambda place, value, shape: jnp.zeros(shape, value.dtype).at[place[0], place[1]].add(value)
    return [dense(*part) for part in zip(places, values, shapes)]


def _from_host(sizes, places, values, energy, *, with_green):
    """What `_at_point` has, within compiled code."""
    kind = values.cell.dtype
    interface, cell = sizes.interface, sizes.cell
    shapes = [(interface, interface), (interface, sizes.channels), (cell, cell)][: 3 if with_green else 2]
    lengths = tuple(value.shape[0] for value in values)
    whole = jnp.concatenate(values)
    numbers = jnp.concatenate([whole.real, whole.imag, energy[None]])

    def found(places, numbers):
        return _on_host(sizes, lengths, places, numbers)[: len(shapes)]

    results = [jax.ShapeDtypeStruct(shape, kind) for shape in shapes]
    return on_host(found, results, jnp.concatenate(places, 1), numbers)


def _on_host(sizes, lengths, places, numbers):
    """Places (..., 2, entries) and numbers (..., 2 entries + 1), with the leading axes of the batch or with ones."""
    batch = numbers.shape[:-1]
    key = b"".join([repr((sizes, lengths, batch)).encode(), places.tobytes(), numbers.tobytes()])
    found = REMEMBERED.get(key)
    if found is None:
        # Places are the same for the whole batch.
        where = places.reshape(-1, *places.shape[-2:])[0]
        with one_thread():
            points = [_at_point(sizes, lengths, where, one) for one in numbers.reshape(-1, numbers.shape[-1])]
        found = tuple(np.stack(column).reshape(batch + column[0].shape) for column in zip(*points))
        REMEMBERED.put(key, found)
    return found


def _at_point(sizes, lengths, places, numbers):
    """Sigma, W, g, and the velocity of the slowest wave."""
    key = b"".join([repr((sizes, lengths)).encode(), places.tobytes(), numbers.tobytes()])
    found = REMEMBERED.get(key)
    if found is None:
        whole = numbers[: len(numbers) // 2] + 1j * numbers[len(numbers) // 2 : -1]
        ends = np.cumsum(lengths)[:-1]
        values, parts = Values._make(np.split(whole, ends)), Places._make(np.split(places, ends, axis=1))
        found = _computed(sizes, parts, values, float(numbers[-1]))
        REMEMBERED.put(key, found)
    return found


def _computed(sizes, places, values, energy):
    cell, hopping, coupling = _dense_on_host(sizes, places, values)
    try:
        end = surface(cell, hopping, energy)
        slowest = end.slowest if end.open_modes <= sizes.channels else 0.0
    except (NoSurface, np.linalg.LinAlgError, ValueError):
        slowest = 0.0
    if not slowest >= SLOWEST:
        shapes = ((sizes.interface, sizes.interface), (sizes.interface, sizes.channels), (sizes.cell, sizes.cell))
        return *(np.full(shape, np.nan, complex) for shape in shapes), np.asarray(slowest)
    matrix = coupling.conj().T @ end.green @ coupling
    return matrix, amplitudes(matrix, end.open_modes, sizes.channels), end.green, np.asarray(slowest)


def slowest_waves(
    sizes: Sizes,
    places: tuple[Int[np.ndarray, "2 _"], ...],
    values: tuple[Complex[np.ndarray, "points _"], ...],
    energy: Float[np.ndarray, " points"],
) -> Float[np.ndarray, " points"]:
    """The smallest velocity of a wave at each point, in hoppings: 0 where there is none to be trusted.

    `places` and `values` as in `Places` and `Values`, as numbers of NumPy; self-energies are remembered on the way.
    """
    whole = np.concatenate(values, axis=1)
    numbers = np.concatenate([np.real(whole), np.imag(whole), energy[:, None]], axis=1)
    lengths = tuple(value.shape[1] for value in values)
    return _on_host(sizes, lengths, np.concatenate(places, axis=1).astype(np.int32), numbers)[3]


def _dense_on_host(sizes: Sizes, places: Places, values: Values) -> list[Complex[np.ndarray, "rows columns"]]:
    """H0, V and C of one point as matrices of NumPy."""
    shapes = ((sizes.cell, sizes.cell), (sizes.cell, sizes.cell), (sizes.cell, sizes.interface))
    found = []
    for place, value, shape in zip(places, values, shapes):
        matrix = np.zeros(shape, complex)
        np.add.at(matrix, (np.asarray(place[0]), np.asarray(place[1])), np.asarray(value))
        found.append(matrix)
    return found
