"""Draws as labelled arrays (needs the extra `data`, i.e. xarray)."""

from typing import Any

import jax
import numpy as np

from equibacksolve.inverse import Hidden, name_of_leaf


def labelled_draws(hidden: Hidden, told: dict[str, Any]) -> Any:
    """The hidden leaves, named by their paths, and what the sampler tells of each draw, as groups of a DataTree."""
    try:
        import xarray
    except ImportError as error:
        raise ImportError('to_xarray needs xarray; run pip install "equibacksolve[data]".') from error
    leaves = {name_of_leaf(path): np.asarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(hidden)}
    axes = lambda name, leaf: ("chain", "draw", *(f"{name}_axis_{number}" for number in range(leaf.ndim - 2)))
    sizes = next(iter(leaves.values())).shape[:2]
    numbered = {name: np.arange(size) for name, size in zip(("chain", "draw"), sizes)}
    groups = {
        "posterior": {name: (axes(name, leaf), leaf) for name, leaf in leaves.items()},
        "sample_stats": {name: (("chain", "draw"), np.asarray(leaf)) for name, leaf in told.items()},
    }
    made = {name: xarray.Dataset(variables, numbered) for name, variables in groups.items()}
    return xarray.DataTree.from_dict(made)
