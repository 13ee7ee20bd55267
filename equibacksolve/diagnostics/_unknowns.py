"""The hidden leaves as one vector of unknowns, in the order of the simulator's fields."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from equibacksolve.inverse import Hidden, Selector, hidden_leaves
from equibacksolve.simulators import AbstractSimulator

Entry = tuple[int, ...]
"""The index of one entry of the hidden leaf; where several leaves are hidden, the number of the leaf goes before it."""


def hidden_and_known(simulator: AbstractSimulator, where: Selector) -> tuple[Hidden, PyTree]:
    """The simulator with nothing but its hidden leaves, and with all but these.

    Raises ValueError if `where` selects nothing that can be trained.
    """
    hidden, known = eqx.partition(simulator, hidden_leaves(simulator, where))
    if not jax.tree.leaves(hidden):
        raise ValueError("where selects no array of floats; return the array leaves of the simulator that are hidden.")
    return hidden, known


def entry_number(simulator: AbstractSimulator, where: Selector, entry: Entry) -> int:
    """The place of an entry in the vector of unknowns.

    Leaves are counted in the order in which `where` returns them. Raises ValueError if there is no such entry.
    """
    hidden, known = hidden_and_known(simulator, where)
    flat, unravel = ravel_pytree(hidden)
    numbered = eqx.combine(unravel(jnp.arange(flat.size, dtype=flat.dtype)), known)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(where(numbered)) if eqx.is_inexact_array(leaf)]
    leaf, index = (0, entry) if len(leaves) == 1 else (entry[0] if entry else -1, entry[1:])
    if not 0 <= leaf < len(leaves):
        raise ValueError(
            f"entries holds {entry}, but where selects {len(leaves)} leaves; begin with the number of the leaf, "
            f"0 to {len(leaves) - 1}."
        )
    shape = leaves[leaf].shape
    if len(index) != len(shape) or not all(0 <= i < n for i, n in zip(index, shape)):
        raise ValueError(f"entries holds {entry}, which is not an entry of the hidden leaf of shape {shape}; mend it.")
    return int(leaves[leaf][index])
