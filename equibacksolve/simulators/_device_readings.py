"""From a device to readings of its scattering matrix or its states, many points at once, with the cheap Jacobian."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from equibacksolve._arrays import is_concrete
from equibacksolve._axes import Scalar
from equibacksolve._per_datum import per_datum
from equibacksolve.scattering import complex_of, incoming_states, scattering_matrix

Reading = Callable[[Any, Complex[Array, "rows columns"], dict[str, Any]], Float[Array, "*readings"]]
"""`reading(simulator, found, datum)`: one number, or an array, from what was found at one point."""


class AbstractGate(eqx.Module):
    """A simulator that adds energies to the sites which depend on the datum."""

    @abstractmethod
    def added_energies(self, datum: dict[str, Scalar]) -> Float[Array, " sites"]:
        """What is added to the energies of the sites at one point."""


def from_scattering(
    simulator: Any, settings: dict[str, Float[Array, " points"]], to: tuple[int, ...], source: tuple[int, ...], reading
) -> Float[Array, "points *readings"]:
    """A reading of S between the channels of some terminals, for every point.

    Raises ValueError where the solver lost digits; inside `jax.jit`, where nothing can be raised, it is NaN there.
    """
    found = _from_scattering(simulator, settings, to, source, reading)
    if is_concrete(found):
        lost = np.flatnonzero(np.isnan(np.asarray(found)).reshape(found.shape[0], -1).any(axis=1))
        if lost.size:
            at = ", ".join(f"{name} {float(value[lost[0]]):.9g}" for name, value in settings.items())
            raise ValueError(
                f"{lost.size} of {found.shape[0]} points lost digits, the first at {at}: a part of the sample has a "
                "state at that energy; pass solver=SparseFactor() to TightBindingDevice, which searches for pivots."
            )
    return found


@eqx.filter_jit
def _from_scattering(simulator, settings, to, source, reading):

    def found(device, matrix, amplitudes):
        lossy = device.sample.lossy
        return scattering_matrix(device.arrangement, matrix, amplitudes, to, source, lossy=lossy)

    return _readings(simulator, settings, found, reading)


@eqx.filter_jit
def from_states(
    simulator: Any, settings: dict[str, Float[Array, " points"]], source: tuple[int, ...], reading
) -> Float[Array, "points *readings"]:
    """A reading of the states that come in from some terminals, (orbitals, channels), for every point."""

    def found(device, matrix, amplitudes):
        states = incoming_states(device.arrangement, matrix, amplitudes, source)
        places = device.arrangement.pattern.diagonal
        whole = [jax.tree.map(lambda part: part[places], one) for one in states]
        return jax.tree.map(lambda *pieces: jnp.concatenate(pieces, axis=1), *whole)

    return _readings(simulator, settings, found, reading)


def _readings(simulator, settings, found, reading):
    arrays, static = eqx.partition(simulator, eqx.is_array)

    def batch(copies, data):
        axes = jax.tree.map(lambda leaf: None if leaf.shape[-1] == 1 else leaf.ndim - 1, copies)
        copies = jax.tree.map(lambda leaf, axis: leaf[..., 0] if axis is None else leaf, copies, axes)

        def numbers(copy, datum):
            whole = eqx.combine(copy, static)
            flux, energy, rest = _split(datum)
            return whole.device.numbers(_added_energies(whole, datum), flux, energy, rest)

        # Without the barrier, XLA would compute them anew wherever they are read.
        matrix, amplitudes = jax.lax.optimization_barrier(
            jax.vmap(numbers, in_axes=(axes, 0), out_axes=-1)(copies, data)
        )
        # Places are integers, which are shared by all points.
        shared = jax.tree.map(lambda leaf, axis: leaf if axis is None else leaf[..., 0], copies, axes)
        device = eqx.combine(shared, static).device
        whole = complex_of(found(device, matrix, amplitudes))
        one = lambda copy, part, datum: reading(eqx.combine(copy, static), part, datum)
        return jax.vmap(one, in_axes=(axes, whole.ndim - 1, 0), out_axes=-1)(copies, whole, data)

    device = simulator.device
    readings = per_datum(batch, chunk=device.arrangement.chunk(sum(device.channels_of_terminals)))(arrays, settings)
    return jnp.moveaxis(readings, -1, 0)


def _added_energies(simulator: Any, datum: dict[str, Any]) -> Any:
    return simulator.added_energies(datum) if isinstance(simulator, AbstractGate) else None


def _split(datum: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    rest = {name: value for name, value in datum.items() if name not in ("flux", "energy")}
    return datum["flux"], datum["energy"], rest
