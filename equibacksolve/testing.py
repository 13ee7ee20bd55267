"""The laws that a user's own simulator must keep, as one call for their test suite.

from equibacksolve.testing import check_simulator

def test_my_simulator():
    check_simulator(simulator, observed, where=lambda s: s.rate)
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from equibacksolve._arrays import random_key
from equibacksolve.inverse import AbstractObservations, hidden_leaves
from equibacksolve.simulators import AbstractSimulator, told_if_untraceable, untraceable

DIRECTIONS = 3
"""Random directions in which derivatives are compared."""


def check_simulator(
    simulator: AbstractSimulator,
    observed: AbstractObservations,
    where: Callable[[Any], PyTree],
    *,
    key: Any = None,
) -> None:
    """Check that a simulator can be solved for its hidden leaves; returns nothing if it can.

    The laws: `predict` takes the variables of the observations and returns finite floats in the shape of the values,
    the same ones each time, without changing the simulator; it works under `jax.jit` and `jax.vmap` with the same
    numbers; it depends on each hidden leaf; its derivative, forward and reverse, is that of finite differences; and
    the reading of an `observe` simulator at one setting does not depend on the other data.

    Checked at the hidden leaves that `simulator` has: pick ones where nothing is special, no minimum or kink.

    **Arguments** as in `backsolve`; `key` draws the directions, the seed 0 if left out.

    **Raises** ValueError for a `where` that selects nothing trainable, and AssertionError, with a sentence that says
    what to mend, for the first law that is broken.
    """
    _require(
        isinstance(simulator, AbstractSimulator),
        f"simulator is {simulator!r}; pass an instance of a subclass of equibacksolve.AbstractSimulator.",
    )
    hidden, known = eqx.partition(simulator, hidden_leaves(simulator, where))
    name = type(simulator).__name__
    flat, unravel = ravel_pytree(hidden)
    # Unknowns are counted from where they are, in units of their own size.
    scale = _sizes(hidden)
    predict = lambda moved: eqx.combine(unravel(flat + scale * moved), known).predict(**observed.variables)
    here = jnp.zeros_like(flat)
    values = _check_prediction(simulator, observed, name)
    pushes = _check_transformations(predict, here, values, name)
    keys = jax.random.split(random_key(key), DIRECTIONS)
    directions = [jax.random.normal(k, flat.shape, flat.dtype) for k in keys]
    _check_vmap(predict, here, directions[0], name)
    predict = jax.jit(predict)
    _check_dependence(predict, pushes, hidden, unravel, keys[0], name)
    for k, direction in zip(keys, directions):
        _check_slope(predict, pushes, here, direction / jnp.linalg.norm(direction), name)
        _check_transpose(pushes, values, direction, k, name)
    if type(simulator).observe is not AbstractSimulator.observe:
        _check_one_datum(simulator, observed, values, hidden, pushes, scale, name)


def _sizes(hidden: PyTree) -> Float[Array, " unknowns"]:
    """Of each entry: its absolute value, that of the largest of its leaf where it is zero, and 1 if all are."""

    def of_leaf(leaf):
        largest = jnp.max(jnp.abs(leaf))
        return jnp.where(leaf != 0, jnp.abs(leaf), jnp.where(largest > 0, largest, 1.0))

    return ravel_pytree(jax.tree.map(of_leaf, hidden))[0]


def _require(law: Any, sentence: str) -> None:
    if not law:
        raise AssertionError(sentence)


def _check_prediction(simulator, observed, name):
    """Variables, shape, dtype, finite, deterministic, immutable. Returns the values."""
    before = _snapshot(simulator)
    try:
        values = simulator.predict(**observed.variables)
    except TypeError as error:
        raise AssertionError(
            told_if_untraceable(name, error)
            or f"{name} cannot predict from the variables {sorted(observed.variables)}: {error}; name them as the "
            "arguments of predict or observe."
        ) from error
    _require(eqx.is_array(values), f"{name}.predict returns a {type(values).__name__}; return a JAX array.")
    _require(
        jnp.issubdtype(values.dtype, jnp.floating),
        f"{name}.predict returns {values.dtype}; return real floats, e.g. by jnp.abs, .real, or without a cast.",
    )
    _require(
        values.shape == observed.values.shape,
        f"{name}.predict returns data of shape {values.shape}, but the observed values have shape "
        f"{observed.values.shape}; make them agree.",
    )
    _require(np.all(np.isfinite(values)), f"{name}.predict returns NaN or infinity; start inside the model's range.")
    _require(
        np.array_equal(values, simulator.predict(**observed.variables)),
        f"{name}.predict returns other values when called again; draw random numbers from a key that is a field.",
    )
    _require(
        before == _snapshot(simulator),
        f"{name}.predict changes the simulator; compute from the fields and return, and keep nothing.",
    )
    return values


def _snapshot(simulator):
    """All that a simulator holds, also what is not an array, in a form that later changes leave alone."""
    leaves, tree = jax.tree.flatten(simulator)
    plain = lambda leaf: jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    return repr(tree), [np.asarray(plain(v)).tobytes() if hasattr(v, "dtype") else repr(v) for v in leaves]


def _check_transformations(predict, flat, values, name):
    """`jax.jit`, forward and reverse mode. Returns compiled products with the Jacobian and with its transpose."""
    push = jax.jit(lambda unknowns, direction: jax.jvp(predict, (unknowns,), (direction,)))
    pull = jax.jit(lambda unknowns, weights: jax.vjp(predict, unknowns)[1](weights)[0])
    try:
        compiled, _ = push(flat, jnp.ones_like(flat))
        pull(flat, jnp.ones_like(values))
    except ValueError as error:
        raise AssertionError(untraceable(name, error)) from error
    except TypeError as error:
        if told := told_if_untraceable(name, error):
            raise AssertionError(told) from error
        _require("custom_vjp" not in str(error), f"{name} has a custom_vjp, which has no forward mode; use custom_jvp.")
        raise
    _require(
        _close(compiled, values, values),
        f"{name}.predict returns other values inside jax.jit; do not branch on whether arrays are concrete.",
    )
    return lambda direction: push(flat, direction)[1], lambda weights: pull(flat, weights)


def _check_vmap(predict, flat, direction, name):
    two = jnp.stack([flat, flat + _small(flat.dtype) * direction])
    one_by_one = jax.lax.map(predict, two)
    _require(
        _close(jax.jit(jax.vmap(predict))(two), one_by_one, one_by_one),
        f"{name}.predict returns other values inside jax.vmap; compute each simulator as if it were the only one, and "
        "mend a custom batching rule if there is one.",
    )


def _check_dependence(predict, pushes, hidden, unravel, key, name):
    """Each hidden leaf moves the data, and its derivative says so."""
    flat = jnp.zeros_like(ravel_pytree(hidden)[0])
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(hidden)[0]]
    pull = pushes[1]
    weights = jax.random.normal(key, predict(flat).shape, flat.dtype)
    for index, (path, gradient) in enumerate(zip(paths, jax.tree.leaves(unravel(pull(weights))))):
        _require(
            np.all(np.isfinite(gradient)), f"the gradient of {name} in {path} is not finite; mend it by jnp.where."
        )
        if jnp.any(gradient != 0):
            continue
        leaves, tree = jax.tree.flatten(jax.tree.map(jnp.zeros_like, hidden))
        leaves[index] = jax.random.normal(key, leaves[index].shape, leaves[index].dtype)
        # Far enough for a cast to integers to show a step.
        moved = predict(flat + 2 * ravel_pytree(jax.tree.unflatten(tree, leaves))[0])
        _require(
            np.array_equal(moved, predict(flat)),
            f"the data of {name} depend on {path}, but their gradient there is zero; look for a cast to integers, "
            "rounding, a comparison or stop_gradient, or start where the gradient does not vanish.",
        )
        raise AssertionError(f"the data of {name} do not depend on {path}; use the field, or leave it out of where.")


def _check_slope(predict, pushes, flat, direction, name):
    """J u against central differences, in one direction u."""
    step = _small(flat.dtype)
    ahead, behind = predict(flat + step * direction), predict(flat - step * direction)
    differences = np.asarray((ahead - behind) / (2 * step))
    slope = np.asarray(pushes[0](direction))
    # Truncation is eps^(2/3) times a third derivative, to which this leaves five decades (two in float32); rounding of
    # a value enters divided by the step.
    double = flat.dtype == jnp.float64
    rounding = 100 * jnp.finfo(flat.dtype).eps * float(jnp.max(jnp.abs(ahead))) / float(step)
    allowed = (1e-5 if double else 1e-2) * max(np.abs(differences).max(), np.abs(slope).max()) + rounding
    _require(
        np.abs(slope - differences).max() <= allowed,
        f"the derivative of {name} is off from finite differences by {np.abs(slope - differences).max():.1e} of "
        f"{np.abs(differences).max():.1e}; look for stop_gradient, rounding, a kink at the start, or a wrong own rule.",
    )


def _check_transpose(pushes, values, direction, key, name):
    """w . (J u) = (J^T w) . u, both ways to compute it."""
    push, pull = pushes
    weights = jax.random.normal(key, values.shape, values.dtype)
    pushed = push(direction)
    forward, reverse = float(jnp.vdot(weights, pushed)), float(jnp.vdot(pull(weights), direction))
    # Cancellation in sums of many terms costs less than three decades.
    allowed = 1e3 * jnp.finfo(values.dtype).eps * float(jnp.linalg.norm(weights) * jnp.linalg.norm(pushed))
    _require(
        abs(forward - reverse) <= allowed,
        f"forward and reverse mode of {name} disagree, {forward:.6e} and {reverse:.6e}; mend its own derivative rule.",
    )


def _check_one_datum(simulator, observed, values, hidden, pushes, scale, name):
    """One datum alone gives the value, and the row of the Jacobian, that it gives among the others."""
    count = observed.values.size
    alone = eqx.filter_jit(
        eqx.filter_value_and_grad(lambda leaves, known, datum: eqx.combine(leaves, known).observe(**datum))
    )
    known = eqx.filter(simulator, jax.tree.map(lambda leaf: leaf is None, hidden, is_leaf=lambda leaf: leaf is None))
    for i in sorted({0, count // 2, count - 1}):
        datum = {key: setting[i] for key, setting in observed.variables.items()}
        value, row = alone(hidden, known, datum)
        among = pushes[1](jnp.zeros_like(values).at[i].set(1.0))
        _require(
            _close(value, values[i], values) and _close(scale * ravel_pytree(row)[0], among, among),
            f"datum {i} of {name} reads otherwise alone than among the others; let observe depend on its arguments and "
            "the fields only.",
        )


def _close(found, expected, scale) -> bool:
    """Equal up to the rounding of another order of operations: half the digits."""
    error = np.max(np.abs(np.asarray(found) - np.asarray(expected)), initial=0.0)
    return bool(error <= float(jnp.finfo(jnp.asarray(scale).dtype).eps) ** 0.5 * max(np.max(np.abs(scale)), 1e-300))


def _small(dtype) -> float:
    """The step of a central difference that balances truncation and rounding."""
    return float(jnp.finfo(dtype).eps) ** (1 / 3)
