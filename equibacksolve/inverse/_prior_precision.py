"""The precision of a smoothness prior: diagonal in the cosine basis, hence cheap to invert."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from equibacksolve.inverse._cosines import cosine_basis, stiffness
from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem
from equibacksolve.inverse._residual_transforms import AbstractResidualTransform, Composed, Smoothing, Weighted

Vectors = Float[Array, "*vectors unknowns"]


class PriorPrecision(eqx.Module):
    """A = H^T H / count + D, with H the derivative of the smoothness priors and D constant on each map.

    **Fields**

    - `weights`: the eigenvalues of A, one array a leaf: in the order of its cosines, or of its entries where the leaf
      is no map.
    - `in_cosines`: which of the two.
    """

    weights: tuple[Float[Array, "..."], ...]
    in_cosines: tuple[bool, ...] = eqx.field(static=True)

    def solve(self, vectors: Vectors) -> Vectors:
        """A^-1 times each vector of unknowns."""
        pieces, start = [], 0
        for weight, in_cosines in zip(self.weights, self.in_cosines):
            leaf = vectors[..., start : start + weight.size].reshape(*vectors.shape[:-1], *weight.shape)
            axes = weight.ndim if in_cosines else 0
            leaf = _cosines(_cosines(leaf, axes, 0) / weight, axes, 1)
            pieces.append(leaf.reshape(*vectors.shape[:-1], weight.size))
            start += weight.size
        return jnp.concatenate(pieces, axis=-1)


def prior_precision(problem: Problem, hidden: Hidden, diagonal: Float[Array, " unknowns"]) -> PriorPrecision:
    """The precision of the prior of this stage, with `diagonal` added: its mean over each map.

    For leaves with a period it is that of a landscape that is nearly constant: no more than a preconditioner.
    """
    prior = problem.stage_prior
    leaves = jax.tree.leaves(hidden)
    added = jax.tree.leaves(ravel_pytree(hidden)[1](diagonal))
    weights, in_cosines = [], []
    for number, (leaf, kind, of_leaf) in enumerate(zip(leaves, problem.kinds, added)):
        holds = prior if problem.maps[number].smooth else None
        in_cosines.append(kind.is_map or holds is not None)
        weight = jnp.full(leaf.shape, jnp.mean(of_leaf), leaf.dtype) if in_cosines[-1] else of_leaf
        if holds is not None:
            turn = 1.0 if kind.period is None else 2 * jnp.pi / kind.period
            height = jnp.broadcast_to(holds.height, (len(leaves),))[number]
            unit = height.astype(leaf.dtype) * jnp.sqrt(problem.observed.count).astype(leaf.dtype)
            length = holds.length.astype(leaf.dtype)
            weight = weight + (turn * stiffness(leaf.shape, length, leaf.dtype) / unit) ** 2
        weights.append(weight)
    return PriorPrecision(tuple(weights), tuple(in_cosines))


def is_exact(problem: Problem) -> bool:
    """Whether `prior_precision` is all that this stage adds to the data, and not an approximation."""
    periodic = any(kind.is_map and kind.period is not None for kind in problem.kinds)
    return _keeps_data(problem.transform) and not problem.priors and (problem.stage_prior is None or not periodic)


def _keeps_data(transform: AbstractResidualTransform | None) -> bool:
    """Whether a transform is known to be linear in the residuals, and to add none."""
    if isinstance(transform, Composed):
        return all(map(_keeps_data, transform.transforms))
    return transform is None or isinstance(transform, (Smoothing, Weighted))


def _cosines(leaf, axes, contracted):
    """The orthonormal cosine transform along the last `axes` axes (contracted 0), or its inverse (1)."""
    for axis in range(leaf.ndim - axes, leaf.ndim):
        basis = cosine_basis(leaf.shape[axis], leaf.dtype)
        leaf = jnp.moveaxis(jnp.tensordot(leaf, basis, axes=(axis, 1 - contracted)), -1, axis)
    return leaf
