"""A solution as labelled arrays (needs the extra `data`, i.e. xarray)."""

import dataclasses
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from equibacksolve.inverse import AbstractObservations, Hidden, Observations, name_of_leaf
from equibacksolve.search._history import History
from equibacksolve.simulators import AbstractSimulator


def dataset_of(simulator: AbstractSimulator, hidden: Hidden, history: History, observed: AbstractObservations) -> Any:
    """Data, fit, residual, hidden leaves (named by their paths) and history as an `xarray.Dataset`."""
    try:
        import xarray
    except ImportError as error:
        raise ImportError('to_xarray needs xarray; run pip install "equibacksolve[data]".') from error
    variables, coordinates = {}, {}
    for name, fit in observed.split(simulator.predict(**observed.variables)).items():
        of_set, along = _of_set(f"{name}." if name else "", observed.sets[name], np.asarray(fit))
        variables, coordinates = variables | of_set, coordinates | along
    for path, leaf in jax.tree_util.tree_leaves_with_path(hidden):
        name = name_of_leaf(path)
        variables[name] = (_axes_of_leaf(hidden, path, name, leaf), np.asarray(leaf))
    for name in ("cost", "best", "seconds", "evaluations", "stage", "start"):
        variables[f"history_{name}"] = ("step", getattr(history, name))
    return xarray.Dataset(variables, coordinates)


def _of_set(prefix: str, observed: Observations, fit: Float[np.ndarray, "*data"]) -> tuple[dict, dict]:
    """Variables and coordinates of one data set, whose names begin with `prefix`."""
    axes, along, shape = _axes_of_data(observed)
    values = np.asarray(observed.values)
    values = values if observed.mask is None else np.where(observed.mask, values, np.nan)
    arrays = {"data": values, "fit": fit, "residual": fit - values}
    if observed.sigma is not None:
        arrays["sigma"] = np.asarray(observed.sigma)
    named = tuple(prefix + axis for axis in axes)
    coordinates = {prefix + name: (named, at[1]) if type(at) is tuple else at for name, at in along.items()}
    return {prefix + name: (named, array.reshape(shape)) for name, array in arrays.items()}, coordinates


def _axes_of_data(observed: Observations):
    """Dimensions, coordinates and shape: of the mesh, of a list of points, or of an image."""
    settings = {name: np.asarray(setting) for name, setting in observed.variables.items()}
    if observed.grid is not None and len(observed.grid) == len(settings):
        meshes = {name: setting.reshape(observed.grid) for name, setting in settings.items()}
        along = {
            name: np.moveaxis(mesh, axis, 0)[(slice(None), *[0] * (mesh.ndim - 1))]
            for axis, (name, mesh) in enumerate(meshes.items())
        }
        return tuple(settings), along, observed.grid
    if settings:
        return ("points",), {name: ("points", setting) for name, setting in settings.items()}, observed.values.shape
    return tuple(f"axis_{axis}" for axis in range(observed.values.ndim)), {}, observed.values.shape


def _axes_of_leaf(node: Any, path: tuple, name: str, leaf: Any) -> tuple[str, ...]:
    """The words of the field's jaxtyping shape where there is one for each axis, else numbered."""
    words: list[str] = []
    for key in path:
        if isinstance(key, jax.tree_util.GetAttrKey):
            kinds = (
                {field.name: field.type for field in dataclasses.fields(node)} if dataclasses.is_dataclass(node) else {}
            )
            words = getattr(kinds.get(key.name), "dim_str", "").split()
            node = getattr(node, key.name)
        else:
            node = node[getattr(key, "idx", getattr(key, "key", None))]
    if len(words) == leaf.ndim and all(word.isidentifier() for word in words) and len(set(words)) == len(words):
        return tuple(words)
    return tuple(f"{name}_axis_{axis}" for axis in range(leaf.ndim))
