"""One datum, one scalar simulation: the full Jacobian for the price of one gradient.

A data set y_i = g(x_i; p) whose data do not share intermediate results has a Jacobian that one reverse sweep delivers
whole. Give every datum a copy of the parameters, p_i, and pull back a one for every datum:

    d/dp_i  sum_j g(x_j; p_j)  =  d g(x_i; p_i) / d p_i  =  row i of the Jacobian.

`per_datum` makes this the derivative rule of the batch, so that forward mode, reverse mode, `jax.jacfwd`, optax and
optimistix all profit without knowing of it. The sweep works on chunks of the data, which bounds its memory, and spreads
them over the devices of a mesh with an axis `points`, see `_devices.py`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.sharding import PartitionSpec
from jaxtyping import Array, Inexact, PyTree

from equibacksolve._devices import POINTS, devices_along

_REGISTER = 8
"""Points that a vector register holds, or two of them."""

BatchFunction = Callable[[Any, Any], Inexact[Array, "*readings points"]]
"""`function(parameters, data)`: one reading a datum or several, which stand in front.

The leaves of `parameters` have a last axis, of size 1 (shared by all data) or `points` (a copy for each datum); the
leaves of `data` have one axis, `points`."""


def per_datum(function: BatchFunction, chunk: int) -> BatchFunction:
    """Give a batch of independent scalar simulations their cheap Jacobian.

    Returns `values(parameters, data) -> (*readings, points)`, where the leaves of `parameters` have no points axis. Its
    derivative is the product with the full Jacobian, found by one reverse sweep over chunks of `chunk` data.
    Derivatives of any order work.
    """

    @jax.custom_jvp
    def values(parameters, data):
        return _spread(lambda p, part: function(_shared(p), part), parameters, data, chunk)

    def rule(primals, tangents):
        flat, tree = jax.tree.flatten(primals)
        # None stands for an argument that is not being differentiated: no work is spent on it.
        directions = [None if _is_zero(t) else t for t in jax.tree.leaves(tangents, is_leaf=_is_zero)]
        y, jacobian = _value_and_jacobian(function, tree, flat, [d is not None for d in directions], chunk)
        of_data = [i >= len(jax.tree.leaves(primals[0])) for i in range(len(flat))]
        wanted = [(d, of_datum) for d, of_datum in zip(directions, of_data) if d is not None]
        moved = [_along(j, d, y, of_datum) for j, (d, of_datum) in zip(jacobian, wanted)]
        return y, sum(moved, start=jnp.zeros_like(y))

    values.defjvp(rule, symbolic_zeros=True)
    # Compiled here, a data set of known size is compiled once, also for those who do not use `jax.jit`.
    return jax.jit(values)


def _value_and_jacobian(function, tree, flat, wanted, chunk):
    """Values (points,) and, for every wanted leaf, its rows with the points axis last."""
    parameters, data = jax.tree.unflatten(tree, flat)
    n_parameters = len(jax.tree.leaves(parameters))

    def one_chunk(parameters, part):
        copies = jax.tree.map(lambda leaf: jnp.repeat(leaf[..., None], _points(part), axis=-1), parameters)
        leaves = jax.tree.leaves((copies, part))

        def of_wanted(chosen):
            chosen = iter(chosen)
            merged = [next(chosen) if want else leaf for want, leaf in zip(wanted, leaves)]
            shared = [
                leaf if want or i >= n_parameters else leaf[..., :1]
                for i, (want, leaf) in enumerate(zip(wanted, merged))
            ]
            return function(*jax.tree.unflatten(tree, shared))

        y, pull_back = jax.vjp(of_wanted, [leaf for want, leaf in zip(wanted, leaves) if want])
        return y, _pulled_back(pull_back, y)

    return _spread(one_chunk, parameters, data, chunk)


def _pulled_back(pull_back, y):
    """The rows of the Jacobian: readings of one datum take turns, and stand in front as they do in y."""
    if y.ndim == 1:
        return pull_back(jnp.ones_like(y))[0]
    size = y.size // y.shape[-1]
    turns = jnp.eye(size, dtype=y.dtype).reshape(size, *y.shape[:-1], 1)
    rows = jax.lax.map(lambda turn: pull_back(jnp.broadcast_to(turn, y.shape))[0], turns)
    return jax.tree.map(lambda row: row.reshape(*y.shape[:-1], *row.shape[1:]), rows)


def _spread(function, parameters, data, chunk):
    """Each device takes its share of the data, in chunks. Results have their points along the last axis."""
    devices = devices_along(POINTS)
    if devices == 1 or _points(data) == 0:
        return in_chunks(lambda part: function(parameters, part), data, chunk)
    points = _points(data)
    shares = jnp.minimum(jnp.arange(-(-points // devices) * devices), points - 1)

    def one_device(parameters, share):
        results = in_chunks(lambda part: function(parameters, part), share, chunk)
        return jax.tree.map(lambda part: jnp.moveaxis(part, -1, 0), results)

    # What a device computes is its own: there is nothing for the types of varying values to check.
    over_devices = jax.shard_map(
        one_device,
        in_specs=(PartitionSpec(), PartitionSpec(POINTS)),
        out_specs=PartitionSpec(POINTS),
        axis_names={POINTS},
        check_vma=False,
    )
    results = over_devices(parameters, jax.tree.map(lambda leaf: leaf[shares], data))
    return jax.tree.map(lambda part: jnp.moveaxis(part[:points], 0, -1), results)


def in_chunks(function, data, chunk):
    """Apply `function` to equal chunks of `data`, of at most `chunk`, and join the results along their last axis."""
    points = _points(data)
    if points == 0:
        return function(data)  # no chunk at all
    n_chunks = -(-points // chunk)
    # Whole vector registers: 93 points in single precision take half as long again as 96.
    chunk = min(chunk, -(-points // (n_chunks * _REGISTER)) * _REGISTER)
    if points <= min(chunk, _REGISTER) or points == chunk:
        return function(data)
    # The last chunk is filled up by repeating the last datum.
    where = jnp.minimum(jnp.arange(n_chunks * chunk), points - 1).reshape(n_chunks, chunk)
    results = jax.lax.map(function, jax.tree.map(lambda leaf: leaf[where], data))
    return jax.tree.map(lambda part: _join(part)[..., :points], results)


def _join(parts: Inexact[Array, "chunks *shape chunk"]) -> Inexact[Array, "*shape points"]:
    moved = jnp.moveaxis(parts, 0, -2)
    return moved.reshape(*moved.shape[:-2], -1)


def _along(jacobian, direction, y, of_data):
    """The product of one leaf's Jacobian with a direction; data leaves have one entry a datum."""
    if of_data:
        return jacobian * direction
    axes = list(range(direction.ndim)), list(range(y.ndim - 1, y.ndim - 1 + direction.ndim))
    moved = jnp.tensordot(direction, jacobian, axes=axes)
    # JAX's cotangent of a complex z is df/dRe z - i df/dIm z.
    return moved.real if jnp.isrealobj(y) else moved


def _points(data: PyTree) -> int:
    return jax.tree.leaves(data)[0].shape[0]


def _shared(parameters: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[..., None], parameters)


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)
