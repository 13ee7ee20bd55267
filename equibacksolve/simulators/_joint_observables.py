"""Several observables of one structure in one cost."""

import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve.simulators._simulator import AbstractSimulator

Weights = Float[ArrayLike, " parts"] | Sequence[float | int]


class JointObservables(AbstractSimulator):
    """Several simulators that look at the same atoms, their data flattened and joined to one vector, shape (data,).

        both = JointObservables(MomentumImage(x, 0.3, 40.0), ExcludedRadius(x, 1.2, 40.0), weights=[1.0, 10.0])
        observed = both.join(image, jnp.zeros(460))

    The entries of part p are multiplied by sqrt(weight_p * data / data_p), where `data_p` of all `data` belong to it,
    so that the mean squared error of the joined data is the sum of weight_p times the mean squared error of part p.

    **Arguments**

    - `parts`: simulators with a field `positions`, all the same. The joint simulator holds the positions, once; the
      parts keep the rest, so that the selector of a width is `lambda s: s.parts[0].width`.
    - `weights`: a positive number for each part, all 1 if left out; 1 / variance makes the cost a chi squared.

    Raises `ValueError` if there are no parts, if their positions differ, or if the weights are not as said.
    """

    positions: Float[Array, "atoms 2"] = eqx.field(metadata={"smooth": False, "unit": "length", "picture": "atoms"})
    parts: tuple[AbstractSimulator, ...]
    weights: Float[Array, " parts"]

    def __init__(self, *parts: AbstractSimulator, weights: Weights | None = None):
        if not parts:
            raise ValueError("parts is empty; give one simulator with positions or more.")
        self.positions = parts[0].positions
        _check_same_atoms(parts)
        self.parts = tuple(eqx.tree_at(lambda part: part.positions, part, None) for part in parts)
        self.weights = float_array([1.0] * len(parts) if weights is None else weights)
        _check_weights(self.weights, len(parts))

    def predict(self) -> Float[Array, " data"]:
        """The data of all parts, scaled and joined as `join` does it."""
        return self._joined([part.predict() for part in self._whole_parts()])

    def check_settings(self) -> None:
        """Raise ValueError where a part cannot be trusted as it is."""
        for part in self._whole_parts():
            part.check_settings()

    def join(self, *observed: Float[Array, "..."]) -> Float[Array, " data"]:
        """Join the observed data, one array for each part, as `predict` joins the predicted ones.

        Raises `ValueError` if there is not one array for each part, of the shape that the part predicts.
        """
        shapes = self._shapes()
        if len(observed) != len(shapes):
            raise ValueError(f"observed has {len(observed)} arrays for {len(shapes)} parts; give one for each.")
        for index, (data, shape) in enumerate(zip(observed, shapes)):
            if data.shape != shape:
                name = type(self.parts[index]).__name__
                raise ValueError(f"observed has shape {data.shape} for part {index}, but {name} predicts {shape}.")
        return self._joined(observed)

    def split(self, joined: Float[Array, " data"]) -> tuple[Float[Array, "..."], ...]:
        """The inverse of `join`: one array for each part, in its own shape and scale."""
        shapes = self._shapes()
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        pieces = jnp.split(joined, ends[:-1])
        return tuple((piece / scale).reshape(shape) for piece, scale, shape in zip(pieces, self._scales(), shapes))

    def _whole_parts(self):
        none = lambda field: field is None
        return [eqx.tree_at(lambda part: part.positions, part, self.positions, is_leaf=none) for part in self.parts]

    def _shapes(self):
        return [eqx.filter_eval_shape(type(part).predict, part).shape for part in self._whole_parts()]

    def _scales(self):
        sizes = np.array([math.prod(shape) for shape in self._shapes()])
        return jnp.sqrt(self.weights * jnp.asarray(sizes.sum() / sizes, self.weights.dtype))

    def _joined(self, arrays):
        return jnp.concatenate([scale * array.ravel() for scale, array in zip(self._scales(), arrays)])


def _check_same_atoms(parts):
    first = parts[0].positions
    for index, part in enumerate(parts[1:], start=1):
        same = part.positions.shape == first.shape and (
            not is_concrete(part.positions, first) or bool(jnp.all(part.positions == first))
        )
        if not same:
            raise ValueError(f"parts must share their positions, but part {index} has others than part 0.")


def _check_weights(weights, parts):
    if weights.shape != (parts,):
        raise ValueError(f"weights has shape {weights.shape} for {parts} parts; give one number for each part.")
    if is_concrete(weights) and not bool(jnp.all(jnp.isfinite(weights) & (weights > 0))):
        raise ValueError(f"weights is {np.asarray(weights)}, but each must be a positive number.")
